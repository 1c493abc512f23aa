"""A simulated photograph of every film, straightened and cropped as on the edge, kept beside the decoded films.

The camera's part of a card is measured on them: one photograph per film, at a severity drawn for it. Its corners are
the true ones, moved by the error of those that the edge finds.
"""

import hashlib
import zlib
from dataclasses import dataclass

import numpy as np

from edge_app.camera.detect import straighten
from edge_app.errors import NoLungField
from edge_app.gate import picture_checks, view_classes
from edge_app.imaging import lung_field, preprocess
from edge_app.model.classifier import LungFinder
from train.films import pixels
from train.films.indexed_films import IndexedFilms
from train.index import film_margin
from train.photograph import optics, scene, sensor, simulator
from train.photograph.severity import SEVERITIES

# How far each corner is off each way, as a share of the film's width: those that the edge finds are off by 0.001 to
# 0.006 in the middle of all films, by severity, and seldom by more than 0.02.
OFF = 0.005
# Raise it whenever the code of `train.photograph`, `film_margin` or `straighten` gives other pixels; a test compares
# some with those of this version. Settings need no new version: they are in the key by themselves.
VERSION = 1
# What `edge_app.gate.picture_checks` measures and a card limits, in the order of `Photographs.values`.
CHECKS = (*(name for name in picture_checks.KINDS if name != picture_checks.LEVELS), picture_checks.CONTRAST)
SEED = 0


@dataclass(frozen=True)
class Photographs:
    """One photograph a film, in the order of the index.

    Attributes:
        crops: what the networks see of it; without lungs where none were found on the photograph.
        severity: int8 (N,), of `SEVERITIES`.
        kinds: float32 (N, kinds), the chance of each of `view_classes.CLASSES`.
        values: float32 (N, checks), what the gate measures, in the order of `CHECKS`; nan where it cannot be.
    """

    crops: pixels.Crops
    severity: np.ndarray
    kinds: np.ndarray
    values: np.ndarray

    def at(self, rows: np.ndarray) -> "Photographs":
        """Return some of them, by bool (N,) or int (M,)."""
        crops = (self.crops.pictures, self.crops.masks, self.crops.boxes, self.crops.found)
        rest = (self.severity, self.kinds, self.values)
        return Photographs(pixels.Crops(*(part[rows] for part in crops)), *(part[rows] for part in rest))


def load(indexed: IndexedFilms, size: int) -> Photographs:
    """Return a photograph of every film that is not trained on, in the order of the index, taking what is not cached.

    The rows of training films, which nobody asks about and which would take hours, say that no lungs were found.

    Args:
        indexed: the films.
        size: side of the classifier's input in pixels.

    Raises:
        EdgeError: as of `pixels.load_crops`.
    """
    finder = LungFinder(indexed.lungs)
    folder = indexed.cache / (
        f"photographs-{size}-c{preprocess.CONTRACT_VERSION}-{indexed.index_sha256[:12]}-"
        f"{pixels.lungs_hash(indexed.lungs)[:8]}-{simulator_hash()[:8]}"
    )
    parts = pixels.crop_parts(size) | {
        "severity": ((), np.int8),
        "kinds": ((len(view_classes.CLASSES),), np.float32),
        "values": ((len(CHECKS),), np.float32),
    }
    if not folder.exists():
        held_out = set(indexed.table.loc[indexed.table["split"] != "train", "path"])

        def make(grey, path):
            if path not in held_out:
                return {}
            severity, shown = take(grey, path)
            return {"severity": severity} | _looked_at(shown, finder, size)

        pixels.write(indexed, size, folder, parts, make)
    rest = (np.load(folder / f"{name}.npy") for name in ("severity", "kinds", "values"))
    return Photographs(pixels.read_crops(folder, size), *rest)


def take(grey: np.ndarray, path: str, seed: int = SEED) -> tuple[int, np.ndarray]:
    """Photograph a film and straighten it.

    Args:
        grey: uint8 (H, W).
        path: of the index; with `seed` it decides the photograph.
        seed: another one gives other photographs of the same films.

    Returns:
        Its severity, and uint8 (h, w), straightened.
    """
    rng = np.random.default_rng((seed, zlib.crc32(path.encode())))
    severity = int(rng.choice(list(SEVERITIES)))
    taken = simulator.photograph(film_margin.trimmed(grey), rng, severity)
    width = np.linalg.norm(taken.corners[1] - taken.corners[0])
    corners = taken.corners + rng.normal(0, OFF * width, (4, 2))
    return severity, straighten.straighten(taken.pixels, corners)


def _looked_at(shown: np.ndarray, finder: LungFinder, size: int) -> dict:
    """Return what the gate and the lung network measure on a straightened photograph, by name of a part."""
    chance, chances = finder.look(preprocess.to_pixels(shown, preprocess.LUNG_SIZE))
    measured, parts = picture_checks.measure(shown), {}
    try:
        field = lung_field.find(chance)
        measured |= picture_checks.measure(shown, field)
        parts = pixels.cropped(shown, field, size)
    except NoLungField:
        pass
    parts["kinds"] = [chances.get(kind, 0.0) for kind in view_classes.CLASSES]
    parts["values"] = [measured.get(name, np.nan) for name in CHECKS]
    return parts


def simulator_hash() -> str:
    """Return the key of what takes photographs and straightens them: hex, of `VERSION` and every setting."""
    settings = (
        *(VERSION, SEED, OFF, SEVERITIES, simulator.SIZE, optics.FOCAL, scene.GAMMA, scene.WORDS),
        *(sensor.SUBPIXELS, sensor.APERTURE, sensor.GAMMA),
        *(film_margin.PLAIN, film_margin.MOST),
        *(straighten.LEAST_SIDE, straighten.MOST_SIDE, straighten.NARROWEST, straighten.WIDEST, straighten.NEAREST),
        *(straighten.USUAL, straighten.FARTHEST, straighten.LEAST_CONVERGENCE),
    )
    return hashlib.sha256(repr(settings).encode()).hexdigest()
