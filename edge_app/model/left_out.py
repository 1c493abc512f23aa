"""What an operating point gave on films of hospitals left out of training: the figures that people are shown.

A network that is tested on new patients of the hospitals it was trained on flatters itself: it has learnt what their
films look like. So it is trained anew without each hospital in turn, and judges that hospital's films. The figures
stand in the card, at `operating_points.RULE.LABEL.left_out`: docs/results.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from edge_app.json_text import quoted
from edge_app.model import fields

# Figures of the films that do not have the label, and of all films; the others are of those that have it.
OF_NEGATIVES, OF_ALL = ("specificity", "suspected_specificity"), ("referred",)
# So far may a mean lie outside the values it is of: both are written in millionths.
ROUNDED = 1e-6


@dataclass(frozen=True)
class Hospital:
    """A hospital, or a collection of films, that a training left out, and what the rule gave on its films.

    Attributes:
        name: of the hospital or the collection.
        films: how many of its films were judged.
        positives: how many of these have the label.
        figures: by the names of `card.FIGURES` or `card.BAND_FIGURES`, each {value, low, high} with the 95 % interval;
            None of what it has no film for.
    """

    name: str
    films: int
    positives: int
    figures: Mapping[str, Mapping | None]


@dataclass(frozen=True)
class LeftOut:
    """What an operating point gave on hospitals left out of training.

    Attributes:
        how: how they were left out, in words.
        hospitals: each once.
        pooled: the figures of all of them, by the names of a hospital's: the mean, in which every hospital counts the
            same, {value, low, high} with the 95 % interval.
    """

    how: str
    hospitals: tuple[Hospital, ...]
    pooled: Mapping[str, Mapping]

    @property
    def films(self) -> int:
        """How many films were judged."""
        return sum(one.films for one in self.hospitals)

    def worst(self, name: str) -> Hospital:
        """Return the hospital with the lowest figure of this name."""
        return min(_measured(self.hospitals, name), key=lambda measured: measured[0])[1]

    def raw(self) -> dict:
        """Return it as the card holds it."""
        return {
            "how": self.how,
            "pooled": {name: dict(figure) for name, figure in self.pooled.items()},
            "hospitals": [
                {"name": one.name, "films": one.films, "positives": one.positives}
                | {name: figure and dict(figure) for name, figure in one.figures.items()}
                for one in self.hospitals
            ],
        }

    @classmethod
    def of(cls, raw, where: str, names: Sequence[str]) -> Self:
        """Check the field of a card.

        Args:
            raw: the card.
            where: dotted path of the field.
            names: of the figures that it must have.

        Raises:
            ValueError: a part is missing or wrong; the text names it.
        """
        listed = fields.take(raw, f"{where}.hospitals", list)
        hospitals = tuple(_hospital(listed, at, f"{where}.hospitals", names) for at in range(len(listed)))
        if not hospitals or len({one.name for one in hospitals}) < len(hospitals):
            found = [one.name for one in hospitals]
            raise ValueError(
                f"its card's field '{where}.hospitals' names {quoted(found)}; it must name one or more, each once"
            )
        pooled = {name: fields.figure(raw, f"{where}.pooled.{name}") for name in names}
        for name, figure in pooled.items():
            values = [value for value, _ in _measured(hospitals, name)]
            if not values or not min(values) - ROUNDED <= figure["value"] <= max(values) + ROUNDED:
                raise ValueError(
                    f"its card's field '{where}.pooled.{name}' has value {figure['value']}, and its hospitals "
                    f"{quoted(values)}; a mean of them is allowed"
                )
        return cls(fields.take(raw, f"{where}.how", str), hospitals, pooled)


def _hospital(listed: list, at: int, where: str, names: Sequence[str]) -> Hospital:
    raw, within = listed[at], f"{where}[{at}]."
    films, positives = (fields.take(raw, name, int, within) for name in ("films", "positives"))
    if not 0 < films >= positives >= 0:
        raise ValueError(
            f"its card's field '{where}[{at}]' has {films} films, {positives} of them positives; at least 1 film and "
            "no more positives than films are allowed"
        )
    found: dict[str, Mapping | None] = {}
    for name in names:
        there = films - positives if name in OF_NEGATIVES else films if name in OF_ALL else positives
        if not there and raw.get(name) is not None:
            raise ValueError(
                f"its card's field '{within}{name}' is {quoted(raw[name])}; without such films it must be null or "
                "missing"
            )
        found[name] = fields.figure(raw, name, within) if there else None
    return Hospital(fields.take(raw, "name", str, within), films, positives, found)


def _measured(hospitals: Sequence[Hospital], name: str) -> list[tuple[float, Hospital]]:
    """Return (value, hospital) of those that have the figure."""
    return [(figure["value"], one) for one in hospitals if (figure := one.figures[name])]
