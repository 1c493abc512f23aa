"""The gate: is this a frontal chest radiograph that the model was made for? Pure: what was measured in, a reason out.

It is asked before any score counts, since a confident answer on the wrong picture is a dangerous error. Most of it is
free: the network that finds the lungs also tells the kind of picture, and the one that judges them gives an embedding.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.gate import refusal, view_classes
from edge_app.gate.refusal import Refusal

# Under this age in years COVID-19 was never shown to the models: their children's films are healthy or of other
# pneumonias (collection chest_xray), so they would say "no COVID-19" of any child.
LEAST_AGE = 16
# A film with fewer pixels on a side shows no texture of the lung; those of the public collections have 150 and more.
LEAST_SIDE = 128

SENTENCES = {
    refusal.PICTURE: "looks like a photograph, a screenshot or a document; show a frontal chest radiograph",
    refusal.BLANK: "shows nothing: {said}; export the film again",
    refusal.PART: "looks like a radiograph of another part of the body; show a frontal film of the chest",
    refusal.CT: "looks like a slice of a CT or MRI; show a frontal chest radiograph",
    refusal.LATERAL: "looks like a film from the side; only frontal films (PA or AP) can be judged",
    refusal.INVERTED: "black and white are exchanged; air must be black and bone white: export it anew",
    refusal.CUT: "a part of the lungs is cut off; show both lungs whole, from the tips to the diaphragm",
    refusal.NO_LUNGS: "{said}",
    refusal.SMALL: f"{{said}}; both sides must have at least {LEAST_SIDE} pixels; export it larger",
    refusal.CHILD: f"{{said}}; the model knows COVID-19 of people from {LEAST_AGE} years on only; ask a radiologist",
    refusal.PHOTOGRAPH: "{said}",
    refusal.UNLIKE: "lies too far from the films the model learnt from; ask a radiologist",
}
TURNED = {
    view_classes.UPSIDE_DOWN: "the film is upside down; turn it by 180 degrees",
    view_classes.HEAD_LEFT: "the head points to the left; turn the film by 90 degrees clockwise",
    view_classes.HEAD_RIGHT: "the head points to the right; turn the film by 90 degrees counter-clockwise",
}


@dataclass(frozen=True)
class Check:
    """One thing the gate looked at: a value and what is allowed of it; None for no limit on that side."""

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
    """What the card allows.

    Attributes:
        wrong: the highest chance, 0 .. 1, of all kinds of picture that are no frontal chest film together.
        cut: the highest chance of a film that is cut.
        unlike: the highest distance from the training films, of `ood.OodModel.distance`.
        picture: of `picture_checks`.
    """

    wrong: float
    cut: float
    unlike: float
    picture: Mapping[str, float]


def refuse(kind: str, said: str = "") -> Refusal:
    """Return the refusal of a kind of `edge_app.gate.refusal` that needs no more than a word."""
    return Refusal(kind, SENTENCES[kind].format(said=said))


def of_kind(chances: Mapping[str, float], limits: Limits) -> tuple[list[Check], Refusal | None]:
    """Judge the kind of picture by the chance, 0 .. 1, of each of `view_classes.KINDS`."""
    wrong = {kind: chances[kind] for kind in view_classes.WRONG}
    checks = [
        Check("another kind of picture", sum(wrong.values()), high=limits.wrong),
        Check("lungs cut off", chances[view_classes.CUT], high=limits.cut),
    ]
    if not checks[0].ok:
        worst = max(wrong, key=wrong.get)
        if worst in TURNED:
            return checks, Refusal(refusal.TURNED, TURNED[worst])
        return checks, refuse(view_classes.REASON[worst])
    return checks, None if checks[1].ok else refuse(refusal.CUT)


def of_distance(distance: float, limits: Limits) -> tuple[Check, Refusal | None]:
    """Judge the distance from the training films."""
    check = Check("distance from the training films", distance, high=limits.unlike)
    return check, None if check.ok else refuse(refusal.UNLIKE)


def of_age(years: float | None) -> Refusal | None:
    """Judge the age that a DICOM file states, in years; None if it states none."""
    if years is None or years >= LEAST_AGE:
        return None
    return refuse(refusal.CHILD, f"the patient is {years:.0f} years old by the file's Patient's Age")


def of_size(height: int, width: int) -> Refusal | None:
    """Judge the size of the decoded film in pixels."""
    if min(height, width) >= LEAST_SIDE:
        return None
    return refuse(refusal.SMALL, f"the film has {width} x {height} pixels")
