"""Out-of-distribution distance: how far a film's embedding lies from those of the training films.

Probabilistic principal components (Tipping and Bishop 1999): along each of the directions in which training films vary
most the distance is counted in that direction's standard deviations, and in all others in their common one. Fitted by
`convert.modelfile.fit_ood` from the embeddings that the finished model file gives for training films.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OodModel:
    """The distribution of the training films' embeddings.

    Attributes:
        mean: float32 (features,).
        directions: float32 (k, features), of length 1 and at right angles.
        spread: float32 (k,), standard deviation along each.
        rest: standard deviation along any other direction.
    """

    mean: np.ndarray
    directions: np.ndarray
    spread: np.ndarray
    rest: float

    def distance(self, embedding: np.ndarray) -> float:
        """Return the distance of an embedding, float32 (features,); about 1 for a training film."""
        off = embedding - self.mean
        along = self.directions @ off
        beside = max(0.0, float(off @ off - along @ along)) / self.rest**2
        return float(np.sqrt((float(((along / self.spread) ** 2).sum()) + beside) / len(off)))


def pack(one: OodModel) -> bytes:
    """Return it as little-endian float16: mean, spread, rest, directions; a distance moves by less than a hundredth."""
    parts = (one.mean, one.spread, np.array([one.rest], np.float32), one.directions.ravel())
    return np.concatenate(parts).astype("<f2").tobytes()


def unpack(content: bytes, features: int) -> OodModel:
    """Undo `pack`.

    Raises:
        ValueError: the length fits no number of directions.
    """
    values = np.frombuffer(content, "<f2").astype(np.float32)
    count, over = divmod(len(values) - features - 1, features + 1)
    if over or count < 1:
        raise ValueError(f"its likeness holds {len(values)} numbers, which fit no embedding of {features} features")
    mean, spread, rest = np.split(values[: features + count + 1], (features, features + count))
    return OodModel(mean, values[features + count + 1 :].reshape(count, features), spread, float(rest[0]))
