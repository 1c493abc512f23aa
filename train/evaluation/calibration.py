"""Does a score of 0.8 mean eight in ten? Reliability, expected calibration error and Brier score of COVID-19.

Guo et al. 2017 (doi:10.48550/arXiv.1706.04599) for the error and the temperature; Nixon et al. 2019
(doi:10.48550/arXiv.1904.01685) for bins that hold equally many films.
"""

import numpy as np

from train.evaluation import intervals
from train.reporting import page, wording

BINS = 15
SMALLEST = 1e-6  # scores.csv has six decimals


def before_scaling(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Return the scores a network gave before its logits were divided by `temperature`."""
    clipped = np.clip(scores, SMALLEST, 1 - SMALLEST)
    return 1 / (1 + np.exp(-np.log(clipped / (1 - clipped)) * temperature))


def equal_width(scores: np.ndarray) -> np.ndarray:
    """Return the bin of each score, int (N,) in 0 .. 14: fifteenths of 0 .. 1."""
    return np.minimum((np.asarray(scores) * BINS).astype(int), BINS - 1)


def equal_mass(scores: np.ndarray) -> np.ndarray:
    """Return the bin of each score, int (N,) in 0 .. 14: bins of equally many films, by rank."""
    ranks = np.argsort(np.argsort(scores, kind="stable"), kind="stable")
    return ranks * BINS // len(scores)


def error(scores: np.ndarray, positive: np.ndarray, bins: np.ndarray) -> intervals.Statistic:
    """Return the statistic of weights that is the expected calibration error.

    It is the mean over the films of |mean score - share positive| of their bin.
    """

    def statistic(weight: np.ndarray) -> float:
        miss = np.bincount(bins, weight * (scores - positive), minlength=BINS)
        return float(np.abs(miss).sum() / weight.sum())

    return statistic


def figures(scores: np.ndarray, positive: np.ndarray, groups: np.ndarray) -> dict:
    """Return n, ece, ece_adaptive and brier with intervals, and the bins of the reliability diagram.

    A resample is calibrated worse than the films it is drawn from, so the intervals of the errors are the `basic` ones
    (Davison & Hinkley 1997, section 5.2), which take that bias back.
    """
    wide = equal_width(scores)
    return {
        "n": len(scores),
        "ece": _basic(intervals.estimate(error(scores, positive, wide), groups)),
        "ece_adaptive": _basic(intervals.estimate(error(scores, positive, equal_mass(scores)), groups)),
        "brier": intervals.mean((scores - positive) ** 2, groups),
        "bins": [
            {
                "low": at / BINS,
                "high": (at + 1) / BINS,
                "score": float(scores[wide == at].mean()),
                "covid": intervals.share(positive[wide == at], groups[wide == at]),
            }
            for at in range(BINS)
            if (wide == at).any()
        ],
    }


def measure(table, temperature: float | None) -> dict:
    """Return the figures of the test films: `after` scaling, `before` it if there was any, and `sources` after it."""
    scores, positive = table["score_covid"].to_numpy(), (table["label"] == "covid").to_numpy()
    groups, source = table["group"].to_numpy(), table["source"].to_numpy()
    found = {"temperature": temperature, "after": figures(scores, positive, groups)}
    if temperature is not None:
        found["before"] = figures(before_scaling(scores, temperature), positive, groups)
    found["sources"] = {
        name: figures(scores[source == name], positive[source == name], groups[source == name])
        for name in sorted(set(source))
    }
    return found


def show(page_, numbers: dict) -> None:
    """Write the chapter."""
    section = page_.section(
        "Calibration",
        "Whether a COVID-19 score of 0.8 means that eight films in ten are COVID-19. The expected calibration error "
        f"(ECE) is the mean distance between score and share, in {BINS} bins of equal width, and adaptive in {BINS} "
        "bins of equally many films. The Brier score is the mean squared distance of score and truth.",
        "The share of COVID-19 in these films is a collector's, not a clinic's: **a calibrated score here is no "
        "probability for a patient**. Pooled, the over- and underestimates of different hospitals cancel; read "
        "the rows of single sources too.",
    )
    if "before" not in numbers:
        section.note("No temperature scaling: `run.json` has no temperature, so there is no before and after.")
        parts = {"scores as they are": numbers["after"]}
    else:
        parts = {
            "before scaling": numbers["before"],
            f"after scaling (temperature {numbers['temperature']:.3f})": numbers["after"],
        }
    section.table(
        ("test films", "ECE", "ECE, adaptive", "Brier"),
        [
            (name, *(wording.text(figure[kind]) for kind in ("ece", "ece_adaptive", "brier")))
            for name, figure in (
                parts | {f"only {source}": part for source, part in numbers["sources"].items()}
            ).items()
        ],
        "Score of COVID-19.",
    )
    figure, (axes, below) = page.subplots(2, 1, size=(5.6, 6.2), sharex=True, height_ratios=(3, 1))
    axes.plot([0, 1], [0, 1], ":", color="grey")
    for at, (name, part) in enumerate(parts.items()):
        score = [one["score"] for one in part["bins"]]
        share = [one["covid"] for one in part["bins"]]
        low = [one["value"] - one["low"] for one in share]
        high = [one["high"] - one["value"] for one in share]
        style = {"color": page.COLOURS[at], "label": name}
        axes.errorbar(score, [one["value"] for one in share], (low, high), fmt="o-", capsize=2, **style)
        below.bar([one["low"] + (at + 0.5) / BINS / 2 for one in part["bins"]], [one["n"] for one in share], 0.03)
    axes.set(ylabel="share that is COVID-19", title="Reliability; bars: 95 % over patients", ylim=(-0.02, 1.02))
    axes.legend(fontsize="small")
    below.set(xlabel="score of COVID-19", ylabel="films")
    below.set_yscale("log")
    alt = "Reliability diagram. " + "; ".join(
        f"{name}: ECE {wording.text(part['ece'])}" for name, part in parts.items()
    )
    section.figure(figure, alt, "Test films. On the dotted line scores are shares.")


def _basic(figure: intervals.Figure) -> intervals.Figure:
    """Turn a percentile interval into the basic one, mirrored at the value and not below nothing."""
    value = figure["value"]
    low, high = max(0.0, 2 * value - figure["high"]), max(0.0, 2 * value - figure["low"])
    return {"value": value, "low": low, "high": max(high, value)}
