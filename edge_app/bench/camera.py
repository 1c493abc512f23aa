"""`python -m edge_app.bench.camera VIDEO`: the speed of the camera's loop on one core, and whether its memory grows.

VIDEO is played again and again; `python -m train photograph-video` makes one of simulated photographs.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

import cv2
import numpy as np

from edge_app.camera.capture.camera import Camera
from edge_app.camera.detect import film_view
from edge_app.errors import CameraEnded, EdgeError

# Pictures a second that a camera gives, and how many of them an idle loop looks at.
RATE, IDLE_RATE = 30, 5


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m edge_app.bench.camera", description=__doc__)
    parser.add_argument("video", help="a video of 1280 x 720 pixels")
    parser.add_argument("--frames", type=int, default=2000, help="frames to look at in all (default %(default)s)")
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    try:
        looked, memory = looks(args.video, args.frames)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    seen = [ms for ms, in_view in looked if in_view]
    blank = [ms for ms, in_view in looked if not in_view]
    print(f"{len(looked)} frames on one core: {1000 / statistics.mean(ms for ms, _ in looked):.1f} a second")
    for words, some in (("with a film", seen), ("without one", blank)):
        if some:
            print(f"  {words}: {statistics.median(some):.1f} ms, 95 % within {np.quantile(some, 0.95):.1f} ms")
    print(f"nothing in view, nothing moves: {idle() * IDLE_RATE / 10:.2f} % of one core")
    print(f"memory: {memory[len(memory) // 10]:.0f} MB after a tenth of them, {memory[-1]:.0f} MB at the end")
    return 0


def looks(video: str, frames: int) -> tuple[list[tuple[float, bool]], list[float]]:
    """Look at this many frames; return (CPU ms, whether a film was seen) of each, and memory in MB after each."""
    looked, memory, before = [], [], None
    while len(looked) < frames:
        with Camera(video) as camera:
            try:
                while len(looked) < frames:
                    frame = camera.newest(1)
                    if frame is None:  # a stream may pause
                        continue
                    started = time.process_time()
                    before = film_view.look(frame.pixels, before, frame.time)
                    looked.append(((time.process_time() - started) * 1000, bool(before.outlines)))
                    memory.append(resident())
            except CameraEnded:
                continue
    return looked, memory


def idle() -> float:
    """Return the CPU milliseconds of a look at what has not changed."""
    rng = np.random.default_rng(0)
    scene = rng.integers(40, 60, (720, 1280, 3), np.uint8)
    before = film_view.look(scene)
    frames = [np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8) for _ in range(4)]
    started = time.process_time()
    for at in range(100):
        before = film_view.look(frames[at % 4], before)
    return (time.process_time() - started) * 10


def resident() -> float:
    """Return the memory that this process holds, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


if __name__ == "__main__":
    sys.exit(main())
