"""Where on a film a network finds an opacity: how a class map becomes a chance, and how well that was measured.

Radiologists drew boxes round opacities on films of the training. A place of a class map, times a scale and plus an
offset, is the logit of the chance that a radiologist drew a box there: the card's field `places`. How often the hottest
place lies in such a box is its field `localisation`. Older cards have neither: docs/results.md.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from edge_app.json_text import quoted
from edge_app.model import fields

if TYPE_CHECKING:  # heavy: the command line reads cards' rules before the children are forked that decode films
    import numpy as np

# The label that every map is of unless another is suspected, and the one that no box is drawn for.
COVID, NORMAL = "covid", "normal"


@dataclass(frozen=True)
class PlaceScale:
    """How the class map of a label becomes, place by place, the logit of "a radiologist drew a box here".

    Attributes:
        scale: above 0, so that the hottest place stays the hottest.
        offset: in logits.
    """

    scale: float
    offset: float

    def logits(self, class_map: "np.ndarray") -> "np.ndarray":
        """Return them, float32 (h, w), of a class map, float32 (h, w), whose mean is the logit of the film's score."""
        import numpy as np

        return class_map * np.float32(self.scale) + np.float32(self.offset)


@dataclass(frozen=True)
class Localisation:
    """How often the hottest place of a map lies in a radiologist's box, on films of patients it was not trained on.

    Attributes:
        hottest_in_box: the share of films, {value, low, high} with the 95 % interval.
        random_place: the share that a place drawn at random in the box round the lungs reaches, 0 .. 1.
        best_fixed_place: the same of the best place that is the same on every film.
        films: how many.
    """

    hottest_in_box: Mapping[str, float]
    random_place: float
    best_fixed_place: float
    films: int

    @classmethod
    def of(cls, raw) -> Self:
        """Check the field `localisation` of a card.

        Raises:
            ValueError: a part is missing or wrong; the text names it.
        """
        films = fields.take(raw, "localisation.films", int)
        if films < 1:
            raise ValueError(f"its card's field 'localisation.films' is {films}; at least 1 is allowed")
        return cls(
            fields.figure(raw, "localisation.hottest_in_box"),
            fields.share(raw, "localisation.random_place"),
            fields.share(raw, "localisation.best_fixed_place"),
            films,
        )


def scales(raw, labels: list[str]) -> dict[str, PlaceScale]:
    """Check the field `places` of a card; return the scale by label.

    Args:
        raw: the card.
        labels: of the model.

    Raises:
        ValueError: a part is missing or wrong; the text names it.
    """
    found = fields.take(raw, "places", dict)
    if COVID not in found or not set(found) <= set(labels) - {NORMAL}:
        raise ValueError(
            f"its card's field 'places' has {quoted(list(found))}; '{COVID}' must be among them, and others may be, of "
            f"{sorted(set(labels) - {NORMAL})}"
        )
    return {label: _scale(raw, f"places.{label}") for label in found}


def _scale(raw, where: str) -> PlaceScale:
    scale, offset = (fields.take(raw, f"{where}.{name}", (int, float)) for name in ("scale", "offset"))
    if not 0 < scale < math.inf:
        raise ValueError(f"its card's field '{where}.scale' is {scale}; it must be above 0 and finite")
    if not math.isfinite(offset):
        raise ValueError(f"its card's field '{where}.offset' is {offset}; it must be finite")
    return PlaceScale(float(scale), float(offset))
