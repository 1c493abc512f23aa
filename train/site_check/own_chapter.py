"""The report's part on the calibration file: what these films may change of the rule, and what they give with it."""

from train.reporting.page import Section
from train.reporting.wording import text
from train.site_check.wording import NAMES

EDGES = {"unsure_from": "unsure from", "suspected_from": "suspected from"}


def write(section: Section, numbers: dict) -> None:
    """Write what `own_rule.measure` found."""
    own, rule = numbers["own_rule"], numbers["operating_point"]
    section.heading("What a calibration file would change")
    if own["lacking"]:
        section.note(f"No calibration file can be made: {own['lacking']}.")
        return
    section.text(
        f"`--calibration-out FILE --key KEY` writes a signed file that the edge takes with `--site FILE`, for rule "
        f"`{rule}`. A threshold moves only where these films prove that it may, or that it must; in all other cases "
        "the model's own stays, so that no more patients are missed than these films support. The figures below, those "
        "of the file, are of films that did not choose the thresholds: ten folds by patient."
    )
    rows = [
        (label, EDGES[edge], f"{move['before']:.4f}", f"{move['value']:.4f}", move["move"], move["why"])
        for label, found in own["findings"].items()
        for edge, move in found["moves"].items()
    ]
    section.table(("finding", "threshold", "model's", "this site's", "is", "why"), rows, "On the model's own scores.")
    for label, found in own["findings"].items():
        if not found["moves"]:
            section.note(f"{label}: the model's own threshold and figures; too few patients of both kinds were filmed.")
    temperature = own["temperature"]
    section.text(f"Temperature **{temperature['value']:.3f}**: {temperature['why']}")
    section.table(
        ("figure", *own["findings"]),
        [(words, *(_figure(found, name) for found in own["findings"].values())) for name, words in NAMES.items()],
        "With the site's thresholds, on films that did not choose them.",
    )


def _figure(found: dict, name: str) -> str:
    return text(found["figures"].get(name)) if found["figures"] else "-"
