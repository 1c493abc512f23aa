"""Examples for the lung network: films with masks and pictures without lungs, augmented each time they are drawn.

Film and mask are warped alike; the look of the film alone changes (`augment.appearance`). The masks come from one
collection, so the warps are wide: the network must also find the lungs of a child, of a cropped screenshot and of a
film that shows much of the abdomen.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from edge_app.errors import UnreadableRadiograph
from edge_app.gate.view_classes import CLASSES, CUT, FRONTAL
from edge_app.imaging import preprocess
from train.films import pixels
from train.lungs import masks
from train.lungs.masks import KEPT_SIZE
from train.training import augment

PATTERNS = 200
# How far a film is zoomed and shifted; less where no mask tells whether its lungs are still whole.
WIDE, GENTLE = {"zoom": 0.3, "shift": 0.12}, {"zoom": 0.12, "shift": 0.05}


@dataclass(frozen=True)
class Examples:
    """Pictures uint8 (N, K, K) and masks uint8 (N, K, K), 255 = lung; K is `KEPT_SIZE`."""

    pictures: np.ndarray
    masks: np.ndarray

    @property
    def has_lungs(self) -> np.ndarray:
        """Whether each picture has a mask: bool (N,)."""
        return np.any(self.masks, axis=(1, 2))


def read(listing: pd.DataFrame, data: Path, split: str) -> Examples:
    """Read the films and masks of one split, the films without a lung field among them.

    Args:
        listing: of `masks.listing`.
        data: the folder of the collections.
        split: `train`, `val` or `test`.
    """
    rows = listing[(listing["split"] == split) & listing["state"].isin([masks.USED, masks.EMPTY])]
    films = [preprocess.to_pixels(pixels.read_film(data / film, KEPT_SIZE), KEPT_SIZE)[..., 0] for film in rows["film"]]
    return Examples(np.stack(films), np.stack([masks.read(data / mask, KEPT_SIZE) for mask in rows["mask"]]))


def join(*parts: Examples) -> Examples:
    """Put examples one after another."""
    return Examples(np.concatenate([part.pictures for part in parts]), np.concatenate([part.masks for part in parts]))


def photographs(seed: int) -> np.ndarray:
    """Return uint8 (N, K, K) that show no radiograph: photographs that come with packages, and drawn patterns."""
    import skimage.data
    import sklearn.datasets

    rng = np.random.default_rng(seed)
    found = [image.mean(axis=2).astype(np.uint8) for image in sklearn.datasets.load_sample_images().images]
    for name in ("camera", "brick", "grass", "coins", "page", "text", "moon", "clock"):
        found.append(np.asarray(getattr(skimage.data, name)(), np.uint8))
    pictures = [_part(found[i % len(found)], rng) for i in range(PATTERNS)] + [_pattern(rng) for _ in range(PATTERNS)]
    return np.stack(pictures)


@dataclass(frozen=True)
class Pools:
    """What batches are drawn from.

    Attributes:
        drawn: films with their masks.
        chance: float (N,), each one's chance to be drawn, summing to 1.
        films: uint8 (N, K, K), upright frontal films without masks: they teach the kind alone.
        film_chance: float (N,), likewise.
        others: by kind, uint8 (N, K, K), pictures other than frontal films.
        shares: of each kind in a batch, before kinds that `others` lacks are left out.
    """

    drawn: Examples
    chance: np.ndarray
    films: np.ndarray
    film_chance: np.ndarray
    others: dict[str, np.ndarray]
    shares: dict[str, float]


def batches(pools: Pools, steps: int, batch: int, seed: tuple[int, ...]):
    """Yield `steps` batches.

    Yields:
        float32 (batch, 128, 128, 1) holding 0 .. 255, and {"mask": float32 (batch, 64, 64, 1) in 0 .. 1, or -1 where
        none is known, "kind": float32 (batch, kinds)}.
    """
    from train.lungs import view_examples

    def make(position):
        rng = np.random.default_rng((*seed, position))
        kind, picture, mask, known = view_examples.draw(pools, rng)
        picture, mask, lost = _changed(picture, mask, rng, **(WIDE if known else GENTLE))
        if kind == FRONTAL and lost >= view_examples.LOST:
            kind = CUT
        truth = mask.astype("f4") / 255 if known else np.full(mask.shape, -1, "f4")
        return picture, truth, np.array([kind == name for name in CLASSES], "f4")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for step in range(steps):
            made = list(pool.map(make, range(step * batch, (step + 1) * batch)))
            pictures, masks, kinds = (np.stack(part) for part in zip(*made, strict=True))
            yield pictures[..., np.newaxis].astype("f4"), {"mask": masks[..., np.newaxis], "kind": kinds}


def plain(examples: Examples) -> tuple[np.ndarray, np.ndarray]:
    """Return the pictures as the edge sees them: uint8 (N, 128, 128, 1), and masks bool (N, 64, 64)."""
    pictures = np.stack([preprocess.shrink(picture, preprocess.LUNG_SIZE) for picture in examples.pictures])
    masks = np.stack([preprocess.shrink(mask, preprocess.MASK_SIZE) for mask in examples.masks])
    return pictures[..., np.newaxis], masks > 127


def _changed(picture, mask, rng, **ranges):
    """Warp both alike, change the film's look; return uint8 (128, 128), uint8 (64, 64), and the share of lung lost."""
    matrix = augment.random_affine(KEPT_SIZE, rng, rotate=12, shear=0.12, **ranges)
    whole = float(mask.sum(dtype=np.int64)) * abs(np.linalg.det(matrix[:, :2]))
    border = cv2.BORDER_REPLICATE if rng.random() < 0.3 else cv2.BORDER_CONSTANT
    side = (KEPT_SIZE, KEPT_SIZE)
    picture = cv2.warpAffine(picture, matrix, side, flags=cv2.INTER_LINEAR, borderMode=border)
    mask = cv2.warpAffine(mask, matrix, side, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    lost = 1 - float(mask.sum(dtype=np.int64)) / whole if whole else 0.0
    if rng.random() < 0.3:
        picture = cv2.createCLAHE(rng.uniform(1, 4), (8, 8)).apply(picture)
    picture = augment.appearance(preprocess.shrink(picture, preprocess.LUNG_SIZE), rng)
    return _stretched(picture), preprocess.shrink(mask, preprocess.MASK_SIZE), lost


def _part(photograph: np.ndarray, rng) -> np.ndarray:
    height, width = photograph.shape
    side = int(rng.uniform(0.3, 1) * min(height, width))
    top, left = rng.integers(0, height - side + 1), rng.integers(0, width - side + 1)
    part = np.rot90(photograph[top : top + side, left : left + side], rng.integers(4))
    return _stretched(preprocess.shrink(np.ascontiguousarray(part), KEPT_SIZE))


def _pattern(rng) -> np.ndarray:
    """Draw blobs, bars and noise of any scale: pictures that resemble a chest in brightness only."""
    coarse = rng.normal(128, 60, [int(rng.integers(2, 24))] * 2).clip(0, 255).astype(np.uint8)
    picture = cv2.resize(coarse, (KEPT_SIZE, KEPT_SIZE), interpolation=int(rng.integers(0, 3)))
    for _ in range(rng.integers(0, 8)):
        corner, other = (tuple(int(value) for value in rng.integers(0, KEPT_SIZE, 2)) for _ in range(2))
        if rng.random() < 0.5:
            cv2.rectangle(picture, corner, other, int(rng.integers(0, 256)), -1)
        else:
            cv2.ellipse(picture, corner, (other[0] // 3, other[1] // 3), 0, 0, 360, (int(rng.integers(0, 256)),), -1)
    return _stretched(picture)


def _stretched(picture):
    """Stretch the grey levels as the contract does; a picture that was warped out of its frame stays black."""
    try:
        return preprocess.stretch(picture)
    except UnreadableRadiograph:
        return picture
