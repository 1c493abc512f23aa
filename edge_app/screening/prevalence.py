"""Predictive values at a prevalence: how often a verdict is right where COVID-19 is more or less common.

Sensitivity and specificity were measured on test films. Only the site knows which share of the people it films has
COVID-19; at 1 in 100, with 95 % sensitivity and specificity, 5 of 6 suspicions are wrong.
"""

from collections.abc import Mapping

from edge_app.errors import WrongUsage


def read(text: str) -> float:
    """Return the prevalence that a user stated.

    Raises:
        WrongUsage: it is not a number between 0 and 1; at 0 and at 1 a test adds nothing.
    """
    try:
        prevalence = float(text)
    except ValueError:
        prevalence = -1
    if not 0 < prevalence < 1:
        raise WrongUsage(f"--prevalence: {text!r} is not between 0 and 1; write 5 in 100 as 0.05.")
    return prevalence


def expected(sensitivity: Mapping | None, specificity: Mapping | None, prevalence: float) -> dict[str, dict | None]:
    """Return the predictive values of a test.

    Both values grow with both shares, so their intervals reach from both lower ends to both upper ends. That is
    conservative: wider than an interval of 95 %, since both shares are seldom so far off on the same side.

    Args:
        sensitivity: {value, low, high}, shares 0 .. 1; None if no film was there to measure it on.
        specificity: the same.
        prevalence: share of the people tested who have the disease, between 0 and 1.

    Returns:
        `ppv`, the share of the suspected who have it, and `npv`, the share of the others who do not: each {value, low,
        high}, or None where it is not defined.

    Raises:
        ValueError: `prevalence` is not between 0 and 1.
    """
    if not 0 < prevalence < 1:
        raise ValueError(f"prevalence is {prevalence}; it must lie between 0 and 1")
    if not sensitivity or not specificity:
        return {"ppv": None, "npv": None}
    ppv, npv = {}, {}
    for part in ("value", "low", "high"):
        found, missed = sensitivity[part] * prevalence, (1 - sensitivity[part]) * prevalence
        cleared, alarmed = specificity[part] * (1 - prevalence), (1 - specificity[part]) * (1 - prevalence)
        ppv[part], npv[part] = _share(found, alarmed), _share(cleared, missed)
    return {"ppv": _whole(ppv), "npv": _whole(npv)}


def of_point(point: Mapping[str, Mapping], prevalence: float) -> dict[str, dict | None]:
    """Return the predictive values of an operating point, from its measured figures by name; see `expected`.

    Where a band of scores is unsure, `ppv` is of the films above it and `npv` of those below it.
    """
    sensitivity, specificity = point["sensitivity"], point["specificity"]
    above = point.get("suspected_sensitivity", sensitivity), point.get("suspected_specificity", specificity)
    return {
        "ppv": expected(above[0], above[1], prevalence)["ppv"],
        "npv": expected(sensitivity, specificity, prevalence)["npv"],
    }


def _share(part: float, rest: float) -> float | None:
    return part / (part + rest) if part + rest else None


def _whole(figure: dict) -> dict | None:
    return None if None in figure.values() else figure
