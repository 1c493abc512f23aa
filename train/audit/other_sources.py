"""Sources that a run never learnt from: left out by construction, so what it would be worth in another hospital."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from train.audit import appearance
from train.evaluation import answers, calibration, intervals
from train.index.findings import COVID, INDETERMINATE, NORMAL, OTHER, PNEUMONIA
from train.reporting import wording
from train.training import calibrate

ALL_VIEWS = "all views"
VIEWS = ("PA", "AP")
ADULTS, CHILDREN, EVERY = "healthy adults", "healthy children", "all films"
# What an AUC is of.
COVID_NORMAL, COVID_REST, PNEUMONIA_NORMAL = (
    "COVID-19 against normal",
    "COVID-19 against all others",
    "pneumonia against normal",
)
# With fewer validation films a temperature is chance.
LEAST_FILMS = 20


def measure(
    films: pd.DataFrame, validation: pd.DataFrame, child: np.ndarray, labels: tuple[str, ...], points: Mapping
) -> dict[str, dict]:
    """Return by source the figures of all its views and of PA and AP films, and its calibration.

    Args:
        films: the test films of these sources, with source, view, label, group and the scores.
        validation: their validation films, which no network learnt from either; they choose the temperature alone.
        child: bool (N,), which of `films` are of children.
        labels: of the network.
        points: the operating point of each disease by the default rule.
    """
    asked = (films["label"] != INDETERMINATE).to_numpy()
    films, child = films.loc[asked].reset_index(drop=True), child[asked]
    said = answers.verdicts(films, labels, points) if len(films) else np.empty(0, object)
    found = {}
    for source in sorted(set(films["source"])):
        here = (films["source"] == source).to_numpy()
        ways = {ALL_VIEWS: here} | {view: here & films["view"].str.startswith(view).to_numpy() for view in VIEWS}
        chosen_by = validation.loc[(validation["source"] == source) & (validation["label"] != INDETERMINATE)]
        found[source] = {
            "views": {
                name: _figures(films.loc[which], said[which], child[which])
                for name, which in ways.items()
                if which.any()
            },
            "calibration": _calibrated(films.loc[here], chosen_by),
        }
    return found


def _figures(films: pd.DataFrame, said: np.ndarray, child: np.ndarray) -> dict:
    label, groups = films["label"].to_numpy(object), films["group"].to_numpy()
    kinds = {
        ADULTS: (label == NORMAL) & ~child,
        CHILDREN: (label == NORMAL) & child,
        **{name: label == name for name in (COVID, PNEUMONIA, OTHER)},
        EVERY: np.ones(len(films), bool),
    }
    shares = {name: answers.shares(said[which], groups[which]) for name, which in kinds.items()}
    return {
        "n": len(films),
        "positives": int((label == COVID).sum()),
        "patients": len(np.unique(groups)),
        "auc": _aucs(films, label, groups),
        "verdicts": {name: figures for name, figures in shares.items() if figures},
    }


def _aucs(films: pd.DataFrame, label: np.ndarray, groups: np.ndarray) -> dict[str, dict | None]:
    covid, rest = films["score_covid"].to_numpy(float), 1 - films["score_normal"].to_numpy(float)
    every = np.ones(len(films), bool)
    questions = {
        COVID_NORMAL: (np.isin(label, (COVID, NORMAL)), COVID, covid),
        COVID_REST: (every, COVID, covid),
        PNEUMONIA_NORMAL: (np.isin(label, (PNEUMONIA, NORMAL)), PNEUMONIA, rest),
    }
    return {
        name: intervals.auc(label[asked] == ill, scores[asked], groups[asked]) if asked.any() else None
        for name, (asked, ill, scores) in questions.items()
    }


def _calibrated(films: pd.DataFrame, validation: pd.DataFrame) -> dict:
    """Return the calibration error of COVID-19 before and after a temperature that the validation films choose."""
    scores, positive = films["score_covid"].to_numpy(float), (films["label"] == COVID).to_numpy()
    groups = films["group"].to_numpy()
    found = {"films": len(validation), "temperature": None, "after": None}
    found["before"] = calibration.figures(scores, positive, groups)["ece"]
    if len(validation) >= LEAST_FILMS:
        truth = (validation["label"] == COVID).to_numpy(float)[:, None]
        found["temperature"] = calibrate.temperature(validation["score_covid"].to_numpy(float)[:, None], truth)
        scaled = calibration.before_scaling(scores, 1 / found["temperature"])
        found["after"] = calibration.figures(scaled, positive, groups)["ece"]
    return found


def show(page, numbers: dict[str, dict]) -> None:
    """Write the chapter."""
    section = page.section(
        "Sources the run never learnt from",
        "Collections of other hospitals, of which this very network saw no film: neither to learn from nor to choose "
        "thresholds or weights by. **These figures are the nearest to a new hospital that public films allow.** What "
        "they call COVID-19 or pneumonia is often a laboratory's word and not the film's, so an AUC has a ceiling "
        "here; where a source has one label, it has none.",
    )
    if not numbers:
        section.note("There are none: the run learnt from every source of the index.")
        return
    names = (COVID_NORMAL, COVID_REST, PNEUMONIA_NORMAL)
    section.table(
        ("source, view", "COVID-19 of films", "patients", *(f"AUC, {name}" for name in names)),
        [
            (
                f"{source}, {view}",
                wording.count(figures),
                str(figures["patients"]),
                *(wording.text(figures["auc"][name]) for name in names),
            )
            for source, one in numbers.items()
            for view, figures in one["views"].items()
        ],
        "Pneumonia: by 1 less the score of no pneumonia. Views are of the films of which they are known.",
    )
    for source, one in numbers.items():
        views = one["views"].items()
        kinds = {f"{kind}, {view}": of for view, part in views for kind, of in part["verdicts"].items()}
        appearance.table_of_verdicts(section, kinds, source, f"Films of {source} by the default rule, `refer`.")
    _show_calibration(section, numbers)


def _show_calibration(section, numbers) -> None:
    section.heading("Calibration there")
    section.text(
        "Expected calibration error (ECE) of COVID-19 as the network is, and after one temperature that the source's "
        f"own validation films chose (no fewer than {LEAST_FILMS}; the films of the figure did not). A source without "
        "COVID-19 has an error wherever a score is not near 0, and no temperature can lower all scores."
    )
    section.table(
        ("source", "validation films", "temperature", "ECE before", "ECE after"),
        [
            (
                source,
                str(one["calibration"]["films"]),
                f"{one['calibration']['temperature']:.2f}" if one["calibration"]["temperature"] else "-",
                *(wording.text(one["calibration"][name]) for name in ("before", "after")),
            )
            for source, one in numbers.items()
        ],
    )
