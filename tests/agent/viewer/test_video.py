"""Videos play back what was put in and are closed whatever happens; sheets show every picture."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pygame
import pytest

from mindloop.agent.viewer.frame import Image
from mindloop.agent.viewer.video import Video, contact_sheet


def flat(level: int, height: int = 61, width: int = 90) -> Image:
    """Makes a picture of one grey; its sides are odd and even."""
    return np.full((height, width, 3), level, np.uint8)


def played(path: Path) -> list[Image]:
    """Reads the pictures of a 90 x 60 video back."""
    raw = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", str(path),
                          "-f", "rawvideo", "-pix_fmt", "rgb24", "-"], check=True,
                         capture_output=True).stdout
    return list(np.frombuffer(raw, np.uint8).reshape(-1, 60, 90, 3))


@pytest.mark.slow
def test_a_video_plays_back(tmp_path: Path) -> None:
    with Video(tmp_path / "new" / "a.mp4", rate=5) as video:
        for level in (20, 120, 220):
            video.add(flat(level))
    pictures = played(tmp_path / "new" / "a.mp4")
    assert [round(float(p.mean()) / 20) for p in pictures] == [1, 6, 11]


@pytest.mark.slow
def test_an_error_leaves_a_video_that_plays(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="as large as the first"), \
            Video(tmp_path / "a.mp4", rate=5) as video:
        video.add(flat(100))
        video.add(flat(100, height=30))
    assert len(played(tmp_path / "a.mp4")) == 1
    video.close()


@pytest.mark.slow
def test_a_file_that_can_not_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(RuntimeError, match=r"a\.mp4 can't be written: .*directory"), \
            Video(tmp_path / "a.mp4", rate=5) as video:
        for _ in range(300):  # until the pipe is full
            video.add(flat(100, 200, 300))


def test_mistakes_are_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"must end in \.mp4; got"):
        Video(tmp_path / "a.avi", rate=5)
    with pytest.raises(ValueError, match="`rate` must be above 0; got 0"):
        Video(tmp_path / "a.mp4", rate=0)
    with pytest.raises(ValueError, match="got 0 pictures and 0 captions"):
        contact_sheet([], [], tmp_path / "s.png")


def test_a_sheet_shows_every_picture_with_its_caption(tmp_path: Path) -> None:
    levels = (40, 90, 140, 190, 240)
    contact_sheet([flat(level) for level in levels], [f"picture {k}" for k in range(5)],
                  tmp_path / "new" / "s.png", columns=3, width=120)
    sheet = pygame.image.load(str(tmp_path / "new" / "s.png"))
    assert sheet.get_width() == 8 + 3 * (120 + 8)
    pixels = np.frombuffer(pygame.image.tobytes(sheet, "RGB"), np.uint8).reshape(-1, 3)
    counts = {level: int((pixels == level).all(-1).sum()) for level in levels}
    assert all(count >= 120 * 81 for count in counts.values()), counts
