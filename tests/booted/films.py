"""Draws the films of tests/booted: `python -m tests.booted.films FOLDER`."""

import sys
from pathlib import Path

from PIL import Image

from tests.films import draw_film

# Films for: the kills, the stop, the hang.
COUNTS = {"kill": 100, "stop": 40, "late": 1}


def main(folder: Path) -> None:
    """Draw them all, each another."""
    seed = 0
    for name, count in COUNTS.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            seed += 1
            file = "hangs.png" if name == "late" else f"{number:03d}.png"
            Image.fromarray(draw_film(seed, 300, 260, opacity=seed % 2)).save(folder / name / file, compress_level=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
