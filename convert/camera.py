"""The camera's part of a card: temperature, operating points and gate, set on photographs of validation films.

A photograph of a film is softer, greyer and less even than its file, so a network that is right about it is less sure,
and the gate's limits for files refuse much of it. Both are set anew here, and counted on photographs of test films.
"""

import numpy as np

from convert import likeness, places
from edge_app import kinds, reading
from edge_app.likeness import unpack
from edge_app.picture_checks import LEAST
from train import batches, calibrate, evaluate
from train.photographs import CHECKS, Photographs, simulator

# The share of the validation photographs that keeps each limit. One that no file kept is not made stricter.
PASSING = 0.99
# A picture that is more likely something else than a frontal film is refused, however many photographs look so.
MOST_WRONG = 0.5


def measure(content: bytes, variant, like: bytes, limits: dict, held, taken: Photographs, record: dict) -> dict:
    """Return the field `camera` of a card.

    Args:
        content: the flatbuffer.
        variant: of `convert.variants`, for the edge.
        like: of `likeness.fit`, for that file.
        limits: the gate's for files, as in a card.
        held: `release.Held`, validation and test films.
        taken: their photographs, row by row.
        record: `run.json`.
    """
    labels, settings = tuple(record["config"]["labels"]), record["config"]
    seen = np.flatnonzero(taken.crops.found)
    taken, table = taken.at(seen), held.table.iloc[seen].reset_index(drop=True)
    shown = taken.crops.finish(outside=settings["outside"], levels=settings["levels"])
    scores = places.run(places.here()[0], content, variant.films(shown), len(labels)).scores
    likely = unpack(like, limits["features"])
    distances = np.array([likely.distance(one) for one in likeness.embeddings(content, shown, len(labels))])
    val = (table["split"] == "val").to_numpy()
    wrong = taken.kinds[:, [kinds.KINDS.index(kind) for kind in kinds.WRONG]].sum(axis=1)
    cut = taken.kinds[:, kinds.KINDS.index(kinds.CUT)]
    own = {
        "wrong": min(MOST_WRONG, _looser("wrong", limits["wrong"], wrong[val])),
        "cut": _looser("cut", limits["cut"], cut[val]),
        "unlike": _looser("unlike", limits["unlike"], distances[val] * likeness.ROOM),
        "features": limits["features"],
        "picture": {
            name: _looser(name, limit, taken.values[val, CHECKS.index(name)])
            for name, limit in limits["picture"].items()
        },
    }
    passed = (wrong <= own["wrong"]) & (cut <= own["cut"]) & (distances <= own["unlike"])
    for name, limit in own["picture"].items():
        values = taken.values[:, CHECKS.index(name)]
        passed &= values >= limit if name in LEAST else values <= limit
    truth = batches.targets(table["label"], labels)
    temperature = calibrate.temperature(scores[val & passed], truth[val & passed])
    table[[f"score_{label}" for label in labels]] = reading.softened(scores, temperature)
    measured = evaluate.measure(table[passed].reset_index(drop=True), labels, tuple(settings["cells"]))
    split = held.table["split"].to_numpy()
    answered = np.zeros(len(split), bool)
    answered[seen[passed]] = True
    return {
        "temperature": temperature,
        "operating_points": measured["operating_points"],
        "gate": own,
        "metrics": {name: measured[name] for name in ("validation", "test")},
        "photographs": {
            "simulator": simulator(),
            "refused": {name: evaluate.proportion(~answered[split == name]) for name in ("val", "test")},
        },
    }


def _looser(name: str, limit: float, values: np.ndarray) -> float:
    """Return the limit that all but few of some photographs keep, or that for files if that allows more."""
    if name in LEAST:
        return round(float(min(limit, np.quantile(values, 1 - PASSING))), 4)
    return round(float(max(limit, np.quantile(values, PASSING))), 4)
