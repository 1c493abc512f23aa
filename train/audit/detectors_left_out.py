"""Leave-one-detector-out: each detector's films, judged by a training that saw no film of that machine."""

from collections.abc import Sequence

import numpy as np

from train.audit import appearance
from train.evaluation import answers, intervals, left_out
from train.evaluation.hospitals import Part
from train.reporting import wording

# What is averaged over the detectors: name -> (appearance of the films, answer).
MEANS = {
    "typical_kept": (appearance.TYPICAL, answers.KEPT),
    "negative_cleared": (appearance.NEGATIVE, answers.CLEARED),
    "negative_covid": (appearance.NEGATIVE, answers.COVID),
    "unsure": ("all films", answers.UNSURE),
}


def measure(parts: Sequence[Part], expected: Sequence[str], labels: tuple[str, ...], rule: str) -> dict:
    """Return the figures of each detector, their means in which each counts the same, and which are missing.

    Args:
        parts: of `train.evaluation.hospitals.of_detectors`.
        expected: the detectors with enough films of both kinds, of `train.index.detectors.with_both`.
        labels: of the networks.
        rule: by which verdicts are given, at each training's own thresholds.
    """
    found = {}
    for part in parts:
        films = part.films.reset_index(drop=True)
        found[part.name] = {
            "films": len(films),
            "patients": len(set(films["group"])),
            "auc": intervals.auc(*appearance.asked(films, appearance.TYPICAL_NEGATIVE)),
            "verdicts": appearance.verdicts(films, labels, part.points[rule]),
        }
    return {
        "detectors": found,
        "missing": sorted(set(expected) - set(found)),
        "mean": {"auc": _mean_auc(parts)} | {name: _mean_share(found, *MEANS[name]) for name in MEANS},
    }


def _mean_auc(parts: Sequence[Part]) -> intervals.Figure | None:
    asked = [appearance.asked(part.films, appearance.TYPICAL_NEGATIVE) for part in parts]
    return intervals.mean_of([(intervals.auc_statistic(positive, scores), who) for positive, scores, who in asked])


def _mean_share(found: dict, kind: str, answer: str) -> intervals.Figure | None:
    shares = [one["verdicts"][kind] for one in found.values() if kind in one["verdicts"]]
    if not shares:
        return None
    return left_out.mean(
        np.array([share[answer]["value"] for share in shares]), np.array([share["patients"] for share in shares])
    )


def show(page, numbers: dict, command: str) -> None:
    """Write the chapter; `command` makes what is missing."""
    section = page.section(
        "Leave-one-detector-out",
        "For each detector with enough films of both kinds a network is trained without its films, and judges them at "
        "thresholds that its own validation films set: another machine, and so another ward, of the same collection. "
        "The native size of its films stands for the detector.",
    )
    if numbers["missing"]:
        section.note(
            f"Not measured: {', '.join(numbers['missing'])}, of which no training without it is finished; run "
            f"`{command}`, which goes on where it was stopped. The means below lack them."
        )
    if not numbers["detectors"]:
        if not numbers["missing"]:
            section.note("Not measured: no detector of the films that the run learnt from has enough of both kinds.")
        return
    mean = numbers["mean"]
    detectors = numbers["detectors"].items()
    rows = [(name, *_row(figures["auc"], _shares(figures["verdicts"]))) for name, figures in detectors]
    rows.append(("**mean**", *_row(mean["auc"], [mean[name] for name in MEANS])))
    section.table(
        (
            "detector left out",
            "AUC, typical against negative",
            "typical: suspected or unsure",
            "negative: no finding",
            "negative: COVID-19 suspected",
            "all: unsure",
        ),
        rows,
        "By the default rule, `refer`, of each training. Intervals of detectors are 95 % over patients; those of means "
        "also draw the detectors, each counting the same.",
    )
    for name, figures in detectors:
        appearance.table_of_verdicts(section, figures["verdicts"], name, f"Films of {name}.")


def _shares(verdicts: dict) -> list[dict | None]:
    return [verdicts[kind][answer] if kind in verdicts else None for kind, answer in MEANS.values()]


def _row(auc, shares) -> list[str]:
    return [wording.text(figure) for figure in (auc, *shares)]
