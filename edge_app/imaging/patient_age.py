"""The patient's age by a DICOM header; placeholders of programs that take names out of films count as unknown."""

import re
from datetime import date

from edge_app.imaging.dicom_values import texts

# PS3.5 6.2, AS: three digits and a unit; here in days. A number alone means years.
UNITS = {"D": 1, "W": 7, "M": 365.25 / 12, "Y": 365.25, "": 365.25}
YEARS = ("Y", "")
# The gate judges no younger patients; see `gate.LEAST_AGE`.
ADULT = 16
# Years: an age that is written in whole years, beside a birth date of which only the year was kept, may lie so far off.
APART = 2
# Years; the oldest person known lived 122. A birth date before that is a placeholder, such as 19000101.
OLDEST = 110
DATES_OF_FILM = ("StudyDate", "AcquisitionDate", "SeriesDate", "ContentDate")


def years(header) -> float | None:
    """Return the patient's age when the film was taken, by Patient's Age or else by the dates of birth and study.

    Days, weeks and months are believed: they are written for infants. 0 years is what anonymisers write. Years that the
    dates contradict are unknown, unless both are those of a child.

    Args:
        header: a pydicom data set.

    Returns:
        Years; None if it is not known.
    """
    stated = re.fullmatch(r"(\d{1,3})([DWMY]?)", "".join(_first(header, "PatientAge").split()))
    dated = _by_dates(header)
    if not stated or (stated[2] in YEARS and int(stated[1]) == 0):
        return dated
    age = int(stated[1]) * UNITS[stated[2]] / UNITS["Y"]
    if stated[2] not in YEARS or dated is None or abs(age - dated) <= APART:
        return age
    return max(age, dated) if max(age, dated) < ADULT else None


def _by_dates(header) -> float | None:
    born = day(header, "PatientBirthDate")
    taken = next((one for one in (day(header, keyword) for keyword in DATES_OF_FILM) if one), None)
    if not born or not taken or born > taken:
        return None
    if born == taken and (born.month, born.day) == (1, 1):  # every date was replaced by the same one
        return None
    age = (taken - born).days / UNITS["Y"]
    return age if age <= OLDEST else None


def day(header, keyword: str) -> date | None:
    """Return a date of DICOM (PS3.5 6.2, DA: YYYYMMDD; YYYY.MM.DD before 1993); None if the value is not a date."""
    try:
        return date.fromisoformat(_first(header, keyword).replace(".", ""))
    except ValueError:
        return None


def _first(header, keyword: str) -> str:
    return next(iter(texts(header, keyword)), "")
