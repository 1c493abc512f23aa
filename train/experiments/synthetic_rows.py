"""Synthetic rows of an index, and thumbnails that are as alike as those of real films, for measuring at any size.

A film is a common chest, a posture that mixes a few patterns of low frequency (`FACTORS`), a build that it shares with
one film in `BUILDS` more or less, a part of its own that falls with frequency, and detail of its own: windows of two
sheets of noise, which nobody else has at that place. The constants were set so that the descriptors of different films
(train/index/neighbours.py) are as alike as those of the collections here; docs/scale-training.md has both side by side.
"""

import hashlib
from typing import NamedTuple

import cv2
import numpy as np
import pandas as pd

from train.index import index
from train.index.film_facts import THUMBNAIL_SIDE as SIDE
from train.index.findings import COVID, NORMAL, PNEUMONIA

# Films drawn at once: a block is a function of (seed, its number) alone, so any part can be drawn by itself.
BLOCK = 1000
# Of each block: treated copies of its other films, and files that are equal byte for byte to another.
COPIES, EQUAL = 50, 10
# Half waves of the smooth part, in each direction.
WAVES = 24
FACTORS = 12
BUILDS = 80
# How much of a film's own smooth part is its build's, from and to.
LIKE_ITS_BUILD = (0.4, 0.95)
# Grey levels of the smooth part that films share, and of that part of each.
ALIKE, OWN = 30.0, 40.0
# Grey levels of the detail, and the blurs between which it lies, in pixels: ribs and vessels of a thumbnail.
DETAIL, FINE, COARSE = 18.0, 1.6, 8.0
SHEET = 2048
# Films of one patient, on average: those of the collections here have 1.6.
FILMS_OF_A_PATIENT = 1.6


class Block(NamedTuple):
    """A block of films.

    Attributes:
        thumbnails: uint8 (BLOCK, SIDE, SIDE).
        origin: int (BLOCK,), the position in the block of the film that each is a copy of; its own of an original.
        equal: bool (BLOCK,), whether it has the very bytes of its origin.
    """

    thumbnails: np.ndarray
    origin: np.ndarray
    equal: np.ndarray


class Origin(NamedTuple):
    """What films were made from: `of` int (N,), positions; `equal` bool (N,), byte for byte."""

    of: np.ndarray
    equal: np.ndarray


class Painter:
    """What all synthetic films have in common, made from a seed once."""

    def __init__(self, seed: int = 0):
        """Draw the factors and the sheets of noise."""
        rng = np.random.default_rng((seed, 0))
        phase = np.pi * np.arange(WAVES)[:, None] * (np.arange(SIDE) + 0.5) / SIDE
        self.seed, self.cosines = seed, np.cos(phase).astype(np.float32)
        rows, columns = np.mgrid[:WAVES, :WAVES]
        # The energy of films falls with frequency so; the mean grey is not a feature.
        self.fall = np.where(rows + columns > 0, (1 + np.hypot(rows, columns)) ** -1.6, 0).astype(np.float32)
        low = self.fall * (np.hypot(rows, columns) < 8)
        self.factors = rng.normal(size=(FACTORS, WAVES, WAVES)).astype(np.float32) * low
        self.chest = 1.5 * rng.normal(size=(WAVES, WAVES)).astype(np.float32) * low
        self.builds = rng.normal(size=(BUILDS, WAVES, WAVES)).astype(np.float32)
        self.sheets = [self._sheet(rng) for _ in range(2)]

    @staticmethod
    def _sheet(rng) -> np.ndarray:
        noise = rng.normal(size=(SHEET, SHEET)).astype(np.float32)
        band = cv2.GaussianBlur(noise, (0, 0), FINE) - cv2.GaussianBlur(noise, (0, 0), COARSE)
        return band * (DETAIL / np.sqrt(2) / band.std())

    def block(self, number: int) -> Block:
        """Draw a block of films."""
        rng = np.random.default_rng((self.seed, 1, number))
        count = BLOCK - COPIES - EQUAL
        shared = np.tensordot(rng.normal(size=(count, FACTORS)).astype(np.float32), self.factors, 1) / np.sqrt(FACTORS)
        like = rng.uniform(*LIKE_ITS_BUILD, (count, 1, 1)).astype(np.float32)
        own = np.sqrt(1 - like**2) * rng.normal(size=(count, WAVES, WAVES)).astype(np.float32)
        own = (own + like * self.builds[rng.integers(0, BUILDS, count)]) * self.fall
        smooth = self.cosines.T @ (ALIKE * (self.chest + 3 * shared) + OWN * own) @ self.cosines
        corners = rng.integers(0, SHEET - SIDE, (count, 2, 2))
        for film, places in zip(smooth, corners, strict=True):
            for sheet, (top, left) in zip(self.sheets, places, strict=True):
                film += sheet[top : top + SIDE, left : left + SIDE]
        films = np.clip(smooth + 128, 0, 255).astype(np.uint8)
        origin = np.concatenate([np.arange(count), rng.choice(count, COPIES + EQUAL, replace=False)])
        copies = [_treated(films[at], rng) for at in origin[count : count + COPIES]]
        equal = np.arange(BLOCK) >= count + COPIES
        return Block(np.concatenate([films, copies, films[origin[equal]]]), origin, equal)


def _treated(film: np.ndarray, rng) -> np.ndarray:
    """Return a copy as publishers make it: up to 6 % cut off each side, another gamma and brightness, JPEG."""
    left, top, right, bottom = rng.uniform(0, 0.06, 4) * SIDE
    corners = np.array([[left, top], [SIDE - right, top], [left, SIDE - bottom]], np.float32)
    whole = np.array([[0, 0], [SIDE, 0], [0, SIDE]], np.float32)
    cropped = cv2.warpAffine(film, cv2.getAffineTransform(corners, whole), (SIDE, SIDE))
    table = np.clip(255 * (np.arange(256) / 255) ** rng.uniform(0.7, 1.4) * rng.uniform(0.8, 1.1), 0, 255)
    coded = cv2.imencode(".jpg", table.astype(np.uint8)[cropped], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def rows(origin: Origin, seed: int = 0) -> pd.DataFrame:
    """Return the rows of an index, as it is before near-duplicates are known.

    Args:
        origin: of films, in the order of their thumbnails.
        seed: of patients and labels; a copy has a patient of its own, and now and then another label.
    """
    count, rng = len(origin.of), np.random.default_rng((seed, 2))
    patient = rng.integers(0, round(count / FILMS_OF_A_PATIENT), count)
    label = np.array([NORMAL, COVID, PNEUMONIA])[rng.integers(0, 3, count)]
    label = np.where(rng.random(count) < 0.95, label[origin.of], label)
    name = np.arange(count)
    sha = [hashlib.sha256(str(at).encode()).hexdigest() for at in np.where(origin.equal, origin.of, name).tolist()]
    table = pd.DataFrame({column: [""] * count for column in index.COLUMNS})
    table["path"] = [f"synthetic/films/{at:09d}.png" for at in name.tolist()]
    table["source"], table["patient"] = "synthetic", [f"synthetic/{one:09d}" for one in patient.tolist()]
    table["label"], table["sha256"], table["phash"] = label, sha, [one[:16] for one in sha]
    return table.assign(age=np.nan, width=SIDE, height=SIDE)
