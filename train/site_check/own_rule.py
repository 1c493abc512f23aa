"""What the films of a site may change of an operating point, and what to expect of it there.

A threshold moves only where the site's films prove that it may, or that it must. The lower one of a finding (from where
it is suspected or unsure) rises as far as the lower end of the 95 % interval of the sensitivity stays at what is asked
(`site_calibration.LEAST_SENSITIVITY`); it falls where even the upper end does not reach that. The upper one (from where
it is suspected outright) moves likewise by the people without it. In all other cases the model's own stay.

The threshold that misses k of n patients is an order statistic of their scores, and k depends on n alone. So the
interval holds although the same films chose the threshold: it is a tolerance limit (Wilks 1941,
doi:10.1214/aoms/1177731788). The figures that are stated are of films that did not choose: each is judged by the
threshold that other patients' films choose in the same way.
"""

from dataclasses import asdict, dataclass, replace

import numpy as np
import pandas as pd

from edge_app.model.card import Card
from edge_app.model.site_calibration import LEAST_SENSITIVITY, carried, limits
from edge_app.model.temperature import softened_threshold
from train.evaluation import operating_points
from train.site_check import few_patients, local, own_temperature

# What the interval of the share of others that are not suspected outright must reach; the rules ask for 0.98 by value.
LEAST_SPECIFICITY = 0.95
# The share of the sick that a rule asks for by value; 'balanced' asks for none, so there is nothing that could be kept.
ASKED = {"refer": operating_points.BAND_RECALL, "sensitive": operating_points.LEAST_RECALL["covid"]}
RAISED, LOWERED, KEPT = "raised", "lowered", "kept"
OPPOSITE = {RAISED: LOWERED, LOWERED: RAISED, KEPT: KEPT}
NAMES = {"covid": "COVID-19", "pneumonia": "pneumonia"}
# Scores, float (N,) in 0 .. 1; which films are positive, bool (N,); the patient of each, object (N,).
Films = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Threshold:
    """A threshold of a site, on the scores as the model gives them.

    Attributes:
        before: on the model's card.
        value: for this site.
        move: `RAISED`, `LOWERED` or `KEPT`.
        share: of the films that it must put on its right side, the part that it was chosen to; None if it was kept.
        support: that part on these films, {value, low, high} as if a patient's films were copies of each other.
        why: in a sentence.
        mirror: whether its right side is the lower one: it is to spare films, not to find them.
    """

    before: float
    value: float
    move: str
    share: float | None
    support: dict
    why: str
    mirror: bool = False

    def mirrored(self, before: float) -> "Threshold":
        """Return it for scores s, if it is one for 1 - s; `before` is the model's, to the last digit."""
        value = before if self.move == KEPT else 1 - self.value
        return replace(self, before=before, value=value, move=OPPOSITE[self.move], mirror=True)

    def again(self, scores: np.ndarray, positive: np.ndarray) -> float:
        """Return the threshold that other films choose in the same way; the model's own if it was kept."""
        if self.share is None:
            return self.before
        choose = operating_points.for_specificity if self.mirror else operating_points.for_recall
        count = int((positive != self.mirror).sum())
        # As many are missed of fewer films, rounded up: rounded down, the figures would be of a stricter threshold.
        missed = int(np.ceil((1 - self.share) * count - 1e-9))
        chosen = choose(scores, positive, (count - missed) / count)
        return max(chosen, self.before) if self.move == RAISED else min(chosen, self.before)

    def settled(self, value: float, why: str, support: dict | None = None) -> "Threshold":
        """Return it with the value that it gets beside the other threshold of its finding, and why that is another."""
        if value == self.value:
            return self
        move = RAISED if value > self.before else LOWERED if value < self.before else KEPT
        return replace(self, value=value, move=move, support=support or self.support, why=why)


def patients_needed(least: float) -> int:
    """Return of how many patients none may be missed for the interval of the share found to begin at `least`."""
    return int(np.ceil(np.log(0.025) / np.log(least)))


def proven(films: int, patients: int, least: float, asked: float) -> float | None:
    """Return the least share of films, as large as asked, whose interval begins at `least` or above; None without."""
    found = None
    for missed in range(films):
        share = (films - missed) / films
        if share < asked or few_patients.exact(share, patients)["low"] < least:
            break
        found = share
    return found


def threshold(
    before: float, scores: np.ndarray, positive: np.ndarray, groups: np.ndarray, least: float, asked: float, name: str
) -> Threshold:
    """Return from which score on to call a film positive.

    Args:
        before: the model's own.
        scores: float (N,) in 0 .. 1.
        positive: bool (N,); some must be.
        groups: object (N,), the patient of each.
        least: what an end of the interval of the share found must reach, the lower to rise and the upper to stay.
        asked: what that share must reach by value.
        name: of the share, and whose films it is measured on, in words.
    """
    patients = len(np.unique(groups[positive]))

    def found(at: float) -> dict:
        return few_patients.exact(float((scores[positive] >= at).mean()), patients)

    share, here = proven(int(positive.sum()), patients, least, asked), found(before)
    if share is not None and (value := operating_points.for_recall(scores, positive, share)) > before:
        there = found(value)
        why = f"{name} is {there['value']:.3f} with it, at least {there['low']:.3f}; {least:g} is needed"
        return Threshold(before, value, RAISED, share, there, why)
    if here["high"] < least:
        value = min(before, operating_points.for_recall(scores, positive, asked))
        films = int(positive.sum())
        share = (films - int((1 - asked) * films + 1e-9)) / films
        why = f"{name} is at most {here['high']:.3f} with the model's own; {least:g} is needed"
        return Threshold(before, value, LOWERED, share, found(value), why)
    if share is None:
        why = f"{patients} patients are too few to prove that {name} stays at {least:g}: {patients_needed(least)} are"
        return Threshold(before, before, KEPT, None, here, f"{why} needed")
    why = f"{name} is {here['low']:.3f} to {here['high']:.3f} with the model's own, which proves no other"
    return Threshold(before, before, KEPT, None, here, why)


