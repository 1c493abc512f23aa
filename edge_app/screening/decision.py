"""The findings of a film become its verdict, one of five words. Pure: knows words, not where the scores came from."""

from collections.abc import Mapping
from dataclasses import replace

from edge_app.screening import finding
from edge_app.screening.finding import Finding

COVID = "covid suspected"
PNEUMONIA = "other pneumonia suspected"
NORMAL = "no finding suspected"
UNSURE = "unsure: refer to a radiologist"
REFUSED = "refused"  # by the gate, before any score counts; the reason stands beside it
VERDICTS = (COVID, UNSURE, PNEUMONIA, NORMAL, REFUSED)
SUSPECTED = {"covid": COVID, "pneumonia": PNEUMONIA}


def verdict(findings: Mapping[str, Finding]) -> str:
    """Return the verdict: the first label of `finding.LABELS` that is not cleared decides.

    COVID-19 is asked first, since a missed patient is the dangerous error. So a verdict about COVID-19 hides what is
    said of pneumonia: show the findings beside it.
    """
    for label in finding.LABELS:
        answer = findings[label].answer if label in findings else finding.CLEARED
        if answer != finding.CLEARED:
            return SUSPECTED[label] if answer == finding.SUSPECTED else UNSURE
    return NORMAL


def decide(
    scores: Mapping[str, float],
    thresholds: Mapping[str, float],
    bands: Mapping[str, tuple[float, float]] | None = None,
) -> str:
    """Return the verdict on scores; arguments and errors as of `finding.find`."""
    return verdict(finding.find(scores, thresholds, bands))


def with_findings(row: Mapping, point: Mapping) -> dict:
    """Return a row of docs/results.md with its findings, which rows written before version 0.3 lack.

    Args:
        row: of a film.
        point: `operating_point` of its run.
    """
    if "findings" in row:
        return dict(row)
    corrected = row.get("corrected")
    return {
        **row,
        "findings": _of_old(row, point),
        "corrected": corrected and corrected | {"findings": _of_old(corrected, point)},
    }


def _of_old(row: Mapping, point: Mapping) -> dict[str, dict] | None:
    """Return the findings of a row, or of its part `corrected`, from before there were any: a band was COVID-19's."""
    if not row.get("scores"):
        return None
    found = finding.find(row["scores"], point["thresholds"], {"covid": tuple(point["band"])} if point["band"] else {})
    # What was said of COVID-19 is in the verdict; one frame of a camera could make it unsure, whatever the median.
    answer = {COVID: finding.SUSPECTED, UNSURE: finding.UNSURE}.get(row["verdict"], finding.CLEARED)
    return finding.in_rows(found | {"covid": replace(found["covid"], answer=answer)})
