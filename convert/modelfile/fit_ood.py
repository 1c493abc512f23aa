"""What the embeddings of training films are like, by the very file that will be asked: `edge_app.model.ood` fitted."""

import numpy as np
import pandas as pd

from convert.modelfile import golden_film
from edge_app.model.ood import OodModel, pack, unpack
from train.index.sources import CHILDREN

# Training films the fit is made from, drawn alike from every source and label, at most this many of each.
PER_CELL = 300
SEED = 1
# Directions kept, by the features of the network: `short` has 320 and must stay below 1 MB, `lite0` 1,280. Each costs
# two bytes a feature; more than these moved the share of refused validation films of other kinds by under 1 %.
DIRECTIONS = {320: 24, 1280: 32}
# Validation films a source gives, at most, and how many it must give to be asked: of fewer no percentile is known.
PER_SOURCE, LEAST_OF_SOURCE = 400, 50
# The limit lies this far above the farthest but one in 100 of the validation films of the source whose films lie
# farthest: films of hospitals that gave none lie a little farther than those at hand.
LEAST_PASSING, ROOM = 0.99, 1.05


def embeddings(content: bytes, films: np.ndarray, labels: int) -> np.ndarray:
    """Return what a file for the edge answers as embedding, float32 (N, features).

    Args:
        content: a flatbuffer of `variants.flatbuffer`.
        films: uint8 (N, S, S, 1).
        labels: how many scores it answers.
    """
    return next(one for one in golden_film.answers(content, films) if one.ndim == 2 and one.shape[1] != labels)


def rows_to_pass(films: pd.DataFrame) -> np.ndarray:
    """Choose the validation films that the limit is set on: int (M,).

    They are of every source, whatever its label, whether the network has learnt from it or not, but for children's
    films: their age refuses them.

    Args:
        films: rows of the index, or of `scores.csv`.
    """
    chosen = films.loc[(films["split"] == "val") & (films["source"] != CHILDREN), "source"]
    shuffled = chosen.sample(frac=1, random_state=SEED)
    return np.sort(films.index.get_indexer(shuffled.groupby(shuffled.to_numpy()).head(PER_SOURCE).index))


def fit(training: np.ndarray, validation: np.ndarray, sources: np.ndarray | None = None) -> tuple[bytes, dict]:
    """Fit the embeddings of training films and choose the limit on those of validation films.

    Args:
        training: float32 (N, features).
        validation: float32 (M, features).
        sources: str (M,), the collection of each validation film; None if all are of one.

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
    farthest = max(np.quantile(some, LEAST_PASSING) for some in _of_each_source(distances, sources))
    return made, {"unlike": round(float(farthest) * ROOM, 4), "features": features}


def _of_each_source(distances: np.ndarray, sources: np.ndarray | None) -> list[np.ndarray]:
    """Return the distances of each source that has enough films; those of all films if none has."""
    names = [] if sources is None else np.unique(sources)
    parts = [distances[sources == name] for name in names]
    return [part for part in parts if len(part) >= LEAST_OF_SOURCE] or [distances]
