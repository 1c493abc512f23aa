"""The view classes that the lung network tells apart, in the order of its second output."""

from edge_app.gate import refusal

FRONTAL, CUT = "frontal", "cut"
INVERTED, UPSIDE_DOWN = "inverted", "upside down"
# Turned: the patient's head points to the left, or to the right, of the picture.
HEAD_LEFT, HEAD_RIGHT = "head left", "head right"
LATERAL, CT, PART, PICTURE = "lateral", "ct", "part", "picture"
CLASSES = (FRONTAL, CUT, INVERTED, UPSIDE_DOWN, HEAD_LEFT, HEAD_RIGHT, LATERAL, CT, PART, PICTURE)
WRONG = tuple(name for name in CLASSES if name not in (FRONTAL, CUT))

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
}
