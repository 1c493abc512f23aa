"""`python -m train photograph-video`: a video of simulated photographs, for `edge_app.bench.camera` and for trying out.

One film after another is held before the camera by a hand that trembles; between them nothing is in view.
"""

from pathlib import Path

import cv2
import numpy as np

from edge_app.errors import WrongUsage
from edge_app.imaging import radiograph
from edge_app.service.screening_run import LIKELY_LEAST_SIDE
from train.films import film_arguments
from train.index import film_margin, index
from train.photograph import simulator

RATE, HELD, AWAY = 15, 30, 15
# Pixels that the hand moves the picture by from frame to frame, and grey levels of noise that differ.
TREMBLE, NOISE = 0.6, 2.0


def add_parser(subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser("photograph-video", help="make a video of simulated photographs of films")
    film_arguments.add(parser)
    parser.add_argument("--split", choices=("train", "val"), default="val", help="whose films (default %(default)s)")
    parser.add_argument("--films", type=int, default=8, help="how many (default %(default)s)")
    parser.add_argument("--severity", type=int, choices=(1, 2, 3), default=2, help="default %(default)s")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("build/films.avi"), help="default %(default)s")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Write the video."""
    table = index.read(args.index)
    paths = table.loc[table["split"] == args.split, "path"].sample(args.films, random_state=args.seed)
    writer = cv2.VideoWriter(str(args.out), cv2.VideoWriter.fourcc(*"MJPG"), RATE, simulator.SIZE)
    if not writer.isOpened():
        raise WrongUsage(f"--out: '{args.out}' cannot be written as a video; name a file such as films.avi.")
    rng = np.random.default_rng(args.seed)
    for path in paths:
        grey = radiograph.read(args.data / path, LIKELY_LEAST_SIDE)
        grey = film_margin.trimmed(grey)
        for frame in (*held(grey, args.severity, rng), *([_room(grey, args.severity, rng)] * AWAY)):
            writer.write(frame[..., ::-1])
    writer.release()
    print(f"{args.out}: {args.films} films, {args.films * (HELD + AWAY)} frames")
    return 0


def held(grey: np.ndarray, severity: int, rng: np.random.Generator, frames: int = HELD):
    """Yield frames, uint8 RGB (H, W, 3), of a film, uint8 (H, W), that is held before a camera."""
    still = simulator.photograph(grey, rng, severity).pixels
    at = np.zeros(2)
    for _ in range(frames):
        at = 0.9 * at + rng.normal(0, TREMBLE, 2)
        moved = cv2.warpAffine(
            still,
            np.array([[1, 0, at[0]], [0, 1, at[1]]], np.float32),
            simulator.SIZE,
            borderMode=cv2.BORDER_REPLICATE,
        )
        noise = rng.standard_normal(still.shape, np.float32) * NOISE
        yield np.clip(moved + noise, 0, 255).astype(np.uint8)


def _room(grey: np.ndarray, severity: int, rng: np.random.Generator) -> np.ndarray:
    return simulator.photograph(grey, rng, severity, empty=True).pixels
