"""What a film's bytes and pixels say of it: hashes, size, a thumbnail, or why it cannot be read."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from train.index import film_margin
from train.index.thumbnails import Thumbnails

# Side of the thumbnails that near-duplicates are sought on; its reason is in train/index/duplicates.py.
THUMBNAIL_SIDE = 128


@dataclass(frozen=True)
class Facts:
    """What one file holds. Without a readable radiograph it has a `fault`, and no size or `phash`."""

    sha256: str  # of the file; "" if it cannot even be opened
    width: int = 0
    height: int = 0
    phash: str = ""  # 16 hex digits
    fault: str = ""


def measure(path: Path) -> tuple[Facts, np.ndarray]:
    """Hash and decode one film as training will: what the contract refuses is unreadable here too.

    Returns:
        Its facts, and its thumbnail, as `thumbnails` returns the second; black if it cannot be read.
    """
    nothing = np.zeros((THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)
    try:
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        return Facts("", fault=error.strerror or "cannot be opened"), nothing
    try:
        grey = radiograph.read(path)
        whole, thumbnail = thumbnails(grey)
    except UnreadableRadiograph as error:
        # The path is a column of its own, and its folder would make the index differ between machines.
        return Facts(sha256, fault=" ".join(str(error).removeprefix(f"{path}: ").split())), nothing
    height, width = grey.shape
    return Facts(sha256, width, height, perceptual_hash(whole)), thumbnail


def thumbnails(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a film, uint8 (H, W), squashed to a square, whole and without its plain margin.

    Black frames make films of different people alike: with their margin 30 pairs of SIIM's patients had a similarity
    (train/index/duplicates.py) of 0.55 to 0.74, without it none is above 0.50.

    Returns:
        uint8 (THUMBNAIL_SIDE, THUMBNAIL_SIDE) each, contrast stretched.
    """
    large = preprocess.to_pixels(grey, 2 * THUMBNAIL_SIDE)[..., 0]
    size = (THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    whole = cv2.resize(large, size, interpolation=cv2.INTER_AREA)
    rows, columns = (slice(2 * part.start, 2 * part.stop) for part in film_margin.kept(whole))
    return whole, cv2.resize(large[rows, columns], size, interpolation=cv2.INTER_AREA)


def measure_all(paths: Sequence[Path], thumbnails: Thumbnails) -> list[Facts]:
    """Measure many films, in the given order, with one thread a core (decoders release the GIL) and a progress bar.

    Args:
        paths: the films.
        thumbnails: theirs are added to it, in the same order.
    """
    facts = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for fact, film in tqdm(threads.map(measure, paths), total=len(paths), desc="films", unit="film", disable=None):
            thumbnails.append(film[np.newaxis])
            facts.append(fact)
    return facts


def perceptual_hash(grey: np.ndarray) -> str:
    """Return the 64-bit DCT hash of uint8 (H, W) as 16 hex digits: films that look alike differ in few bits.

    The 8 x 8 lowest frequencies of a 32 x 32 thumbnail against their median, as in "pHash" (Zauner, 2010). It is for
    people to search the index by; near-duplicates are decided on more (train/index/duplicates.py).
    """
    small = cv2.resize(grey, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:8, :8].ravel()
    # The first coefficient is the mean grey; it is far above the others and would only move the median.
    bits = low > np.median(low[1:])
    return np.packbits(bits).tobytes().hex()
