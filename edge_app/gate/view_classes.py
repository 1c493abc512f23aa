"""The view classes that the lung network tells apart, in the order of its second output."""

from edge_app.gate import refusal

FRONTAL, CUT = "frontal", "cut"
INVERTED, UPSIDE_DOWN = "inverted", "upside down"
# Turned: the patient's head points to the left, or to the right, of the picture.
HEAD_LEFT, HEAD_RIGHT = "head left", "head right"
LATERAL, CT, PART, PICTURE = "lateral", "ct", "part", "picture"
# A film on a light box or a screen, with what lies round it.
PHOTOGRAPH = "photograph"
# Files of earlier releases lack the last.
CLASSES = (FRONTAL, CUT, INVERTED, UPSIDE_DOWN, HEAD_LEFT, HEAD_RIGHT, LATERAL, CT, PART, PICTURE, PHOTOGRAPH)
WRONG = tuple(name for name in CLASSES if name not in (FRONTAL, CUT))
# Of a film in front of a camera, which was found in a photograph and straightened.
WRONG_OF_PHOTOGRAPHS = tuple(name for name in WRONG if name != PHOTOGRAPH)

REASON = {
    CUT: refusal.CUT,
    INVERTED: refusal.INVERTED,
    UPSIDE_DOWN: refusal.TURNED,
    HEAD_LEFT: refusal.TURNED,
    HEAD_RIGHT: refusal.TURNED,
    LATERAL: refusal.LATERAL,
    CT: refusal.CT,
    PART: refusal.PART,
    PICTURE: refusal.PICTURE,
    PHOTOGRAPH: refusal.FILM_PHOTOGRAPH,
}
