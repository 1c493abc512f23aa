"""Which films the ranges of activations are measured on: training films only, alike from every source and label."""

import numpy as np

from convert.quantize import quantize
from edge_app.errors import EdgeError
from train.evaluation.evaluate import Scope

# Films a cell (source and label) gives: enough for stable ranges, few enough for a minute. See models/CONVERSION.md.
PER_CELL = 25
SEED = 1


def rows(
    films, record: dict, per_cell: int = PER_CELL, seed: int = SEED, least: int = quantize.LEAST_CALIBRATION
) -> np.ndarray:
    """Choose training films, the same number from every cell, seeded: int (N,) rows of `films`.

    Args:
        films: rows of the index.
        record: `run.json`; its labels, cells and sources are kept to, as `Scope.own`.
        per_cell: films a cell, if it has that many.
        seed: of the choice.
        least: more a cell are taken where that makes fewer films than this.
    """
    cell = films["source"] + "/" + films["label"]
    own = films.index.isin(Scope.of(record["config"]).own(films).index)
    found = np.flatnonzero(own & (films["split"] == "train").to_numpy())
    shuffled = np.random.default_rng(seed).permutation(found)
    names = cell.iloc[shuffled].to_numpy()
    seen = cell.iloc[shuffled].groupby(names).cumcount().to_numpy()
    return np.sort(shuffled[seen < max(per_cell, -(-least // max(1, len(set(names)))))])


def checked(films: np.ndarray) -> np.ndarray:
    """Return uint8 (N, S, S, 1) as it is, if ranges can be measured on it.

    Raises:
        EdgeError: fewer than `quantize.LEAST_CALIBRATION` films show anything.
    """
    shown = sum(np.ptp(film) > 0 for film in films)
    if shown < quantize.LEAST_CALIBRATION:
        raise EdgeError(
            f"training films: {len(films)} are at hand to measure the ranges of activations on, of which {shown} show "
            f"anything; {quantize.LEAST_CALIBRATION} are needed; index more films with 'python -m train index'."
        )
    return films


def whole_range(films: np.ndarray) -> np.ndarray:
    """Return a copy of uint8 (N, S, S, channels) with a 0 and a 255 in a corner of the first film.

    The scale of the int8 input needs both, and a film may lack white.
    """
    films = np.array(films)
    films[0, 0, 0], films[0, 0, 1] = 0, 255
    return films
