"""The contract: what every model of this project sees of a radiograph.

Training, calibration and the edge call `to_pixels` and `lungs_to_pixels` and nothing else between a decoded film and
the networks, so the three can never disagree. The rules, in order:

0. `radiograph.read` decodes every pixel, whatever the format: a JPEG decoded at a smaller DCT scale takes 6 % less
   time, and shows something else than the same film in a lossless format. What is far larger than the networks need
   is averaged over blocks of n x n pixels, as long as both sides stay at least `least_side` long. This is the one
   pass over the pixels of the film as it was taken.
1. The whole film is averaged over areas (`resample`), squashed to a square (padding and aspect ratio tell hospitals
   apart, and two of the public collections come squashed already), and its grey levels are stretched so that the 1st
   and 99th percentile become 0 and 255. This is what the lung-field network sees.
2. The box round its lungs is averaged, squashed and stretched likewise, from the same pixels. This is what the
   classifier sees: borders, markers, shoulders, exposure and display window differ between hospitals and say nothing of
   the lungs. What lies in the box beside the lungs stays: the mask of an opaque lung leaves out what is opaque, and
   without it frozen features told less on every hospital they had not learnt from (models/EXPERIMENTS.md).

No step jumps: neither the box nor a percentile is rounded to whole pixels or levels, so that a lossy and a lossless
copy of one film, or one that was shrunk by a viewer, give nearly the same pixels.

The result stays uint8; scaling to floats and grey-to-three-channels are the models' first layers. Changing anything
here changes `fingerprint` and needs every model retrained.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging.lung_field import LungField, find
from edge_app.imaging.resample import WHOLE, resample

CONTRACT_VERSION = 5

# Sides of the lung-field network's input and of its answer, in pixels. Lungs are large: 128 pixels show them, and an
# answer of half the side costs a quarter of the time.
LUNG_SIZE, MASK_SIZE = 128, 64
# What a card says of the classifier's films: what lies beside the lungs is kept, and the whole crop decides the grey
# levels. A model of an experiment that showed films otherwise is refused (train/films/treatments.py).
OUTSIDE, LEVELS = "keep", "crop"

# Percent of the pixels allowed to saturate at each end: markers and burnt-in text, brighter than any bone, must not
# decide the grey levels of the film.
TAIL_PERCENT = 1

# Fewer grey levels than this between the percentiles is a blank picture: stretching it would show the model noise.
LEAST_CONTRAST = 8

# A film may be reduced as long as both sides stay at least this many pixels, and this many times the model's side. The
# lungs fill half a film's side and more, so that a model of 256 pixels still sees averages and not enlargements.
LEAST_SIDE, LEAST_OVERSAMPLING = 512, 2


def least_side(size: int) -> int:
    """Return the shortest side in pixels that a decoder may reduce a film to for a model of `size` x `size` pixels."""
    return max(LEAST_SIDE, LEAST_OVERSAMPLING * size)


def to_pixels(grey: np.ndarray, size: int) -> np.ndarray:
    """Turn a whole film into what the lung-field network sees.

    Args:
        grey: uint8 (H, W), 0 = black = air, 255 = white = bone.
        size: side of the network's input in pixels.

    Returns:
        uint8 (size, size, 1).

    Raises:
        ValueError: `grey` is not uint8 (H, W).
        UnreadableRadiograph: the film has no contrast.
    """
    _check(grey)
    return stretch(shrink(grey, size))[..., np.newaxis]


def lungs_to_pixels(grey: np.ndarray, field: LungField, size: int) -> np.ndarray:
    """Turn the lungs of a film into what the classifier sees.

    Args:
        grey: uint8 (H, W), as for `to_pixels`.
        field: where its lungs are.
        size: side of the classifier's input in pixels.

    Returns:
        uint8 (size, size, 1).

    Raises:
        ValueError, UnreadableRadiograph: as `to_pixels`.
    """
    _check(grey)
    return finish(shrink(grey, size, field.box))


def finish(crop: np.ndarray) -> np.ndarray:
    """Stretch the grey levels of a cropped film: uint8 (S, S) -> uint8 (S, S, 1).

    Raises:
        UnreadableRadiograph: the crop has no contrast.
    """
    return stretch(crop)[..., np.newaxis]


def shrink(grey: np.ndarray, size: int, box: Sequence[float] = WHOLE) -> np.ndarray:
    """Resize a box of uint8 (H, W), as of `resample`, to uint8 (size, size)."""
    return resample(grey, size, size, box)


def stretch(grey: np.ndarray) -> np.ndarray:
    """Map the 1st to the 99th percentile of uint8 (H, W) to 0 to 255; raises as `stretching_table`."""
    return cv2.LUT(grey, stretching_table(grey))


def stretching_table(levels: np.ndarray) -> np.ndarray:
    """Return uint8 (256,), the new level of each: the 1st percentile of uint8 `levels` becomes 0, the 99th 255.

    Raises:
        UnreadableRadiograph: fewer than `LEAST_CONTRAST` levels lie between the percentiles.
    """
    low, high = _percentiles(levels)
    return np.rint(np.clip((np.arange(256) - low) * (255 / (high - low)), 0, 255)).astype(np.uint8)


def counted(levels: np.ndarray) -> np.ndarray:
    """Return how often each grey level occurs in uint8 `levels` of any shape: int64 (256,)."""
    if levels.size >= 2**24:  # OpenCV counts in float32, exactly up to here
        return np.bincount(levels.ravel(), minlength=256)
    return cv2.calcHist([levels], [0], None, [256], [0, 256])[:, 0].astype(np.int64)  # three times as fast


def _percentiles(levels):
    """Return the 1st and the 99th percentile: pixels of one level count as spread evenly over half a level about it."""
    counts = counted(levels)
    below = np.concatenate(([0], np.cumsum(counts)))
    tail = below[-1] * TAIL_PERCENT / 100 + 1e-6  # where levels are missing, the nearest inside
    found = np.interp((tail, below[-1] - tail), below, np.arange(257) - 0.5)
    occurring = np.flatnonzero(counts)
    low, high = np.clip(found, occurring[0], occurring[-1]).tolist()
    if high - low < LEAST_CONTRAST:
        raise UnreadableRadiograph(
            f"the picture is blank: 98 % of it lies within {high - low + 1:.0f} of 256 grey levels; "
            f"a radiograph spans at least {LEAST_CONTRAST}"
        )
    return low, high


def _check(grey):
    if grey.dtype != np.uint8 or grey.ndim != 2:
        raise ValueError(f"grey is {grey.dtype} {grey.shape}; the contract takes uint8 (H, W)")


def fingerprint(size: int) -> str:
    """Run the contract on computed pictures and return what came out, as hex of uint8 samples.

    The first byte is the one rule that works before there are pixels, how far a decoder may reduce a film.

    Two installations that give fingerprints within one grey level of each other (`same_fingerprint`) preprocess alike.
    The pictures cover a large shrink, a small one, an enlargement and both aspect ratios, and fill the grey scale; two
    ellipses stand for lungs.
    """
    samples = [bytes([least_side(size) // 8 % 256])]
    field = _computed_field()
    for height, width in ((613, 919), (1.3 * size, 1.1 * size), (0.7 * size, 2.3 * size), (0.6 * size, 0.5 * size)):
        rows, columns = np.arange(int(height), dtype=np.int32)[:, None], np.arange(int(width), dtype=np.int32)
        # Integers only, so that the pictures are the same on every machine: two slopes and a product of triangle waves.
        waves = abs(rows * 7 % 254 - 127) * (abs(columns * 5 % 254 - 127) * 110)
        waves >>= 14  # in place, and the sums in uint8: this runs at every start
        picture = waves.astype(np.uint8)
        picture += (rows * 96 // rows[-1]).astype(np.uint8)
        picture += (columns * 48 // columns[-1]).astype(np.uint8)
        for pixels in (to_pixels(picture, LUNG_SIZE), lungs_to_pixels(picture, field, size)):
            steps = np.linspace(0, pixels.shape[0] - 1, 8).astype(int)
            samples.append(pixels[np.ix_(steps, steps)].tobytes())
    return b"".join(samples).hex()


def _computed_field() -> LungField:
    """Find lungs in two ellipses: chances that are the same on every machine."""
    rows, columns = np.mgrid[0:MASK_SIZE, 0:MASK_SIZE]
    depth = [1000 - (rows - 30) ** 2 * 2 - (columns - centre) ** 2 * 9 for centre in (19, 44)]
    # Soft at the rim, as a network's chances are: then the box shows how finely the mask was cut.
    return find(np.clip(0.5 + np.maximum(*depth) / 256, 0, 1).astype(np.float32))


def same_fingerprint(one: str, other: str) -> bool:
    """Return whether two fingerprints agree to one grey level, the most by which builds of OpenCV differ."""
    try:
        a, b = (np.frombuffer(bytes.fromhex(text), np.uint8).astype(int) for text in (one, other))
    except ValueError:
        return False
    return a.shape == b.shape and bool(abs(a - b).max() <= 1)
