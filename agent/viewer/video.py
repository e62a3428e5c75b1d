"""Writes videos (mp4) and contact sheets (png) of pictures; no display is needed."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import imageio_ffmpeg
import numpy as np
import pygame
from pygame import Rect

from . import theme
from .frame import Image
from .pictures import as_rgb, surface_of
from .theme import Canvas

QUALITY = 7  # imageio's scale from 0 to 10


class Video:
    """An mp4 that grows picture by picture and is closed properly, also after an error.

    Args:
      path: the file; its folder is made.
      rate: pictures a second.
    Raises:
      ValueError: the path doesn't end in .mp4, or the rate isn't positive.
    """

    def __init__(self, path: Path | str, rate: float) -> None:
        self.path = Path(path)
        if self.path.suffix.lower() != ".mp4":
            raise ValueError(f"`path` must end in .mp4; got {str(path)!r}.")
        if not rate > 0:
            raise ValueError(f"`rate` must be above 0; got {rate}.")
        self.rate, self.pictures = rate, 0
        self._size: tuple[int, int] = (0, 0)
        self._writer: Generator[None, Any, None] | None = None

    def __enter__(self) -> Video:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def add(self, picture: Image) -> None:
        """Appends a picture uint8 [H, W, 3]; all have the size of the first.

        Raises:
          ValueError: another size than the first.
        """
        rgb = as_rgb(picture)
        # H.264 wants even sides; an odd last row or column is left out.
        rgb = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        size = (rgb.shape[1], rgb.shape[0])
        if self._writer is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._size = size
            self._writer = imageio_ffmpeg.write_frames(
                str(self.path), size, fps=self.rate, quality=QUALITY, macro_block_size=2,
                ffmpeg_log_level="error", output_params=["-movflags", "+faststart"])
            self._writer.send(None)  # starts ffmpeg
        if size != self._size:
            raise ValueError(f"`picture` must be as large as the first, {self._size}; got {size}.")
        self._writer.send(rgb)
        self.pictures += 1

    def close(self) -> None:
        """Finishes the file; twice is once."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def contact_sheet(pictures: Sequence[Image], captions: Sequence[str], path: Path | str,
                  columns: int = 4, width: int = 320) -> None:
    """Writes a png with pictures in a grid, each above its caption.

    Args:
      pictures: uint8 [H, W, 3] each, of one shape.
      captions: one line each.
      columns: pictures side by side.
      width: of one picture [px]; small ones are enlarged with sharp pixels.
    Raises:
      ValueError: no pictures, or another number of captions.
    """
    if not len(pictures) or len(pictures) != len(captions):
        raise ValueError(f"`captions` must have one line for each picture, at least one; got "
                         f"{len(pictures)} pictures and {len(captions)} captions.")
    columns = min(columns, len(pictures))
    first = as_rgb(pictures[0])
    height = round(width * first.shape[0] / first.shape[1])
    gap, caption = 8, round(1.6 * theme.line_height(13))
    rows = -(-len(pictures) // columns)
    sheet = pygame.Surface((gap + columns * (width + gap), gap + rows * (height + caption + gap)),
                           depth=24)
    sheet.fill(theme.BACK)
    canvas = Canvas(sheet)
    for k, (picture, words) in enumerate(zip(pictures, captions, strict=True)):
        place = Rect(gap + k % columns * (width + gap),
                     gap + k // columns * (height + caption + gap), width, height)
        is_enlarged = picture.shape[1] < width
        change = pygame.transform.scale if is_enlarged else pygame.transform.smoothscale
        sheet.blit(change(surface_of(picture), place.size), place)
        canvas.text(words, Rect(place.left, place.bottom, width, caption), 13, theme.DIM)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    pygame.image.save(sheet, str(path))
