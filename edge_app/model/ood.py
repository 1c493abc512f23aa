"""How unlike the training films a film is: the distance of its embedding from theirs.

Probabilistic principal components (Tipping and Bishop 1999): along each of the directions in which training films vary
most the distance is counted in that direction's standard deviations, and in all others in their common one. Fitted by
`convert.modelfile.fit_ood` from what this very file says of training films.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OodModel:
    """What the embeddings of training films are like.

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
        """Return how far an embedding, float32 (features,), lies from the training films: about 1 for one of them."""
        off = embedding - self.mean
        along = self.directions @ off
        beside = max(0.0, float(off @ off - along @ along)) / self.rest**2
        return float(np.sqrt((float(((along / self.spread) ** 2).sum()) + beside) / len(off)))


def pack(one: OodModel) -> bytes:
    """Return it as little-endian halves: mean, spread, rest, directions; a distance moves by less than a hundredth."""
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
