"""Predictive values at a prevalence: how often an answer is right where a disease is more or less common.

Sensitivity and specificity were measured on films. Only the site knows which share of the people it films has COVID-19,
or another pneumonia; at 1 in 100, with 95 % sensitivity and specificity, 5 of 6 suspicions are wrong.
"""

import math
from collections.abc import Mapping

from edge_app.errors import WrongUsage
from edge_app.screening.finding import CLEARED, SUSPECTED, UNSURE


def read(text: str, flag: str = "--prevalence") -> float:
    """Return the prevalence that a user stated with a flag.

    Raises:
        WrongUsage: it is not a number between 0 and 1; at 0 and at 1 a test adds nothing.
    """
    try:
        prevalence = float(text)
    except ValueError:
        prevalence = math.nan
    if not 0 < prevalence < 1:
        raise WrongUsage(f"{flag}: {text!r} is not between 0 and 1; write 5 in 100 as 0.05.")
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


def of_answers(point: Mapping[str, Mapping], prevalence: float) -> dict[str, dict | None]:
    """Return how often each answer to a finding is right at a prevalence.

    Args:
        point: the measured figures of an operating point by name, of `card.OperatingPoint`.
        prevalence: share of the people tested who have it, between 0 and 1.

    Returns:
        {value, low, high} by answer, None where it is not defined: of `SUSPECTED` the share who have it (PPV), of
        `CLEARED` the share who do not (NPV), and, where the rule has a band, of `UNSURE` the share who have it.
        Intervals as of `expected`.
    """
    whole = of_point(point, prevalence)
    found = {SUSPECTED: whole["ppv"], CLEARED: whole["npv"]}
    if "referred" in point:
        found[UNSURE] = _among_unsure(point, prevalence)
    return found


def _among_unsure(point: Mapping[str, Mapping], prevalence: float) -> dict | None:
    """Return the share of the unsure who have it: {value, low, high}.

    What is unsure lies between both ends of the band: of the sick those not cleared less those suspected, of the others
    those not suspected less those cleared.
    """
    sick = _less(point["sensitivity"], point["suspected_sensitivity"])
    others = _less(point["suspected_specificity"], point["specificity"])
    opposite = {"value": "value", "low": "high", "high": "low"}
    return _whole(
        {
            part: _share(sick[part] * prevalence, others[opposite[part]] * (1 - prevalence))
            for part in ("value", "low", "high")
        }
    )


def _less(whole: Mapping[str, float], part: Mapping[str, float]) -> dict[str, float]:
    """Return the share that lies in `whole` and not in `part`, with the ends of its interval, at least 0."""
    ends = {"value": ("value", "value"), "low": ("low", "high"), "high": ("high", "low")}
    return {name: max(0.0, whole[of_whole] - part[of_part]) for name, (of_whole, of_part) in ends.items()}


def _share(part: float, rest: float) -> float | None:
    return part / (part + rest) if part + rest else None


def _whole(figure: dict) -> dict | None:
    return None if None in figure.values() else figure
