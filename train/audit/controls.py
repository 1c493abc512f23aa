"""What each kind of picture can tell by itself, with no network of ours: simple classifiers on frozen features.

If the border of a film tells COVID-19 from the rest as well as the network does, the network has proved nothing.
Training films fit, validation films choose, test films report; within one source, where test films are few, five folds
over patients score every film.
"""

import warnings
from collections.abc import Sequence
from functools import partial

import cv2
import numpy as np
from sklearn import metrics as sk
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from tqdm import tqdm

from train.audit import ablations, network
from train.audit.array_cache import key
from train.evaluation import intervals
from train.index.findings import INDETERMINATE
from train.reporting import wording

STRENGTHS = (1e-4, 1e-3, 1e-2, 1e-1)
FOLDS = 5
BINS = 64
THUMBNAIL = 16


def logistic(strength: float, balanced: bool = False):
    """Return logistic regression on standardized features; the smaller `strength` (C), the simpler."""
    # 400 steps are plenty for the order of scores, which is all that is asked.
    model = LogisticRegression(C=strength, max_iter=400, tol=1e-3, class_weight="balanced" if balanced else None)
    return make_pipeline(StandardScaler(), model)


def histogram(whole: np.ndarray) -> np.ndarray:
    """Return float32 (N, 64): the share of each grey band in films uint8 (N, S, S)."""
    counts = [np.bincount(film.ravel() // (256 // BINS), minlength=BINS) for film in whole]
    return (np.array(counts) / whole[0].size).astype(np.float32)


def thumbnail(whole: np.ndarray) -> np.ndarray:
    """Return float32 (N, 256): films uint8 (N, S, S) shrunk to 16 x 16, in 0 .. 1."""
    side = (THUMBNAIL, THUMBNAIL)
    return np.stack([cv2.resize(film, side, interpolation=cv2.INTER_AREA).ravel() for film in whole]) / np.float32(255)


def features(seen_films, cache) -> dict[str, np.ndarray]:
    """Return {name of the kind of picture: float32 (N, features)} of all films."""
    found, net = {}, None
    for name, (change, needs_lungs) in ablations.ALL.items():
        if change is ablations.blurred_lungs or (needs_lungs and seen_films.whole_masks is None):
            continue

        def pictures(span, change=change):
            lungs = None if seen_films.whole_masks is None else seen_films.whole_masks[span]
            return change(seen_films.whole[span], lungs)[..., np.newaxis]

        def look(name=name, pictures=pictures):
            nonlocal net
            net = net or network.imagenet(seen_films.whole.shape[1])
            return network.answers(net, pictures, len(seen_films.films), f"ImageNet, {name}")

        made_of = key(seen_films.whole_key, name, seen_films.lungs_key * needs_lungs)
        both = cache.get(f"imagenet {name}", made_of, look)
        found[name] = network.split(both, 1).embedding
    found[f"grey histogram, {BINS} bins"] = histogram(seen_films.whole)
    found[f"thumbnail, {THUMBNAIL} x {THUMBNAIL}"] = thumbnail(seen_films.whole)
    return found


def measure(by_kind: dict[str, np.ndarray], films, within: str, learnt: Sequence[str], cache) -> dict:
    """Return for each kind of picture what was chosen, AUC on test films, and AUC within a source.

    Args:
        by_kind: what `features` returns.
        films: rows of the index, with source, label, group and split; those of indeterminate appearance, and of
            sources that the run did not learn from, are left out.
        within: the source.
        learnt: the sources that the run learnt from.
        cache: where scores are kept.
    """
    asked = (films["source"].isin(learnt) & (films["label"] != INDETERMINATE)).to_numpy()
    films, by_kind = films[asked], {name: columns[asked] for name, columns in by_kind.items()}
    positive, groups = (films["label"] == "covid").to_numpy(), films["group"].to_numpy()
    split, inside = films["split"].to_numpy(), (films["source"] == within).to_numpy()
    found = {}
    for name, columns in tqdm(by_kind.items(), desc="controls", unit="kind", disable=None):
        made_of = key(columns, positive.astype(np.uint8), "\n".join(split), "\n".join(groups))
        several: list[Pipeline | HistGradientBoostingClassifier] = [logistic(strength) for strength in STRENGTHS]
        if columns.shape[1] == BINS:  # few numbers, whose order means nothing to a straight line
            several.append(HistGradientBoostingClassifier(max_iter=200, random_state=0))
        scored = cache.get(f"control {name}", made_of, partial(_score, several, columns, positive, groups, split))
        test, chosen = split == "test", int(scored[0, 2])
        found[name] = {
            "chosen": f"C = {STRENGTHS[chosen]:g}" if chosen < len(STRENGTHS) else "gradient boosting",
            "test": intervals.auc(positive[test], scored[test, 0], groups[test]),
            "within_test": intervals.auc(positive[test & inside], scored[test & inside, 0], groups[test & inside]),
            "within": intervals.auc(positive[inside], scored[inside, 1], groups[inside]),
        }
    return found


def show(section, numbers: dict, network_figures: dict, within: str) -> None:
    """Write the part of the chapter; `network_figures` are the released network's `test` and `within` AUC."""
    section.heading("What each kind of picture tells by itself")
    section.text(
        "No network of ours: pictures of 128 x 128 go through EfficientNet-Lite0 as ImageNet left it, and logistic "
        "regression learns COVID-19 against the rest from its features; of histogram and thumbnail it learns directly. "
        f"Within `{within}` every film is scored out of fold (five folds over patients, trained on films of all "
        "sources that the run learnt from). **Where a row without lungs comes near the row with them, the films give "
        "COVID-19 away without the disease**, and a network may have used it."
    )
    rows = [
        (name, figure["chosen"], *(wording.text(figure[place]) for place in ("test", "within")))
        for name, figure in numbers.items()
    ]
    rows.append(("**the network of this run**", "-", *(wording.text(network_figures[p]) for p in ("test", "within"))))
    section.table(
        ("kind of picture", "chosen on validation", "AUC, test films", f"AUC within {within}, out of fold"),
        rows,
        "COVID-19 against all other films.",
    )
    rest = ablations.LUNGS_OUT if ablations.LUNGS_OUT in numbers else ablations.OUTER
    whole, left = (numbers[name]["test"] for name in (ablations.WHOLE, rest))
    if whole and left:
        section.text(
            f"On the test films of all of them the whole film gives {whole['value']:.3f}, and `{rest}` "
            f"**{left['value']:.3f}**."
        )


def choose(candidates, judge, columns, truth, fit, val):
    """Fit the candidates, and return the place of the one that `judge(estimator, columns, truth)` likes best."""
    for candidate in candidates:
        quiet_fit(candidate, columns[fit], truth[fit])
    return int(np.argmax([judge(candidate, columns[val], truth[val]) for candidate in candidates]))


def quiet_fit(estimator, columns, truth):
    """Fit, without the warning that the last digits still move after the allowed steps."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return estimator.fit(columns, truth)


def _score(candidates, columns, positive, groups, split):
    """Return float (N, 3): scores of the fit on training films, scores out of fold, and the place of the choice."""

    def judge(estimator, columns, truth):
        return sk.roc_auc_score(truth, estimator.predict_proba(columns)[:, 1])

    at = choose(candidates, judge, columns, positive, split == "train", split == "val")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        folded = cross_val_predict(
            candidates[at], columns, positive, groups=groups, cv=GroupKFold(FOLDS), method="predict_proba"
        )
    fitted = candidates[at].predict_proba(columns)[:, 1]
    return np.column_stack([fitted, np.asarray(folded)[:, 1], np.full(len(columns), at, float)])
