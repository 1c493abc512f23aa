"""The gate: is this a frontal chest radiograph that the model was made for? Pure: measurements in, a reason out.

It is asked before any score counts, since a confident answer on the wrong picture is a dangerous error. Most of it
costs nothing: the network that finds the lungs also classifies the view, and the one that judges them gives an
embedding. Only `screening` asks it, in stages.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from edge_app.gate import picture_checks, refusal, view_classes
from edge_app.gate.checks import Check, Limits
from edge_app.gate.refusal import Refusal
from edge_app.imaging import patient_age
from edge_app.imaging.lung_field import LungField

# Years. The models never saw COVID-19 in younger patients: the children's films of the training data are healthy or
# show other pneumonias (collection chest_xray), so the models would call any child free of COVID-19.
LEAST_AGE = patient_age.ADULT
# Pixels on the shorter side. Smaller films do not show the texture of the lung; those of the public collections have
# 150 and more.
LEAST_SIDE = 128

SENTENCES = {
    refusal.PICTURE: "looks like a photograph, a screenshot or a document; show a frontal chest radiograph",
    refusal.FILM_PHOTOGRAPH: "looks like a photograph of a film, which is judged by limits of its own; send the film's "
    "own file, or have it read as a photograph: 'camera FILE --frames 1', or 'Photograph a film' on the page",
    refusal.BLANK: "shows nothing: {found}; export the film again",
    refusal.PART: "looks like a radiograph of another part of the body; show a frontal film of the chest",
    refusal.CT: "looks like a slice of a CT or MRI; show a frontal chest radiograph",
    refusal.LATERAL: "looks like a film from the side; only frontal films (PA or AP) can be judged",
    refusal.INVERTED: "black and white are exchanged; air must be black and bone white: export it anew",
    refusal.CUT: "a part of the lungs is cut off; show both lungs whole, from the tips to the diaphragm",
    refusal.NO_LUNGS: "{found}",
    refusal.SMALL: f"{{found}}; both sides must have at least {LEAST_SIDE} pixels; export it larger",
    refusal.CHILD: f"{{found}}; the model knows COVID-19 of people from {LEAST_AGE} years on only; ask a radiologist",
    refusal.PHOTOGRAPH: "{found}",
    refusal.UNLIKE: "lies too far from the films the model learnt from; ask a radiologist",
}
# What the kind of picture outranks: a drawing may have few colours, and one side of it may be empty.
OUTRANKED = (refusal.LEVELS, refusal.CUT)
# A film on a wider ground, as digitisers leave it, is empty on one side too, and whole: from this chance of a frontal
# film on, 0 .. 1, it passes. Of 60 test films of which one half was covered the highest chance was 0.51; of 105 with
# black beyond one side it was higher than this in 0.95.
WHOLE = 0.75
# Pictures are far more various than what else is refused, and were a small share of what the network learnt from. When
# the likeliest kind names the reason, their chance counts this many times: chosen on the pictures of one half of the
# test packages; of the other half 0.90 are then called by the right name instead of 0.86.
PRIORS = {view_classes.PICTURE: 3}
TURNED = {
    view_classes.UPSIDE_DOWN: "the film is upside down; turn it by 180 degrees",
    view_classes.HEAD_LEFT: "the head points to the left; turn the film by 90 degrees clockwise",
    view_classes.HEAD_RIGHT: "the head points to the right; turn the film by 90 degrees counter-clockwise",
}


class Gate:
    """The gate's answers about one film, in four stages: picture, lungs, embedding, file. Any stage may refuse it.

    The first reason counts. The file comes last: if the picture is not a chest film, the patient's age does not matter.

    Attributes:
        checks: what was looked at so far.
        refusal: the reason why the film must get no verdict; None if nothing speaks against one so far.
    """

    def __init__(self, limits: Limits | None):
        """Take the limits of the model's card; without them only blankness, size, lungs and age are checked."""
        self._limits = limits
        self.checks: list[Check] = []
        self.refusal: Refusal | None = None

    def picture(self, grey: np.ndarray, chances: Mapping[str, float]) -> None:
        """Ask about the whole picture: its size, its grey levels, and what kind of picture it is.

        Args:
            grey: uint8 (H, W) from `radiograph.read`.
            chances: 0 .. 1, of each of `view_classes.CLASSES`.
        """
        self._note([], of_size(*grey.shape))
        if self._limits:
            looked, why = picture_checks.check(grey, None, self._limits.picture)
            kinds, other = of_kind(chances, self._limits)
            if why is None or (why.kind in OUTRANKED and other):
                why = other
            elif why.kind == refusal.CUT and chances[view_classes.FRONTAL] >= WHOLE:
                why = None
            self._note(looked + kinds, why)

    def lungs(self, grey: np.ndarray, field: LungField) -> None:
        """Ask about the lungs: their grey levels and their sharpness."""
        if self._limits:
            self._note(*picture_checks.check(grey, field, self._limits.picture))

    def no_lungs(self, found: str, chances: Mapping[str, float]) -> Refusal:
        """Refuse a picture on which no lungs are found; return the reason that counts.

        Lungs that are cut off are still to be seen: without any, a picture taken for such is named by its kind.

        Args:
            found: the sentence.
            chances: as of `picture`.
        """
        if self.refusal and self.refusal.kind == refusal.CUT:
            self.refusal = _named({kind: chances.get(kind, 0.0) for kind in view_classes.WRONG})
        return self.refuse(refusal.NO_LUNGS, found)

    def embedding(self, distance: float | None) -> None:
        """Ask how far the film lies from those that the model learnt from; None if the model cannot tell."""
        if self._limits and distance is not None:
            check, why = of_distance(distance, self._limits)
            self._note([check], why)

    def file(self, age: float | None) -> None:
        """Ask about the patient's age, in years, by the file; None if it states none."""
        self._note([], of_age(age))

    def refuse(self, kind: str, found: str) -> Refusal:
        """Refuse the film, unless it is refused already; return the reason that counts."""
        self.refusal = self.refusal or refuse(kind, found)
        return self.refusal

    def _note(self, checks: Sequence[Check], why: Refusal | None) -> None:
        self.checks += checks
        self.refusal = self.refusal or why


