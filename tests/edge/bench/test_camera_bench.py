"""The benchmark of the camera's loop, on a drawn video."""

import re
import subprocess
import sys

import cv2
import numpy as np
import pytest

from tests.support.light_box import FILM, SIZE, box
from tests.support.program import ROOT


def bench(*words) -> subprocess.CompletedProcess:
    """Run the benchmark in its own process, which it pins to one core."""
    line = [sys.executable, "-m", "edge_app.bench.camera", *map(str, words)]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)


@pytest.fixture
def video(tmp_path):
    """Return a function that writes a video with these frames."""

    def write(*frames: np.ndarray):
        path = tmp_path / "films.avi"
        writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 10, SIZE)
        for frame in frames:
            writer.write(frame[..., ::-1])
        writer.release()
        return path

    return write


def test_a_short_video_is_played_again_until_enough_frames_were_looked_at(video):
    done = bench(video(box(FILM), box(None)), "--frames", 5)
    assert (done.returncode, done.stderr) == (0, "")
    whole, seen, blank, idle, memory = done.stdout.splitlines()
    assert re.fullmatch(r"5 frames on one core: \d+\.\d a second", whole)
    assert re.fullmatch(r"  with a film: \d+\.\d ms, 95 % within \d+\.\d ms", seen)
    assert re.fullmatch(r"  without one: \d+\.\d ms, 95 % within \d+\.\d ms", blank)
    assert re.fullmatch(r"nothing in view, nothing moves: \d+\.\d\d % of one core", idle)
    first, last = re.fullmatch(r"memory: (\d+) MB after a tenth of them, (\d+) MB at the end", memory).groups()
    assert 10 < int(first) < 2000 and 10 < int(last) < 2000


def test_one_frame_without_a_film_is_enough(video):
    done = bench(video(box(None)), "--frames", 1)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("1 frames on one core") and "with a film" not in done.stdout


def test_what_is_not_a_video_is_named(tmp_path):
    (tmp_path / "broken.mp4").write_bytes(b"no video at all")
    done = bench(tmp_path / "broken.mp4")
    assert (done.returncode, done.stdout) == (2, "")
    assert "it is not a video that can be read" in done.stderr and done.stderr.count("\n") == 1
