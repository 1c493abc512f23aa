"""Subgroups of patients and films, as far as a collection says which is which; "" is not known."""

import numpy as np
import pandas as pd

from train.evaluation import figures
from train.index import detectors
from train.index.sources import CHILDREN
from train.reporting import wording

AGE_BANDS = ((18, 40), (40, 60), (60, 80), (80, 200))
SEXES = {"F": "female", "M": "male"}
ADULT = 18
# Longest side in pixels; the collections came shrunk to sides of their own, so a size is nearly a collection's name.
SIZES = (250, 450, 620)


def columns(films: pd.DataFrame, words: np.ndarray) -> pd.DataFrame:
    """Return one text column a way of dividing the films, "" where not known.

    Args:
        films: rows of the index.
        words: object (N,), "yes", "no" or "": whether words are burnt in.
    """
    child = children(films)
    adult = ~child & films["age"].notna()
    asked = detectors.with_both(films)
    return pd.DataFrame(
        {
            "view": films["view"],
            "sex": [SEXES.get(sex, "") for sex in films["sex"]],
            "child or adult": np.select([child, adult], ["child", "adult"], ""),
            "age of adults": [_age_band(age) for age in films["age"]],
            "detector": [name if name in asked else "" for name in detectors.names(films)],
            "longest side": [_size_band(side) for side in films[["width", "height"]].max(axis=1)],
            "burnt-in words": np.asarray(words, dtype=object),
        },
        index=films.index,
    )


def children(films: pd.DataFrame) -> np.ndarray:
    """Return which films, rows of the index, are of children as far as is known: bool (N,)."""
    return ((films["source"] == CHILDREN) | (films["age"] < ADULT)).to_numpy()


def measure(table: pd.DataFrame, divided: pd.DataFrame, threshold: float) -> dict:
    """Return {column: {value: figures}} of COVID-19 against the rest.

    Args:
        table: scores of some films, with label, group and score_covid.
        divided: the rows of these films in what `columns` returns.
        threshold: of `score_covid`.
    """
    return {
        name: {
            value: figures.covid(table[(divided[name] == value).to_numpy()], threshold)
            for value in _order(set(divided[name]) - {""})
        }
        for name in divided
    }


def show(page, numbers: dict) -> None:
    """Write the chapter; `numbers` has `test`, and `crossfit` and `elsewhere` (or None), all from `measure`."""
    section = page.section(
        "Subgroups",
        "COVID-19 against all other films, where a collection says which film belongs to whom. **A subgroup is seldom "
        "free of its hospital**: the children all come from one, view and sex are known in few collections, and the "
        "size of a film nearly names its collection. Detectors are those with enough films of both kinds. A "
        "difference between two rows can be one between hospitals.",
        f"`child` is under {ADULT}, and every film of `{CHILDREN}`, whose publisher says one to five years. "
        "`burnt-in words` is found by a rule of thumb in films of 300 pixels and more (one in six of those it names "
        "holds none, one in four that do is missed); a single letter for the side does not count.",
    )
    _table(section, "Test films, at the operating point.", numbers["test"])
    if numbers["crossfit"]:
        _table(section, "All films, each scored by a network that had not seen its patient.", numbers["crossfit"])
    if numbers["elsewhere"]:
        _table(section, "Films of sources that the run never learnt from.", numbers["elsewhere"])


def _table(section, caption, measured):
    rows = [
        (
            f"{name}: {value}",
            wording.count(figure),
            wording.text(figure["auc"]),
            wording.text(figure["sensitivity"]),
            wording.text(figure["specificity"]),
        )
        for name, values in measured.items()
        for value, figure in values.items()
    ]
    section.table(("subgroup", "COVID-19 of films", "AUC", "sensitivity", "specificity"), rows, caption)


def _order(values):
    """Return the values as a reader expects them: "up to 250" before "251 to 450"."""
    return sorted(values, key=lambda value: (not value.startswith("up to"), value))


def _age_band(age: float) -> str:
    for low, high in AGE_BANDS:
        if low <= age < high:
            return f"{low} to {high - 1}" if high < 200 else f"{low} and more"
    return ""


def _size_band(side: int) -> str:
    for low, high in zip((0, *SIZES), SIZES, strict=False):
        if low < side <= high:
            return f"up to {high}" if low == 0 else f"{low + 1} to {high}"
    return f"{SIZES[-1] + 1} and more"
