"""Why a picture gets no verdict. The kinds are part of the JSON interface and keep their words in every release."""

from dataclasses import dataclass

PICTURE = "not a radiograph"  # a photograph, a screenshot, a document, a drawing
BLANK = "blank"
LEVELS = "too few grey levels"  # black and white only, or little more
NOISE = "noise"
PART = "another body part"
CT = "CT slice"
LATERAL = "lateral view"
TURNED = "turned"  # upside down or sideways
INVERTED = "inverted"  # black and white exchanged
DARK, BRIGHT = "too dark", "too bright"
BLURRED = "too blurred"
SMALL = "too small"
CUT = "lungs cut off"
NO_LUNGS = "no lungs found"
CHILD = "child"
UNLIKE = "unlike the training films"
FILM_PHOTOGRAPH = "photograph of a film"  # sent as the file of a film
PHOTOGRAPH = "poor photograph"  # of a camera: no film in view, glare, blur and so on
KINDS = (PICTURE, BLANK, NOISE, PART, CT, LATERAL, TURNED, INVERTED, DARK, BRIGHT, BLURRED, SMALL, CUT, NO_LUNGS)
KINDS += (CHILD, UNLIKE, PHOTOGRAPH, LEVELS, FILM_PHOTOGRAPH)


@dataclass(frozen=True)
class Refusal:
    """A reason, one of `KINDS`, and a sentence: what was found; what is allowed; what to do."""

    kind: str
    sentence: str

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"refusal is {self.kind!r}; it must be one of {KINDS}")
