"""From a decoded film to what the networks say of it: the gate is asked, the lungs are found, cropped, judged."""

from dataclasses import dataclass, replace
from dataclasses import field as field_

import numpy as np

from edge_app.errors import NoLungField, UnreadableRadiograph
from edge_app.gate import gate, refusal, view_classes
from edge_app.gate.gate import Check
from edge_app.gate.refusal import Refusal
from edge_app.imaging import lung_field, preprocess
from edge_app.imaging.lung_field import LungField
from edge_app.model.classifier import Classifier

# What puts a refused film right: what was done, in words, and how.
RIGHTED = {
    view_classes.INVERTED: ("greys inverted", lambda grey: 255 - grey),
    view_classes.UPSIDE_DOWN: ("turned by 180 degrees", lambda grey: np.rot90(grey, 2)),
    view_classes.HEAD_LEFT: ("turned by 90 degrees clockwise", lambda grey: np.rot90(grey, -1)),
    view_classes.HEAD_RIGHT: ("turned by 90 degrees counter-clockwise", np.rot90),
}


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
        checks: what the gate looked at.
        kinds: chance, 0 .. 1, by kind of picture; empty if the model's file tells none.
        maps: float32 (h, w, labels), the class maps of all labels over the box of `field`.
    """

    scores: dict[str, float] | None
    field: LungField | None
    pixels: np.ndarray | None = None
    heat: np.ndarray | None = None
    heat_inside: float | None = None
    refusal: Refusal | None = None
    checks: tuple[Check, ...] = ()
    kinds: dict[str, float] = field_(default_factory=dict)
    maps: np.ndarray | None = None

    def refused(self, why: Refusal) -> "Reading":
        """Return a copy with the reason for refusing a verdict, unless it has one already."""
        return self if self.refusal else replace(self, refusal=why)


def read(grey: np.ndarray, classifier: Classifier) -> Reading:
    """Let the gate and both networks look at a film.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        classifier: both networks.
    """
    try:
        pixels = preprocess.to_pixels(grey, preprocess.LUNG_SIZE)
    except UnreadableRadiograph as error:
        return Reading(None, None, refusal=gate.refuse(refusal.BLANK, str(error)))
    why = gate.of_size(*grey.shape)
    chance, chances = classifier.look(pixels)
    limits, checks = classifier.card.gate, []
    if limits:
        from edge_app.gate import picture_checks

        more, spoiled = picture_checks.check(grey, None, limits.picture)
        checks += more
        more, other = gate.of_kind(chances, limits)
        checks += more
        why = why or spoiled or other
    seen = Reading(None, None, checks=tuple(checks), kinds=chances, refusal=why)
    try:
        field = lung_field.find(chance)
        seen = replace(seen, field=field)
        if limits:
            from edge_app.gate import picture_checks

            more, spoiled = picture_checks.check(grey, field, limits.picture)
            seen = replace(seen, checks=(*seen.checks, *more), refusal=seen.refusal or spoiled)
        if seen.refusal:
            return seen
        pixels = preprocess.lungs_to_pixels(grey, field, classifier.card.size)
    except NoLungField as error:
        return seen.refused(gate.refuse(refusal.NO_LUNGS, str(error)))
    except UnreadableRadiograph as error:  # the lungs are all one grey
        return seen.refused(gate.refuse(refusal.BLANK, str(error)))
    return _judged(seen, pixels, classifier)


def righted(grey: np.ndarray, seen: Reading) -> tuple[str, np.ndarray] | None:
    """Return (what was done, the film put right) of a film refused as turned or inverted; None of any other."""
    if seen.refusal is None or seen.refusal.kind not in (refusal.TURNED, refusal.INVERTED):
        return None
    words, put_right = RIGHTED[max(RIGHTED, key=lambda kind: seen.kinds.get(kind, 0))]
    return words, np.ascontiguousarray(put_right(grey))


def _judged(seen: Reading, pixels: np.ndarray, classifier: Classifier) -> Reading:
    """Return `seen` with what the classifier says of the lungs, uint8 (size, size, 1)."""
    scores, maps, embedding = classifier.judge(pixels)
    if classifier.card.temperature != 1:
        scores, maps = softened(scores, classifier.card.temperature), maps / classifier.card.temperature
    heat = maps[..., classifier.card.labels.index("covid")]
    inside = lung_field.inside(heat, seen.field)
    named = {label: float(score) for label, score in zip(classifier.card.labels, scores, strict=True)}
    seen = replace(seen, scores=named, pixels=pixels, heat=heat, heat_inside=inside, maps=maps)
    if classifier.likeness is None:
        return seen
    check, why = gate.of_distance(classifier.likeness.distance(embedding), classifier.card.gate)
    return replace(seen, checks=(*seen.checks, check), refusal=why)


def softened(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits of scores, float (..., labels) in 0 .. 1, by a temperature: nearer to 0.5 above 1."""
    odds = np.clip(scores, 1e-7, 1 - 1e-7).astype(np.float64)
    return 1 / (1 + ((1 - odds) / odds) ** (1 / temperature))
