"""What a page says of a heat map: what its colours show was measured, and no more."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.model.places import Localisation
from edge_app.screening.heat import LEAST_CHANCE, USUAL
from edge_app.web.text import result_view, wording
from edge_app.web.text.spoken import gettext as _


@dataclass(frozen=True)
class Told:
    """The words of a heat map.

    Attributes:
        alt: of its picture.
        low, high: what the two ends of its colours are.
        hint: what the colours show.
        empty: that there are none; empty where there are some.
        peak: the chance at the hottest place; empty of a class map.
    """

    alt: str
    low: str
    high: str
    hint: str
    empty: str
    peak: str


@dataclass(frozen=True)
class Map:
    """The map of one finding, to be chosen.

    Attributes:
        label: of `finding.LABELS`.
        name: of the finding, in the reader's language.
        told: its words.
        shown: whether it is the map that is shown before another is chosen.
    """

    label: str
    name: str
    told: Told
    shown: bool


def maps(row: Mapping) -> list[Map]:
    """Return the maps of the findings of a row of docs/results.md; none of one of a version before 0.4.

    Those rows tell of one map only: `told`.
    """
    lungs = row["lungs"] or {}
    heats = lungs.get("heats") or {}
    return [
        Map(label, str(wording.LABELS[label]), _told(label, one["inside"], one["peak"]), label == lungs["heat_label"])
        for label in row["findings"] or {}
        if (one := heats.get(label))
    ]


def told(row: Mapping) -> Told:
    """Return the words of the heat map that the verdict is about, of a row of docs/results.md that has a verdict."""
    lungs = row["lungs"]
    return _told(lungs.get("heat_label") or USUAL, lungs["heat_inside"], lungs.get("heat_peak"))


def _told(label: str, inside: float | None, peak: float | None) -> Told:
    """Return the words of the map of a label; `inside` and `peak` as in a row."""
    cold = inside is None
    if peak is None:
        return _of_class_map(cold)
    finding = wording.LABELS.get(label, label)
    low, hottest = result_view.number(LEAST_CHANCE, 1), result_view.number(peak, 2)
    return Told(
        alt=_("Heat map, %(finding)s: how likely a radiologist would box an opacity in each place", finding=finding),
        low=low,
        high="1",
        hint=_(
            "Colours show how likely a radiologist would draw a box round an opacity in a place, from %(low)s to 1 "
            "(map of “%(finding)s”). They do not show the edge of an opacity. Blue line: the lungs. Thin box: the area "
            "that was assessed.",
            low=low,
            finding=finding,
        ),
        empty=_("The heat map is empty: no place reaches %(low)s; the hottest has %(peak)s.", low=low, peak=hottest)
        if cold
        else "",
        peak=hottest,
    )


def _of_class_map(cold: bool) -> Told:
    """Return the words for maps that are not probabilities: of older models, and of readings from older programs."""
    return Told(
        alt=_("Heat map: what raises the COVID-19 score"),
        low=_("weak"),
        high=_("strong"),
        hint=_(
            "Warm colours show which parts of the film raise the COVID-19 score. They do not show where an opacity is. "
            "Blue line: the lungs. Thin box: the area that was assessed."
        ),
        empty=_("The heat map is empty: no place raises the COVID-19 score.") if cold else "",
        peak="",
    )


def localisation(found: Localisation) -> str:
    """Return in words how often the hottest place lies in a radiologist's box."""
    share = found.hottest_in_box
    return _(
        "On %(films)s films of patients that the model was not trained on, the hottest place of the heat map lies in a "
        "radiologist's box on %(share)s of the films (95 %% confidence interval: %(low)s to %(high)s). A place at "
        "random would on %(random)s, the best fixed place on %(fixed)s.",
        films=found.films,
        share=result_view.percent(share["value"]),
        low=result_view.percent(share["low"]),
        high=result_view.percent(share["high"]),
        random=result_view.percent(found.random_place),
        fixed=result_view.percent(found.best_fixed_place),
    )
