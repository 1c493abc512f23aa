"""What the embeddings of training films are like, by the very file that will be asked: `edge_app.model.ood` fitted."""

import numpy as np

from convert.modelfile import golden_film
from edge_app.model.ood import OodModel, pack, unpack

# Training films the fit is made from, drawn alike from every source and label, at most this many of each.
PER_CELL = 300
# Directions kept, by the features of the network: `short` has 320 and must stay below 1 MB, `lite0` 1,280. Each costs
# two bytes a feature; more than these moved the share of refused validation films of other kinds by under 1 %.
DIRECTIONS = {320: 24, 1280: 32}
# The limit lies this far above the farthest but one in 200 of the validation films: films of hospitals that gave none
# lie a little farther than those at hand.
LEAST_PASSING, ROOM = 0.995, 1.05


def embeddings(content: bytes, films: np.ndarray, labels: int) -> np.ndarray:
    """Return what a file for the edge answers as embedding, float32 (N, features).

    Args:
        content: a flatbuffer of `variants.flatbuffer`.
        films: uint8 (N, S, S, 1).
        labels: how many scores it answers.
    """
    return next(one for one in golden_film.answers(content, films) if one.ndim == 2 and one.shape[1] != labels)


def fit(training: np.ndarray, validation: np.ndarray) -> tuple[bytes, dict]:
    """Fit the embeddings of training films and choose the limit on those of validation films.

    Args:
        training: float32 (N, features).
        validation: float32 (M, features).

    Returns:
        What `edge_app.model.ood.pack` gives, and {"unlike": the limit, "features": how many}.
    """
    features = int(training.shape[1])
    count = min(DIRECTIONS.get(features, features // 10), len(training) - 2)
    mean = training.mean(axis=0)
    off = training - mean
    _, lengths, directions = np.linalg.svd(off, full_matrices=False)
    variances = lengths**2 / len(training)
    rest = float(np.sqrt(variances[count:].sum() / (features - count)))
    made = pack(OodModel(mean, directions[:count], np.sqrt(variances[:count]), rest))
    shown = unpack(made, features)  # the limit belongs to what the edge reads, rounded to halves
    distances = np.array([shown.distance(one) for one in validation])
    return made, {"unlike": round(float(np.quantile(distances, LEAST_PASSING)) * ROOM, 4), "features": features}
