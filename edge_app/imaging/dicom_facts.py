"""Facts of a film by its DICOM header that help to read it and name nobody.

No name, number, birth date, institution or free text is among them. Placeholders of programs that take names out of
films are left out.
"""

import re
import unicodedata

from edge_app.imaging.dicom_values import decimals, texts
from edge_app.imaging.patient_age import ADULT, DATES_OF_FILM, day

# By name, as docs/results.md describes them; all values are text.
NAMES = ("date", "modality", "view", "laterality", "orientation", "age_group", "manufacturer", "device", "pixel_mm")
# Characters that a value may have; PS3.5 6.2 allows 64 in a name of a manufacturer.
MOST_LETTERS = 48
# The film's own date first: a study may have begun on the day before (PS3.3 C.7.2.1, C.7.6.1).
DATES = ("AcquisitionDate", *(name for name in DATES_OF_FILM if name != "AcquisitionDate"))
# Roentgen's first radiographs are of 1895; what anonymisers write is 1900-01-01 or earlier, or far ahead.
FIRST_YEAR, LAST_YEAR = 1901, 2099
# PS3.3 C.8.11.5.1.1 View Position, of frontal films; a word may follow, such as "AP SUPINE".
VIEW = re.compile(r"\b(PA|AP)\b")
# PS3.3 C.8.11.2.1.1 Image Laterality; U, unpaired, says nothing.
LATERALITIES = ("R", "L", "B")
# PS3.3 C.7.6.1.1.1 Patient Orientation: where the rows and the columns run to, such as L and F.
DIRECTION = re.compile(r"[AFHLPR]{1,3}")
# PS3.5 6.2, CS: letters, digits and underscores; of a modality two letters or a few more.
CODE = re.compile(r"[A-Z][A-Z0-9_]{1,15}")
# What stands for "not known" or "taken out".
PLACEHOLDER = re.compile(
    r"[\W\d_]*|NONE|UNKNOWN|NULL|N/?A|NIL|EMPTY|UNSPECIFIED|OTHER|TEST|X{2,}|NOT (KNOWN|SPECIFIED|AVAILABLE)|"
    r"\W*(ANONYM|DE-?IDENTIF|REMOVED|REDACTED|PSEUDONYM|DELETED|WITHHELD).*",
    re.IGNORECASE,
)
# Years at which an age group begins: below, the gate refuses a child; above, so few people live that an age names one
# (HIPAA Privacy Rule, 45 CFR 164.514(b)(2)(i)(C)).
DECADES, OLDEST = range(20, 90, 10), 90
# Millimetres between two pixels of a detector; those of radiographs are 0.05 to 0.4.
LEAST_PIXEL, MOST_PIXEL = 0.01, 5.0


def of(header, age: float | None) -> dict[str, str]:
    """Return what a header says of a film.

    Args:
        header: a pydicom data set.
        age: of the patient in years, as `patient_age.years`; None if it is not known.

    Returns:
        Text by name, of `NAMES`; what is not known is left out. Each value has at most `MOST_LETTERS` printable
        characters.
    """
    found = {
        "date": _date(header),
        "modality": _code(header, "Modality"),
        "view": _view(header),
        "laterality": _laterality(header),
        "orientation": _orientation(header),
        "age_group": age_group(age),
        "manufacturer": _plain(header, "Manufacturer"),
        "device": _plain(header, "ManufacturerModelName"),
        "pixel_mm": _pixel(header),
    }
    return {name: found[name] for name in NAMES if found[name]}


def age_group(age: float | None) -> str:
    """Return the decade of an age in years, such as "40-49", "16-19", "90+", or "0-15" of a child; "" without one."""
    if age is None:
        return ""
    if age < ADULT:
        return f"0-{ADULT - 1}"
    if age >= OLDEST:
        return f"{OLDEST}+"
    first = max((start for start in DECADES if start <= age), default=ADULT)
    return f"{first}-{first + 9 if first in DECADES else DECADES[0] - 1}"


def _date(header) -> str:
    for keyword in DATES:
        found = day(header, keyword)
        if found and FIRST_YEAR <= found.year <= LAST_YEAR:
            return found.isoformat()
    return ""


def _code(header, keyword: str) -> str:
    found = next(iter(texts(header, keyword)), "")
    return found if CODE.fullmatch(found) and not PLACEHOLDER.fullmatch(found) else ""


def _view(header) -> str:
    found = set(VIEW.findall(" ".join(texts(header, "ViewPosition")).replace("_", " ")))
    return found.pop() if len(found) == 1 else ""


def _laterality(header) -> str:
    for keyword in ("ImageLaterality", "Laterality"):
        found = next(iter(texts(header, keyword)), "")
        if found in LATERALITIES:
            return found
    return ""


def _orientation(header) -> str:
    found = texts(header, "PatientOrientation")
    return "/".join(found) if len(found) == 2 and all(map(DIRECTION.fullmatch, found)) else ""


def _plain(header, keyword: str) -> str:
    """Return a short text as it is written, without control characters; "" if it stands for nothing."""
    written = next(iter(texts(header, keyword, capitals=False)), "")
    # Of category "C" are control characters, those that turn the direction of writing, and unassigned ones.
    kept = "".join(" " if unicodedata.category(letter)[0] in "CZ" else letter for letter in written)
    found = " ".join(kept.split())[:MOST_LETTERS].strip()
    return "" if PLACEHOLDER.fullmatch(found) else found


def _pixel(header) -> str:
    """Return the distance of the detector's pixels in mm, "0.143", or "0.143 x 0.15" of rows and of columns."""
    for keyword in ("ImagerPixelSpacing", "DetectorElementSpacing", "PixelSpacing"):
        found = decimals(header, keyword)[:2]
        if len(found) == 2 and all(one is not None and LEAST_PIXEL <= one <= MOST_PIXEL for one in found):
            shown = [f"{one:.4g}" for one in found]
            return shown[0] if shown[0] == shown[1] else " x ".join(shown)
    return ""
