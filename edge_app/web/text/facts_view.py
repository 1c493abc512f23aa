"""What a page says of a film by its DICOM header."""

from collections.abc import Mapping
from datetime import date

from edge_app.web.text.spoken import format_date, format_decimal
from edge_app.web.text.spoken import gettext as _


def told(facts: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return (name, value) in the reader's language of the facts of `imaging.dicom_facts`; none for other formats."""
    shown = [
        (_("Taken on"), _day(facts.get("date", ""))),
        (_("View"), {"PA": _("PA (from behind)"), "AP": _("AP (from the front)")}.get(facts.get("view", ""), "")),
        (_("Side"), {"R": _("right"), "L": _("left"), "B": _("both")}.get(facts.get("laterality", ""), "")),
        (_("Patient's left side"), _left_side(facts.get("orientation", ""))),
        (_("Age group"), _age_group(facts.get("age_group", ""))),
        (_("X-ray machine"), " ".join(filter(None, (facts.get("manufacturer"), facts.get("device"))))),
        (_("Modality"), _modality(facts.get("modality", ""))),
        (_("Detector pixel"), _pixel(facts.get("pixel_mm", ""))),
    ]
    return [(name, value) for name, value in shown if value]


def _day(written: str) -> str:
    return format_date(date.fromisoformat(written)) if written else ""


def _left_side(orientation: str) -> str:
    """Return where in the picture the patient's left is; a row of pixels runs to the right (PS3.3 C.7.6.1.1.1)."""
    return {"L": _("at the right of the picture"), "R": _("at the left of the picture")}.get(orientation[:1], "")


def _age_group(written: str) -> str:
    if written.endswith("+"):
        return _("%(age)s years or older", age=written[:-1])
    low, _to, high = written.partition("-")
    return _("%(low)s to %(high)s years", low=low, high=high) if high else ""


def _modality(code: str) -> str:
    names = {"CR": _("computed radiography (CR)"), "DX": _("digital radiography (DX)")}
    return names.get(code, code)


def _pixel(written: str) -> str:
    sides = [format_decimal(float(side), format="0.####") for side in written.split(" x ")] if written else []
    return _("%(size)s mm", size=" x ".join(sides)) if sides else ""
