"""A card that tells of hospitals left out of training, and gives other pneumonia a band."""

import copy

HOW = "trained anew without each collection in turn"


def figure(value: float) -> dict:
    """Return a share with an interval."""
    return {"value": value, "low": round(value - 0.05, 6), "high": round(value + 0.05, 6)}


# By name of a figure, what is added to the sensitivity or the specificity of a hospital.
ADDED = {"suspected_sensitivity": -0.3, "suspected_specificity": 0.04, "referred": -0.4}


def field(names: tuple[str, ...], first: float, second: float) -> dict:
    """Return the field of an operating point: two hospitals with both kinds of films, one of the healthy.

    Args:
        names: of the figures.
        first, second: sensitivity and specificity of the first hospital and of the second; the third clears 0.45.
    """
    values = [{name: round(one + ADDED.get(name, 0), 6) for name in names} for one in (first, second, 0.45)]
    values[2] |= {name: None for name in names if "sensitivity" in name}
    counts = [("North", 500, 200), ("South", 300, 100), ("Healthy", 100, 0)]
    means = {}
    for name in names:
        known = [one[name] for one in values if one[name] is not None]
        means[name] = round(sum(known) / len(known), 6)
    return {
        "how": HOW,
        "pooled": {name: figure(mean) for name, mean in means.items()},
        "hospitals": [
            {"name": hospital, "films": films, "positives": positives}
            | {name: None if value is None else figure(value) for name, value in one.items()}
            for (hospital, films, positives), one in zip(counts, values, strict=True)
        ],
    }


def card(raw: dict, first: float = 0.9, second: float = 0.8) -> dict:
    """Return a card with figures of hospitals left out for every rule and label, and a band for other pneumonia."""
    raw = copy.deepcopy(raw)
    points = raw["operating_points"]
    band = points["refer"]["covid"]
    points["refer"]["pneumonia"] = band | {"low": 0.3, "high": 0.6}
    for rule, labels in points.items():
        names = ("sensitivity", "specificity")
        if rule == "refer":
            names += ("suspected_sensitivity", "suspected_specificity", "referred")
        for label in labels:
            labels[label] = labels[label] | {"left_out": field(names, first, second)}
    return raw
