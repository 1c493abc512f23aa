"""What a file may lose against the Keras model it comes from, and whether it does: pure, arrays in.

Measured on the validation films, since the test films take no part in any choice, and refusing a file is one.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from train import evaluate, operating_points
from train.audit import calibration

# (largest or least allowed, digits shown): issue 4. Ranking, sensitivity and verdicts are what a patient notices.
MOST_AUC_LOSS = 0.003
MOST_SENSITIVITY_LOSS = 0.01
MOST_FLIPS = 0.01
MOST_ECE_RISE = 0.01
LEAST_HEAT = 0.95
RULE = "sensitive"


@dataclass(frozen=True)
class Answers:
    """What a network says of films.

    Attributes:
        scores: float (N, labels), 0 .. 1.
        maps: float (N, h, w, labels), class maps; None of a file for phones, which has none.
    """

    scores: np.ndarray
    maps: np.ndarray | None = None


def figures(parent: Answers, child: Answers, labels: tuple[str, ...], truth: np.ndarray) -> dict:
    """Compare a file with its parent, each at its own thresholds of the rule `sensitive`.

    Args:
        parent: of the Keras model.
        child: of the file, on the same films.
        labels: of the columns of the scores.
        truth: str (N,), the label of each film.

    Returns:
        auc, sensitivity, ece, each {parent, child}, of COVID-19; `flips`, the share of films with another verdict;
        `heat`, the mean over films of the correlation of the class maps of COVID-19, or None without maps; and
        `score_difference` {mean, most}.
    """
    ill, covid = truth == "covid", labels.index("covid")
    both = {"parent": parent, "child": child}
    found = {name: _of(answers.scores, labels, truth) for name, answers in both.items()}
    compared = {
        figure: {name: found[name][figure] for name in both} for figure in ("auc", "sensitivity", "specificity", "ece")
    }
    apart = np.abs(parent.scores - child.scores)
    return compared | {
        "films": len(truth),
        "ill": int(ill.sum()),
        "flips": float(np.mean(found["parent"]["verdicts"] != found["child"]["verdicts"])),
        "heat": None if child.maps is None else heat(parent.maps[..., covid], child.maps[..., covid]),
        "score_difference": {"mean": float(apart.mean()), "most": float(apart.max())},
    }


def _of(scores: np.ndarray, labels: tuple[str, ...], truth: np.ndarray) -> dict:
    """Return auc, sensitivity, specificity and ece of COVID-19, and the verdict on each film."""
    named = {label: scores[:, labels.index(label)] for label in labels if label != "normal"}
    chosen = {label: operating_points.choose(label, column, truth == label) for label, column in named.items()}
    thresholds = {label: points[RULE]["threshold"] for label, points in chosen.items()}
    covid, ill = named["covid"], truth == "covid"
    levels = np.unique(covid, return_inverse=True)[1]
    even = np.ones(len(covid))
    called = covid >= thresholds["covid"]
    return {
        "auc": evaluate.weighted_auc(ill, levels, even),
        "sensitivity": float(called[ill].mean()),
        "specificity": float((~called[~ill]).mean()),
        "ece": calibration.error(covid, ill, calibration.equal_width(covid))(even),
        "verdicts": evaluate.decided(scores, labels, thresholds),
    }


def heat(parent: np.ndarray, child: np.ndarray) -> float:
    """Return the mean over films of the correlation of two class maps, float (N, h, w); even maps count as equal."""
    pairs = zip(parent.reshape(len(parent), -1), child.reshape(len(child), -1), strict=True)
    each = [1.0 if np.ptp(one) == np.ptp(other) == 0 else stats.pearsonr(one, other)[0] for one, other in pairs]
    return float(np.nan_to_num(np.array(each)).mean())


def shortfalls(found: dict) -> list[str]:
    """Return a sentence for each gate that `figures` do not pass: which figure, what it is, what is allowed."""
    loss = {name: found[name]["parent"] - found[name]["child"] for name in ("auc", "sensitivity", "ece")}
    gates = (
        ("the AUC of COVID-19 falls by", loss["auc"], MOST_AUC_LOSS, ".4f"),
        (f"its sensitivity by rule '{RULE}' falls by", loss["sensitivity"], MOST_SENSITIVITY_LOSS, ".2%"),
        ("the verdict changes on", found["flips"], MOST_FLIPS, ".2%"),
        ("its calibration error rises by", -loss["ece"], MOST_ECE_RISE, ".4f"),
    )
    said = [
        f"{what} {value:{shown}}, {most:{shown}} is allowed" for what, value, most, shown in gates if value > most
    ]
    if found["heat"] is not None and found["heat"] < LEAST_HEAT:
        said.append(f"its heat maps correlate {found['heat']:.3f} with the model's, {LEAST_HEAT} is needed")
    return said
