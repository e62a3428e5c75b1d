"""A folder of images, one sub-folder for each class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pygame
from numpy.typing import NDArray

from .samples import Samples, resized

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp")


def read_folder(folder: Path, size: int = 0) -> tuple[Samples, list[str]]:
    """Returns the images below `folder`, and the names of those that can't be read.

    Args:
      folder: each of its sub-folders is a class; hidden ones are not.
      size: images are made so high and wide [px]; 0 leaves them.
    Raises:
      ValueError: there is no sub-folder, or no image in any.
      OSError: a folder can't be listed.
    """
    homes = sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))
    if not homes:
        raise ValueError(
            f"`{folder}` must have one sub-folder of images for each class; it has no sub-folder. "
            "Sort the images into some."
        )
    images: list[NDArray[np.uint8]] = []
    labels, names, unreadable = [], [], []
    for label, home in enumerate(homes):
        for path in sorted(p for p in home.rglob("*") if p.suffix.lower() in ENDINGS):
            name = path.relative_to(folder).as_posix()
            try:
                image = read_image(path)
            except ValueError:
                unreadable.append(name)
                continue
            images.append(resized(image, size, size) if size else image)
            labels.append(label)
            names.append(name)
    if not images and not unreadable:
        raise ValueError(
            f"`{folder}` must hold images ({', '.join(ENDINGS)}) in its sub-folders; there is "
            "none. Name the folder above the classes' folders."
        )
    classes = tuple(home.name for home in homes)
    labelled = np.array(labels, np.int64)
    return Samples(images, labelled, classes, tuple(names), tuple(names)), unreadable


def read_image(path: Path) -> NDArray[np.uint8]:
    """Returns uint8 [H, W, 3].

    Raises:
      ValueError: it is no image, or damaged.
    """
    try:
        surface = pygame.image.load(path)
    except (pygame.error, OSError) as problem:
        raise ValueError(
            f"`{path}` must be a whole image; got: {problem}. Save it again."
        ) from problem
    width, height = surface.get_size()
    pixels = np.frombuffer(pygame.image.tobytes(surface, "RGB"), np.uint8)
    return pixels.reshape(height, width, 3)
