"""A simulated photograph of every film, straightened and cropped as on the edge, kept beside the decoded films.

What the camera's part of training and of a card is made from: each film once, at a severity drawn for it. Its corners
are those that the edge finds; where it finds none that are right, the true ones, off by as much as found ones are.
"""

import hashlib
import zlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge_app import kinds, lung_field, picture_checks, preprocess
from edge_app.camera import film_judge, outline, sides, straighten
from edge_app.classifier import LungFinder
from edge_app.errors import NoLungField
from train import pixels
from train.photograph import photograph
from train.photograph.severity import SEVERITIES

# Of the film's width: a corner farther off is another thing's, and by how much the corners that are found are off.
RIGHT, USUALLY_OFF = 0.03, 0.004
# Whatever decides what a photograph looks like once it is straightened: a change of it makes another cache.
SOURCES = (
    *sorted(Path(photograph.__file__).parent.glob("*.py")),
    *(Path(module.__file__) for module in (outline, sides, straighten)),
    film_judge.WEIGHTS,
)
# What `edge_app.picture_checks` measures, in the order of `Photographs.values`.
CHECKS = (*picture_checks.KINDS, picture_checks.CONTRAST)
SEED = 0


@dataclass(frozen=True)
class Photographs:
    """One photograph a film, in the order of the index.

    Attributes:
        crops: what the networks see of it; without lungs where none were found on the photograph.
        severity: int8 (N,), of `SEVERITIES`.
        outlined: bool (N,), whether the edge found the film in the photograph.
        kinds: float32 (N, kinds), the chance of each of `kinds.KINDS`.
        values: float32 (N, checks), what the gate measures, in the order of `CHECKS`; nan where it cannot be.
    """

    crops: pixels.Crops
    severity: np.ndarray
    outlined: np.ndarray
    kinds: np.ndarray
    values: np.ndarray

    def at(self, rows: np.ndarray) -> "Photographs":
        """Return some of them, by bool (N,) or int (M,)."""
        crops = (self.crops.pictures, self.crops.masks, self.crops.boxes, self.crops.found)
        rest = (self.severity, self.outlined, self.kinds, self.values)
        return Photographs(pixels.Crops(*(part[rows] for part in crops)), *(part[rows] for part in rest))


def load(films, data: Path, size: int, cache: Path, index_hash: str, lungs: Path = pixels.LUNGS) -> Photographs:
    """Return the photographs of films (rows of the index, in order), taking them if they are not in `cache` yet.

    Errors as of `pixels.load`.
    """
    finder = LungFinder(lungs)
    folder = cache / (
        f"photographs-{size}-c{preprocess.CONTRACT_VERSION}-{index_hash[:12]}-{pixels.lungs_hash(lungs)[:8]}-"
        f"{simulator()[:8]}"
    )
    parts = pixels.crop_parts(size) | {
        "severity": ((), np.int8),
        "outlined": ((), bool),
        "kinds": ((len(kinds.KINDS),), np.float32),
        "values": ((len(CHECKS),), np.float32),
    }
    if not folder.exists():

        def make(grey, path):
            severity, outlined, shown = take(grey, path)
            return {"severity": severity, "outlined": outlined} | _looked_at(shown, finder, size)

        pixels.write(films, data, size, folder, parts, make)
    rest = (np.load(folder / f"{name}.npy") for name in ("severity", "outlined", "kinds", "values"))
    return Photographs(pixels.read_crops(folder, size), *rest)


def take(grey: np.ndarray, path: str, seed: int = SEED) -> tuple[int, bool, np.ndarray]:
    """Photograph a film and straighten it.

    Args:
        grey: uint8 (H, W).
        path: of the index; with `seed` it decides the photograph.
        seed: another one gives other photographs of the same films.

    Returns:
        Its severity, whether its outline was found, and uint8 (h, w), straightened.
    """
    rng = np.random.default_rng((seed, zlib.crc32(path.encode())))
    severity = int(rng.choice(list(SEVERITIES)))
    taken = photograph.photograph(grey, rng, severity)
    width = np.linalg.norm(taken.corners[1] - taken.corners[0])
    found = outline.find(taken.pixels)
    outlined = bool(found) and np.linalg.norm(found[0].corners - taken.corners, axis=1).max() <= RIGHT * width
    corners = found[0].corners if outlined else taken.corners + rng.normal(0, USUALLY_OFF * width, (4, 2))
    return severity, outlined, straighten.straighten(taken.pixels, corners)


def _looked_at(shown: np.ndarray, finder: LungFinder, size: int) -> dict:
    """Return what the gate and the lung network say of a straightened photograph, by name of a part."""
    chance, chances = finder.look(preprocess.to_pixels(shown, preprocess.LUNG_SIZE))
    measured, parts = picture_checks.measure(shown), {}
    try:
        field = lung_field.find(chance)
        measured |= picture_checks.measure(shown, field)
        parts = pixels.cropped(shown, field, size)
    except NoLungField:
        pass
    parts["kinds"] = [chances.get(kind, 0.0) for kind in kinds.KINDS]
    parts["values"] = [measured.get(name, np.nan) for name in CHECKS]
    return parts


def simulator() -> str:
    """Return the hash of the simulator and of what finds and straightens films: hex."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()


def quiet() -> None:
    """Let OpenCV use one thread: photographs are taken in several already."""
    cv2.setNumThreads(1)
