"""Which films a recipe learns from, which it is watched on, and which it leaves out."""

import hashlib

import numpy as np
import pandas as pd

from edge_app.errors import WrongUsage
from train.index import detectors
from train.training import truth
from train.training.config import TrainConfig


def rows(films: pd.DataFrame, settings: TrainConfig) -> tuple[np.ndarray, np.ndarray]:
    """Return (training rows, validation rows) of a recipe: int arrays of positions in `films`.

    Args:
        films: rows of the index that belong to a split.
        settings: labels, sources, cells, most, without, fold and seed are used.

    Raises:
        WrongUsage: no film has a cell, a label or the source that the recipe names.
    """
    wanted = _of_cells(films, settings) & films["label"].isin(list(truth.taught(settings.labels)))
    # Nor films of other sources that are joined to one left out: the same patient, or the same picture.
    wanted &= ~films["group"].isin(films.loc[left_out(films, settings), "group"])
    # A run that tests on films it leaves out has no other use for the test split than to learn from it.
    learnt = ["train", "test"] if settings.without or settings.fold else ["train"]
    train, val = (np.flatnonzero(wanted & films["split"].isin(splits)) for splits in (learnt, ["val"]))
    if settings.most:
        train = _at_most(train, films, settings)
    for split, chosen in (("train", train), ("val", val)):
        missing = sorted(set(settings.labels) - set(films["label"].iloc[chosen]))
        if missing:
            raise WrongUsage(
                f"the index has no film labelled {missing[0]!r} in split {split!r}; each label needs some: "
                "add a collection that has it, or leave the label out with '--labels'."
            )
    return train, val


def left_out(films: pd.DataFrame, settings: TrainConfig) -> np.ndarray:
    """Return bool (N,): the films that a run without a source or detector, or without a fold, keeps for its test.

    Raises:
        WrongUsage: no film is of the source or detector that is to be left out.
    """
    out = np.zeros(len(films), bool)
    if settings.without:
        out |= (films["source"] == settings.without).to_numpy() | (np.array(detectors.names(films)) == settings.without)
        if not out.any():
            known = ", ".join([*sorted(set(films["source"])), *detectors.with_both(films)])
            raise WrongUsage(f"--without: {settings.without!r} is not in the index; it holds {known}.")
    if settings.fold:
        k, n = (int(part) for part in settings.fold.split("/"))
        out |= folds(films, n) == k - 1
    return out


def folds(films: pd.DataFrame, count: int) -> np.ndarray:
    """Return int (N,), each film's fold, 0 .. count - 1: whole patient groups, by the hash of the group's name."""
    share = [int(hashlib.sha256(f"fold {group}".encode()).hexdigest()[:12], 16) for group in films["group"]]
    return np.array(share) % count


def cells(films: pd.DataFrame) -> pd.Series:
    """Return "source/label" of each film."""
    return films.loc[:, "source"] + "/" + films.loc[:, "label"]


def _of_cells(films: pd.DataFrame, settings: TrainConfig) -> pd.Series:
    """Return for each film whether it is of a cell that the recipe learns from."""
    if unknown := sorted(set(settings.sources) - set(films["source"])):
        known = ", ".join(sorted(set(films["source"])))
        raise WrongUsage(
            f"--sources: {unknown[0]!r} is not in the index, which holds {known}; download it (`make data` says where) "
            "or give '--sources' those that you have."
        )
    cell = cells(films)
    if unknown := sorted(set(settings.cells) - set(cell)):
        raise WrongUsage(f"--cells: {unknown[0]!r} is not in the index; it holds {', '.join(sorted(set(cell)))}.")
    of_cells = cell.isin(settings.cells) if settings.cells else pd.Series(True, index=films.index)
    return of_cells & (films["source"].isin(settings.sources) if settings.sources else True)


def _at_most(train: np.ndarray, films: pd.DataFrame, settings: TrainConfig) -> np.ndarray:
    """Return `settings.most` rows of each cell, drawn at random, in order."""
    shuffled = np.random.default_rng(settings.seed).permutation(train)
    cell = cells(films).iloc[shuffled]
    rank = cell.groupby(cell.to_numpy()).cumcount().to_numpy()
    return np.sort(shuffled[rank < settings.most])
