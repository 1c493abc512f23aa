"""Drawn films of single persons, and how films and tables of collections are written."""

import csv
from pathlib import Path

import cv2
import numpy as np

from tests.support.films import draw_film, draw_lungs


def draw_person(seed: int, height: int = 240, width: int = 200, opacity: float = 0.0) -> np.ndarray:
    """Draw a film of one person, uint8 (height, width): `draw_film` with vessels and bones of its own.

    The films of `draw_film` share their ribs, so near-duplicate search rightly takes them for one person. Inside the
    lungs the lines are faint, so that lungs can still be seen and found.
    """
    rng = np.random.default_rng(1000 + seed)
    lines = np.zeros((height, width), np.float32)
    for _ in range(160):
        x, y = rng.uniform(0.05, 0.95, 2) * (width, height)
        axes = rng.uniform(0.02, 0.25, 2) * min(height, width)
        start, turn = rng.uniform(0, 360), rng.uniform(0, 180)
        cv2.ellipse(
            lines,
            (round(x), round(y)),
            (round(axes[0]) + 1, round(axes[1]) + 1),
            turn,
            start,
            start + rng.uniform(40, 160),
            float(rng.uniform(-110, 110)),
            int(rng.integers(1, 4)),
        )
    strength = 1 - 0.8 * cv2.GaussianBlur(draw_lungs(seed, height, width).astype(np.float32) / 255, (0, 0), 2)
    film = draw_film(seed, height, width, opacity) + strength * cv2.GaussianBlur(lines, (0, 0), 0.8)
    return np.clip(film, 0, 255).astype(np.uint8)


def save(grey: np.ndarray, path: Path) -> None:
    """Write uint8 (H, W) in the format of the suffix, making the folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), grey)


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    """Write rows as a CSV file with the columns of the first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