def refuse(kind: str, found: str = "") -> Refusal:
    """Return the refusal of a kind of `edge_app.gate.refusal` that needs no more than a word."""
    return Refusal(kind, SENTENCES[kind].format(found=found))


def of_kind(chances: Mapping[str, float], limits: Limits) -> tuple[list[Check], Refusal | None]:
    """Judge the kind of picture by the chance, 0 .. 1, of each of `view_classes.CLASSES`."""
    kinds = view_classes.WRONG_OF_PHOTOGRAPHS if limits.of_photographs else view_classes.WRONG
    wrong = {kind: chances.get(kind, 0.0) for kind in kinds}  # files of earlier releases know fewer
    checks = [
        Check("another kind of picture", sum(wrong.values()), high=limits.wrong),
        Check("lungs cut off", chances[view_classes.CUT], high=limits.cut),
    ]
    if not checks[0].ok:
        return checks, _named(wrong)
    return checks, None if checks[1].ok else refuse(refusal.CUT)


def _named(wrong: Mapping[str, float]) -> Refusal:
    """Return the refusal that the likeliest kind of picture gives, by the chance of each."""
    worst = max(wrong, key=lambda kind: wrong[kind] * PRIORS.get(kind, 1))
    return Refusal(refusal.TURNED, TURNED[worst]) if worst in TURNED else refuse(view_classes.REASON[worst])


def of_distance(distance: float, limits: Limits) -> tuple[Check, Refusal | None]:
    """Judge the distance from the training films."""
    check = Check("distance from the training films", distance, high=limits.unlike)
    return check, None if check.ok else refuse(refusal.UNLIKE)


def of_age(years: float | None) -> Refusal | None:
    """Judge the age that a DICOM file states, in years; None if it states none."""
    if years is None or years >= LEAST_AGE:
        return None
    return refuse(refusal.CHILD, f"the patient is {years:.0f} years old by the file's age or birth date")


def of_size(height: int, width: int) -> Refusal | None:
    """Judge the size of the decoded film in pixels."""
    if min(height, width) >= LEAST_SIDE:
        return None
    return refuse(refusal.SMALL, f"the film has {width} x {height} pixels")


def of_photograph(advice: str) -> Refusal:
    """Refuse a photograph on which no film can be seen well enough, with the advice that would help most."""
    return refuse(refusal.PHOTOGRAPH, advice)
