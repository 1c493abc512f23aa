"""From a decoded film to what the networks say of it: the gate is asked, the lungs are found, cropped, judged."""

from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field

import numpy as np

from edge_app.errors import NoLungField, UnreadableRadiograph
from edge_app.gate import gate, refusal, view_classes
from edge_app.gate.gate import Check
from edge_app.gate.refusal import Refusal
from edge_app.imaging import lung_field, preprocess
from edge_app.imaging.lung_field import LungField
from edge_app.model.classifier import Classifier

# What puts a refused film right: what is done, in words, and how.
RIGHTED = {
    view_classes.INVERTED: ("greys inverted", lambda grey: 255 - grey),
    view_classes.UPSIDE_DOWN: ("turned by 180 degrees", lambda grey: np.rot90(grey, 2)),
    view_classes.HEAD_LEFT: ("turned by 90 degrees clockwise", lambda grey: np.rot90(grey, -1)),
    view_classes.HEAD_RIGHT: ("turned by 90 degrees counter-clockwise", np.rot90),
}


@dataclass(frozen=True)
class Inference:
    """What both networks say of one film.

    Attributes:
        scores: score by label, 0 .. 1.
        field: where the lungs are.
        pixels: uint8 (size, size, 1), the classifier's input.
        heat: float32 (h, w) over the box of `field`, the class map of COVID-19: above 0 speaks for it.
        heat_inside: the share of that heat that lies inside the lungs, 0 .. 1; None if nothing speaks for COVID-19.
        maps: float32 (h, w, labels), the class maps of all labels over the box of `field`.
        checks: what the gate looked at.
        view_classes: chance, 0 .. 1, of each of `view_classes.KINDS`; empty if the model's file tells none.
    """

    scores: dict[str, float]
    field: LungField
    pixels: np.ndarray
    heat: np.ndarray
    heat_inside: float | None
    maps: np.ndarray
    checks: tuple[Check, ...]
    view_classes: dict[str, float]

    def rejected(self, why: Refusal) -> "Rejection":
        """Return the same, of a film that must get no verdict all the same."""
        return Rejection(why, self.checks, self.view_classes, self.field, self)


@dataclass(frozen=True)
class Rejection:
    """Why a film must get no verdict, and what was found out about it until then.

    Attributes:
        refusal: the reason.
        checks, view_classes: as of `Inference`.
        field: where the lungs are; None if none were found or looked for.
        inference: what the networks say, which does not count; None if they were not asked.
    """

    refusal: Refusal
    checks: tuple[Check, ...] = ()
    view_classes: dict[str, float] = dataclass_field(default_factory=dict)
    field: LungField | None = None
    inference: Inference | None = None


def run(grey: np.ndarray, classifier: Classifier) -> Inference | Rejection:
    """Let the gate and both networks look at a film.

    Args:
        grey: uint8 (H, W) from `radiograph.read`.
        classifier: both networks.
    """
    try:
        pixels = preprocess.to_pixels(grey, preprocess.LUNG_SIZE)
    except UnreadableRadiograph as error:
        return Rejection(gate.refuse(refusal.BLANK, str(error)))
    why = gate.of_size(*grey.shape)
    chance, chances = classifier.look(pixels)
    limits, checks = classifier.card.gate, ()
    if limits:
        from edge_app.gate import picture_checks

        picture, spoiled = picture_checks.check(grey, None, limits.picture)
        kinds, other = gate.of_kind(chances, limits)
        checks, why = (*picture, *kinds), why or spoiled or other
    field = None
    try:
        field = lung_field.find(chance)
        if limits:
            from edge_app.gate import picture_checks

            lungs, spoiled = picture_checks.check(grey, field, limits.picture)
            checks, why = (*checks, *lungs), why or spoiled
        if why:
            return Rejection(why, checks, chances, field)
        pixels = preprocess.lungs_to_pixels(grey, field, classifier.card.size)
    except NoLungField as error:
        return Rejection(why or gate.refuse(refusal.NO_LUNGS, str(error)), checks, chances, field)
    except UnreadableRadiograph as error:  # the lungs are all one grey
        return Rejection(why or gate.refuse(refusal.BLANK, str(error)), checks, chances, field)
    return _judged(field, pixels, classifier, checks, chances)


def righted(grey: np.ndarray, rejection: Rejection) -> tuple[str, np.ndarray] | None:
    """Return (what was done, the film put right) of a film refused as turned or inverted; None of any other."""
    if rejection.refusal.kind not in (refusal.TURNED, refusal.INVERTED):
        return None
    words, put_right = RIGHTED[max(RIGHTED, key=lambda kind: rejection.view_classes.get(kind, 0))]
    return words, np.ascontiguousarray(put_right(grey))


def _judged(
    field: LungField,
    pixels: np.ndarray,
    classifier: Classifier,
    checks: tuple[Check, ...],
    chances: dict[str, float],
) -> Inference | Rejection:
    """Ask the classifier about the lungs, uint8 (size, size, 1), and the gate about the embedding."""
    card = classifier.card
    scores, maps, embedding = classifier.judge(pixels)
    if card.temperature != 1:
        scores, maps = softened(scores, card.temperature), maps / card.temperature
    heat = maps[..., card.labels.index("covid")]
    inside = lung_field.inside(heat, field)
    named = {label: float(score) for label, score in zip(card.labels, scores, strict=True)}
    found = Inference(named, field, pixels, heat, inside, maps, checks, chances)
    if classifier.likeness is None:
        return found
    check, why = gate.of_distance(classifier.likeness.distance(embedding), card.gate)
    found = replace(found, checks=(*checks, check))
    return found.rejected(why) if why else found


def softened(scores: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits of scores, float (..., labels) in 0 .. 1, by a temperature: nearer to 0.5 above 1."""
    odds = np.clip(scores, 1e-7, 1 - 1e-7).astype(np.float64)
    return 1 / (1 + ((1 - odds) / odds) ** (1 / temperature))
