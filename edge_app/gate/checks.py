"""What the gate measures, and the limits that the card sets."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """One measurement with its limits; None where there is no limit on that side."""

    name: str
    value: float
    low: float | None = None
    high: float | None = None

    @property
    def ok(self) -> bool:
        """Whether the value is allowed."""
        return (self.low is None or self.value >= self.low) and (self.high is None or self.value <= self.high)


@dataclass(frozen=True)
class Limits:
    """The limits of a card.

    Attributes:
        wrong: the highest chance, 0 .. 1, of all kinds of picture together that are not a frontal chest film.
        cut: the highest chance of a film that is cut.
        unlike: the highest distance from the training films, of `ood.OodModel.distance`.
        picture: of `picture_checks`.
        of_photographs: whether films come out of photographs, so that looking like one is nothing wrong.
    """

    wrong: float
    cut: float
    unlike: float
    picture: Mapping[str, float]
    of_photographs: bool = False
