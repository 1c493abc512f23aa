"""What a film shows, by what radiologists said of it: the question that the network is taught."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from train.evaluation import answers, intervals
from train.index.findings import APPEARANCES
from train.reporting import wording

NEGATIVE, TYPICAL, INDETERMINATE, ATYPICAL = APPEARANCES
# Any opacity is what is not "no pneumonia to be seen": 1 less that score.
COVID, ANY = "score_covid", "score_normal"
# Name of the question -> (appearances of the cases, of the controls, score that answers it).
TYPICAL_NEGATIVE, ANY_NEGATIVE, TYPICAL_ATYPICAL = (
    "typical against negative",
    "any opacity against negative",
    "typical against atypical",
)
QUESTIONS = {
    TYPICAL_NEGATIVE: ((TYPICAL,), (NEGATIVE,), COVID),
    ANY_NEGATIVE: ((TYPICAL, INDETERMINATE, ATYPICAL), (NEGATIVE,), ANY),
    TYPICAL_ATYPICAL: ((TYPICAL,), (ATYPICAL,), COVID),
}


def asked(films: pd.DataFrame, question: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which films are cases, their scores, and their patients: bool, float and object (n,) of those asked.

    Args:
        films: rows with appearance, group and the scores.
        question: of `QUESTIONS`.
    """
    cases, controls, column = QUESTIONS[question]
    here = films.loc[films["appearance"].isin((*cases, *controls))]
    scores = here[column].to_numpy(float)
    positive = here["appearance"].isin(cases).to_numpy()
    return positive, 1 - scores if column == ANY else scores, here["group"].to_numpy()


def aucs(films: pd.DataFrame) -> dict[str, dict | None]:
    """Return the AUC of each of `QUESTIONS`, with 95 % intervals over patients; arguments as of `asked`."""
    return {name: intervals.auc(*asked(films, name)) for name in QUESTIONS}


def verdicts(films: pd.DataFrame, labels: tuple[str, ...], points: Mapping[str, dict]) -> dict[str, dict]:
    """Return `answers.shares` of the films of each appearance that there is, and of `all films`."""
    said, groups = answers.verdicts(films, labels, points), films["group"].to_numpy()
    of = {name: (films["appearance"] == name).to_numpy() for name in APPEARANCES} | {"all films": films["label"] != ""}
    found = {name: answers.shares(said[here], groups[here]) for name, here in of.items()}
    return {name: shares for name, shares in found.items() if shares}


def measure(films: pd.DataFrame, crossfit: pd.DataFrame | None, labels: tuple[str, ...], points: dict) -> dict | None:
    """Return AUC and verdicts by appearance; None if no film's is known.

    Args:
        films: the test films, indeterminate ones included.
        crossfit: all films, each scored by a network that never saw its patient, or None.
        labels: of the network.
        points: the operating point of each disease by the default rule.
    """
    known = films.loc[films["appearance"] != ""].reset_index(drop=True)
    if known.empty:
        return None
    return {
        "films": known["appearance"].value_counts().to_dict(),
        "sources": sorted(set(known["source"])),
        "auc": aucs(known),
        "out_of_fold": None if crossfit is None else aucs(crossfit.loc[crossfit["appearance"] != ""]),
        "verdicts": verdicts(known, labels, points),
    }


def show(page, numbers: dict | None, missing: str) -> None:
    """Write the chapter; `missing` is the sentence to print without a cross-fit."""
    section = page.section(
        "Appearance",
        "What the network is taught is what a film shows: radiologists called each one negative for pneumonia, or "
        "typical, indeterminate or atypical of COVID-19 (Litmanovich et al. 2020, doi:10.1097/RTI.0000000000000541). "
        "**It is not what a laboratory found**: a patient with COVID-19 can have a negative film.",
    )
    if numbers is None:
        section.note("Not measured: no test film of the sources that the run learnt from has a known appearance.")
        return
    folds = numbers["out_of_fold"]
    section.table(
        ("question", "AUC, test films", "AUC, all films out of fold"),
        [(name, wording.text(figure), wording.text(folds and folds[name])) for name, figure in numbers["auc"].items()],
        f"Films of {', '.join(numbers['sources'])} whose patients the network never saw. Any opacity: by 1 less the "
        "score of no pneumonia; the other questions by the score of COVID-19. Out of fold, scores of five networks "
        "are pooled.",
    )
    if folds is None:
        section.note(missing)
    table_of_verdicts(section, numbers["verdicts"], "appearance", "Test films by the default rule, `refer`.")


def table_of_verdicts(section, by_kind: dict[str, dict], first: str, caption: str) -> None:
    """Write a table of `answers.shares` by kind of film; `first` says what the kinds are."""
    section.table(
        (first, "films, patients", "no finding", "unsure", "COVID-19 suspected", "other pneumonia suspected"),
        [
            (
                name,
                f"{shares['n']}, {shares['patients']}",
                *(
                    wording.text(shares[answer])
                    for answer in (answers.CLEARED, answers.UNSURE, answers.COVID, answers.PNEUMONIA)
                ),
            )
            for name, shares in by_kind.items()
        ],
        f"{caption} Share of the films that get each verdict, with 95 % intervals over patients.",
    )
