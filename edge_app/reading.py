"""From a decoded film to what the networks say of it: the lungs are found, cropped, judged."""

from dataclasses import dataclass

import numpy as np

from edge_app import lung_field, preprocess
from edge_app.classifier import Classifier
from edge_app.lung_field import LungField
from edge_app.refusal import Refusal


@dataclass(frozen=True)
class Reading:
    """What the networks say of one film.

    Attributes:
        scores: score by label, 0 .. 1; None where it was refused before the classifier was asked.
        field: where its lungs are; None if none were found.
        pixels: uint8 (size, size, 1), what the classifier saw.
        heat: float32 (h, w) over the box of `field`, the class map of COVID-19: above 0 speaks for it.
        heat_inside: the share of that heat that lies inside the lungs, 0 .. 1; None if nothing speaks for COVID-19.
        refusal: why there must be no verdict; None if nothing speaks against one.
    """

    scores: dict[str, float] | None
    field: LungField | None
    pixels: np.ndarray | None = None
    heat: np.ndarray | None = None
    heat_inside: float | None = None
    refusal: Refusal | None = None


def read(grey: np.ndarray, one: Classifier) -> Reading:
    """Let both networks look at a film.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        one: both networks.

    Raises:
        UnreadableRadiograph: it is blank.
        NoLungField: it shows no lungs.
    """
    field = lung_field.find(one.lungs(preprocess.to_pixels(grey, preprocess.LUNG_SIZE)))
    pixels = preprocess.lungs_to_pixels(grey, field, one.card.size)
    scores, maps = one.scores(pixels)
    heat = maps[..., one.card.labels.index("covid")]
    named = {label: float(score) for label, score in zip(one.card.labels, scores, strict=True)}
    return Reading(named, field, pixels, heat, lung_field.inside(heat, field))
