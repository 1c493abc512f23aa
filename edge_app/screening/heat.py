"""The heat map: where on a film the network finds one label, over the box round the lungs."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge_app.imaging import lung_field
from edge_app.imaging.lung_field import LungField
from edge_app.model.card import Card
from edge_app.screening import finding
from edge_app.screening.finding import Finding

# The label whose map is shown where none is suspected or unsure: a missed COVID-19 is the dangerous error.
USUAL = finding.LABELS[0]
# Where colours begin and where they are full, the same on every film, so that two films can be compared. A chance is
# shown from "likelier than not" to certain; a class map from 0, where it raises the score, to a logit that four in five
# hot places of the two networks of version 0.2 lie below (SIIM films).
LEAST_CHANCE, FULL_LOGIT = 0.5, 20.0


@dataclass(frozen=True)
class Heat:
    """The map of one label.

    Attributes:
        label: of the model.
        logits: float32 (h, w) over the box of the lungs, 0 and less being cold.
        chances: whether they are the logits of the chance that a radiologist would draw a box round an opacity there;
            else it is a class map, whose mean is the logit of the label's score, and its places are not probabilities.
        inside: the share of what is above 0 that lies inside the lungs, 0 .. 1; None if no place is above 0.
    """

    label: str
    logits: np.ndarray
    chances: bool
    inside: float | None

    @property
    def peak(self) -> float | None:
        """The chance at the hottest place, 0 .. 1; None of a class map."""
        return float(_chance(self.logits.max())) if self.chances else None

    def row(self) -> dict[str, float | None]:
        """Return its part of a row of docs/results.md: `inside` and `peak`."""
        figures = {"inside": self.inside, "peak": self.peak}
        return {name: None if value is None else round(value, 4) for name, value in figures.items()}

    def strength(self, logits: np.ndarray) -> np.ndarray:
        """Return how strong the colours of logits of this map are, float of the same shape: 0, none, to 1, full."""
        if self.chances:
            return np.clip((_chance(logits) - LEAST_CHANCE) / (1 - LEAST_CHANCE), 0, 1)
        return np.clip(logits / FULL_LOGIT, 0, 1)


def _chance(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


def of(maps: np.ndarray, field: LungField, card: Card) -> dict[str, Heat]:
    """Return the heat map of each label that may be shown: those of `card.places`, else that of COVID-19 alone.

    Args:
        maps: float32 (h, w, labels), the class maps.
        field: over whose box they lie.
        card: of the model.
    """
    found = {}
    for label in card.places or (USUAL,):
        scale, logits = card.places.get(label), maps[..., card.labels.index(label)]
        logits = scale.logits(logits) if scale else logits
        found[label] = Heat(label, logits, scale is not None, lung_field.inside(logits, field))
    return found


def of_verdict(findings: Mapping[str, Finding], heats: Mapping[str, Heat]) -> Heat:
    """Return the map of the label that the verdict is about, if it has one; else that of COVID-19."""
    about = (label for label in findings if findings[label].answer != finding.CLEARED)
    return heats.get(next(about, USUAL), heats[USUAL])