def finding(before: tuple[float, float], label: str, rule: str, films: Films) -> dict:
    """Return the thresholds of one finding and its figures on films that did not choose them; plain values.

    Args:
        before: from where the model calls it unsure and suspected, the same without a band.
        label: of `site_calibration.LEAST_SENSITIVITY`.
        rule: of `ASKED`.
        films: scores, positive, groups as of `threshold`; there are patients of both kinds.
    """
    scores, positive, groups = films
    banded = before[0] < before[1]
    asked = ASKED[rule] if label == "covid" else operating_points.LEAST_RECALL[label]
    words = f"the sensitivity among {NAMES[label]} patients"
    low = threshold(before[0], *films, LEAST_SENSITIVITY[label], asked, words)
    words = "the share of others who are not suspected outright"
    others, most = (1 - scores, ~positive, groups), operating_points.BAND_SPECIFICITY
    # Without a band it is not a threshold, and only tells how far the other has to rise.
    high = threshold(1 - before[1] if banded else 0.0, *others, LEAST_SPECIFICITY, most, words)
    high = high.mirrored(before[1] if banded else 1.0)

    def ends(first: float, second: float) -> tuple[float, float]:
        # What is spared by the upper threshold already is no reason to miss a patient.
        first = max(before[0], min(first, second)) if first > before[0] else first
        return first, max(first, second) if banded else first

    kept, suspected = np.zeros(len(scores), bool), np.zeros(len(scores), bool)
    for fit, judged in local.folds(positive, groups):
        first, second = ends(low.again(scores[fit], positive[fit]), high.again(scores[fit], positive[fit]))
        kept[judged], suspected[judged] = scores[judged] >= first, scores[judged] >= second
    unsure, certain = ends(low.value, high.value)
    patients = len(np.unique(groups[positive]))
    support = few_patients.exact(float((scores[positive] >= unsure).mean()), patients)
    low = low.settled(unsure, "enough others are spared with it, so that it need not rise further", support)
    high = high.settled(certain, "it cannot lie below the other threshold")
    moves = {"unsure_from": low, "suspected_from": high} if banded else {"suspected_from": low}
    return {
        "unsure_from": unsure,
        "suspected_from": certain,
        "patients": patients,
        "support": support,
        "moves": {name: asdict(one) for name, one in moves.items()},
        "figures": few_patients.of_point(kept, suspected, positive, groups, banded),
    }


def measure(seen: pd.DataFrame, card: Card, rule: str) -> dict:
    """Return the site's own operating point: `temperature`, `findings` by label, and `lacking`, why there is none.

    Thresholds are on scores as they are once the temperature is applied; `moves` are on the model's own.

    Args:
        seen: rows of `numbers.table` with a verdict.
        card: of the model.
        rule: the operating point.
    """
    if card.site:
        return {"lacking": "these films were judged by one; leave out --site to make another"}
    if rule not in ASKED:
        return {"lacking": f"rule '{rule}' asks for no sensitivity; use {' or '.join(map(repr, ASKED))}"}
    label, groups = seen["label"].to_numpy(), seen["group"].to_numpy()
    ill = label == "covid"
    # Whether other films show a pneumonia is not known: of COVID-19 it is a matter of words, 'other' says too little.
    used = {"covid": np.ones(len(seen), bool), "pneumonia": (label == "pneumonia") | (label == "normal")}
    counts = [len(np.unique(groups[which])) for which in (ill, ~ill)]
    if min(counts) < few_patients.FEW:
        return {
            "lacking": f"{counts[0]} COVID-19 and {counts[1]} other patients are too few; {few_patients.FEW} of each "
            "are needed"
        }
    needed = patients_needed(LEAST_SENSITIVITY["covid"])
    temperature = own_temperature.fit(seen["score_covid"].to_numpy(float), ill, groups, needed)
    found = {}
    for name in card.operating_points[rule]:
        which = used.get(name, np.zeros(len(seen), bool))  # of any other label the table says nothing
        films = seen[f"score_{name}"].to_numpy(float)[which], (label == name)[which], groups[which]
        found[name] = _finding(card, rule, name, films, temperature["value"])
    return {"lacking": None, "temperature": temperature, "findings": found}


def _finding(card: Card, rule: str, label: str, films: tuple, temperature: float) -> dict:
    """Return a finding as the calibration file has it; with the model's thresholds and no figures if films lack."""
    _, positive, groups = films
    if min(len(np.unique(groups[which])) for which in (positive, ~positive)) < few_patients.FEW:
        low, high = carried(card, rule, label, temperature)
        patients = len(np.unique(groups[positive]))
        return {"unsure_from": low, "suspected_from": high, "patients": patients, "moves": {}, "figures": None}
    found = finding(limits(card, rule, label), label, rule, films)
    ends = "unsure_from", "suspected_from"
    return found | {name: softened_threshold(found[name], temperature) for name in ends}
