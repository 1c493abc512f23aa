"""What a file may lose against the Keras model it comes from, and whether it does: pure, arrays in.

Measured on the validation films, since the test films take no part in any choice, and refusing a file is one.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from train.evaluation import calibration, evaluate, intervals

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

    def at(self, rows: np.ndarray) -> "Answers":
        """Return those to some films, by bool (N,) or int (M,)."""
        return Answers(self.scores[rows], None if self.maps is None else self.maps[rows])


def figures(parent: Answers, child: Answers, labels: tuple[str, ...], truth: np.ndarray, thresholds: dict) -> dict:
    """Compare a file with its parent, both at the thresholds of the parent, which the file's card carries too.

    A threshold chosen again on the file's own scores would hide what it lost, and move by more than the scores did.

    Args:
        parent: of the Keras model.
        child: of the file, on the same films.
        labels: of the columns of the scores.
        truth: str (N,), the label of each film.
        thresholds: of rule `sensitive`, by label.

    Returns:
        auc, sensitivity, specificity, ece, each {parent, child}, of COVID-19; `flips`, the share of films with another
        verdict; `heat`, the mean over films of the correlation of the class maps of COVID-19, or None without maps; and
        `score_difference` {mean, most}.
    """
    ill, covid = truth == "covid", labels.index("covid")
    both = {"parent": parent.scores, "child": child.scores}
    found = {name: _of(scores[:, covid], ill, thresholds["covid"]) for name, scores in both.items()}
    verdicts = [evaluate.decided(scores, labels, thresholds) for scores in both.values()]
    apart = np.abs(parent.scores - child.scores)
    return {figure: {name: found[name][figure] for name in both} for figure in found["parent"]} | {
        "films": len(truth),
        "ill": int(ill.sum()),
        "flips": float(np.mean(verdicts[0] != verdicts[1])),
        "heat": _heat_of(parent, child, covid),
        "score_difference": {"mean": float(apart.mean()), "most": float(apart.max())},
    }


def _of(scores: np.ndarray, ill: np.ndarray, threshold: float) -> dict:
    """Return auc, sensitivity, specificity and ece of COVID-19 from its scores, float (N,)."""
    levels = np.unique(scores, return_inverse=True)[1]
    even = np.ones(len(scores))
    called = scores >= threshold
    return {
        "auc": intervals.weighted_auc(ill, levels, even),
        "sensitivity": float(called[ill].mean()),
        "specificity": float((~called[~ill]).mean()),
        "ece": calibration.error(scores, ill, calibration.equal_width(scores))(even),
    }


def _heat_of(parent: Answers, child: Answers, label: int) -> float | None:
    if parent.maps is None or child.maps is None:
        return None
    return heat(parent.maps[..., label], child.maps[..., label])


def heat(parent: np.ndarray, child: np.ndarray) -> float:
    """Return the mean over films of the correlation of two class maps, float (N, h, w).

    Even maps count as equal (1); an even map and one that is not have nothing in common (0).
    """
    each = []
    for one, other in zip(parent.reshape(len(parent), -1), child.reshape(len(child), -1), strict=True):
        even = np.ptp(one) == 0, np.ptp(other) == 0
        each.append(float(all(even)) if any(even) else stats.pearsonr(one, other)[0])
    return float(np.mean(each))


def shortfalls(found: dict) -> list[str]:
    """Return a sentence for each gate that `figures` do not pass: which figure, what it is, what is allowed."""
    loss = {name: found[name]["parent"] - found[name]["child"] for name in ("auc", "sensitivity", "ece")}
    gates = (
        ("the AUC of COVID-19 falls by", loss["auc"], MOST_AUC_LOSS, ".4f"),
        (f"its sensitivity by rule '{RULE}' falls by", loss["sensitivity"], MOST_SENSITIVITY_LOSS, ".2%"),
        ("the verdict changes on", found["flips"], MOST_FLIPS, ".2%"),
        ("its calibration error rises by", -loss["ece"], MOST_ECE_RISE, ".4f"),
    )
    short = [f"{what} {value:{shown}}, {most:{shown}} is allowed" for what, value, most, shown in gates if value > most]
    if found["heat"] is not None and found["heat"] < LEAST_HEAT:
        short.append(f"its heat maps correlate {found['heat']:.3f} with the model's, {LEAST_HEAT} is needed")
    return short
