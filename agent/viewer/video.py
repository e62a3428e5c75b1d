"""Writes videos (mp4) and contact sheets (png) of pictures; no display is needed."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import imageio_ffmpeg
import numpy as np
import pygame
from pygame import Rect

from . import theme
from .frame import Image
from .pictures import as_rgb, surface_of
from .theme import Canvas

QUALITY = 20  # x264's constant rate factor: 0 is lossless, 51 is worst
PATIENCE = 60.0  # [s] that ffmpeg may take to finish a file


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
        self._ffmpeg: subprocess.Popen[bytes] | None = None
        self.complaint = ""
        """What ffmpeg said when it ended; empty when all went well."""

    def __enter__(self) -> Video:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def add(self, picture: Image) -> None:
        """Appends a picture uint8 [H, W, 3]; all have the size of the first.

        Raises:
          ValueError: another size than the first.
          RuntimeError: ffmpeg can't write the file.
        """
        rgb = as_rgb(picture)
        # H.264 wants even sides; an odd last row or column is left out.
        rgb = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
        size = (rgb.shape[1], rgb.shape[0])
        if self._ffmpeg is None:
            self._size, self._ffmpeg = size, self._start(size)
        if size != self._size:
            raise ValueError(f"`picture` must be as large as the first, {self._size}; got {size}.")
        assert self._ffmpeg.stdin is not None
        try:
            self._ffmpeg.stdin.write(rgb.data)
        except OSError:
            self.close()
            raise RuntimeError(f"{self.path} can't be written: "
                               f"{self.complaint or 'ffmpeg ended early'}.") from None
        self.pictures += 1

    def _start(self, size: tuple[int, int]) -> subprocess.Popen[bytes]:
        # imageio_ffmpeg brings the program; its own writer leaves pipes open.
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._complaints = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        return subprocess.Popen(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-f", "rawvideo",
             "-pix_fmt", "rgb24", "-s", f"{size[0]}x{size[1]}", "-r", f"{self.rate}", "-i", "-",
             "-an", "-c:v", "libx264", "-crf", f"{QUALITY}", "-pix_fmt", "yuv420p",
             "-movflags", "+faststart", str(self.path)],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=self._complaints)

    def close(self) -> None:
        """Finishes the file; twice is once."""
        ffmpeg, self._ffmpeg = self._ffmpeg, None
        if ffmpeg is None:
            return
        assert ffmpeg.stdin is not None
        with contextlib.suppress(OSError):  # ffmpeg may be gone already
            ffmpeg.stdin.close()
        try:
            ffmpeg.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            ffmpeg.kill()
            ffmpeg.wait()
        self._complaints.seek(0)
        self.complaint = self._complaints.read().decode(errors="replace").strip()
        self._complaints.close()


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
