"""Attributes without identity: PS3.15 E.1, the Basic Application Level Confidentiality Profile, over a whole header."""

import contextlib
import warnings
from dataclasses import dataclass
from datetime import date

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr

from edge_app import __version__
from edge_app.deidentify import kept, table
from edge_app.deidentify.secret import Secret
from edge_app.dicom_objects.identity import UNREADABLE, value
from edge_app.imaging.patient_age import years

# Of type 2 in CR and DX (PS3.3 A.2, A.26): what is taken out of them stays there, empty.
TYPE_2 = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID")
TYPE_2 += ("AccessionNumber", "ReferringPhysicianName", "Manufacturer", "SeriesNumber", "InstanceNumber")
TYPE_2 += ("PatientOrientation", "BodyPartExamined", "ViewPosition")
# The dates of the film, which may be kept moved (table E.1-1, Retain Longitudinal Temporal Information Option).
DATES = ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate")
# Values that tell nothing, by VR (PS3.5 table 6.2-1).
NOTHING = {"DA": "19000101", "TM": "000000", "DT": "19000101000000", "AS": "000Y"}
NOTHING |= dict.fromkeys(("AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UT"), "REMOVED")
NOTHING |= dict.fromkeys(("DS", "IS"), "0") | dict.fromkeys(("US", "SS", "UL", "SL", "FL", "FD", "UV", "SV"), 0)
# From this age on years would single a person out: 45 CFR 164.514(b)(2)(i)(C).
OLDEST = 90
# Codes of the profile and its options (PS3.16 CID 7050).
PROFILE = ("113100", "Basic Application Confidentiality Profile")
MODIFIED_DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")


@dataclass(frozen=True)
class Options:
    """What is kept beyond the profile.

    Attributes:
        dates: the film's dates, moved by days that differ from patient to patient.
        characteristics: the patient's sex and age; 90 years and more become 90.
        words: films that show or may show words, which somebody has looked at.
    """

    dates: bool = False
    characteristics: bool = False
    words: bool = False


def deidentified(header: Dataset, secret: Secret, options: Options) -> Dataset:
    """Return a header without what tells whose film it is.

    Args:
        header: of the film, without pixel data.
        secret: of the site.
        options: what is kept beyond the profile.
    """
    # pydicom warns of values that break the standard; here they are dropped.
    with warnings.catch_warnings(action="ignore"):
        identity = _identity(header)
        with contextlib.suppress(*UNREADABLE):  # what VR a table of grey levels has where the film does not state VRs
            correct_ambiguous_vr(header, True)
        found = _cleaned(header, secret, identity, options)
        found.PatientName = found.PatientID = secret.patient(identity)
        for keyword in TYPE_2:
            if keyword not in found:
                setattr(found, keyword, None)
        if options.characteristics:
            _keep_characteristics(header, found)
    found.PatientIdentityRemoved = "YES"
    found.LongitudinalTemporalInformationModified = "MODIFIED" if options.dates else "REMOVED"
    found.DeidentificationMethod = [f"covid-xray {__version__}", f"PS3.15 {table.EDITION} table E.1-1"]
    used = [PROFILE] + [MODIFIED_DATES] * options.dates + [CHARACTERISTICS] * options.characteristics
    found.DeidentificationMethodCodeSequence = [_code(*one) for one in used]
    return found


def _identity(header: Dataset) -> str:
    """Return what a patient is known by: ID and its issuer; the study where a film tells no ID."""
    parts = [value(header, keyword) for keyword in ("PatientID", "IssuerOfPatientID")]
    return "\0".join(parts) if parts[0] else f"study\0{value(header, 'StudyInstanceUID')}"


def _cleaned(header: Dataset, secret: Secret, identity: str, options: Options) -> Dataset:
    found = Dataset()
    for tag in sorted(header.keys()):
        with contextlib.suppress(*UNREADABLE):  # its value is none of its VR: it could be anything
            clean = _clean(header[tag], secret, identity, options)
            if clean is not None:
                found.add(clean)
    return found


def _clean(element: DataElement, secret: Secret, identity: str, options: Options) -> DataElement | None:
    """Return what becomes of an element; None if nothing."""
    action = table.action(int(element.tag))
    if element.VR == "SQ":
        gone = action in (table.REMOVE, table.EMPTY)
        items = [] if gone else _items(element, secret, identity, options)
        return DataElement(element.tag, "SQ", items) if items else None
    if options.dates and element.keyword in DATES:
        return DataElement(element.tag, element.VR, _moved(element, secret, identity))
    if action is None:
        return DataElement(element.tag, element.VR, element.value) if kept.worth_keeping(element) else None
    replaced = None if action == table.REMOVE else _replaced(element, action, secret)
    return None if replaced is None else DataElement(element.tag, element.VR, replaced)


def _items(element: DataElement, secret: Secret, identity: str, options: Options) -> list[Dataset]:
    """Return the items of a sequence, each cleaned; those of which nothing is left are gone."""
    found = []
    for item in element.value:
        clean = kept.coded(item) if "CodeValue" in item else _cleaned(item, secret, identity, options)
        if clean:
            found.append(clean)
    return found


def _replaced(element: DataElement, action: str, secret: Secret):
    """Return the value by an action of the table; None if there is no value of this VR that tells nothing."""
    if action == table.UID and element.VR == "UI":
        values = element.value if element.VM > 1 else [element.value]
        return [secret.uid(str(value)) for value in values if value]
    if action == table.EMPTY:
        return ""
    return NOTHING.get(element.VR)


def _moved(element: DataElement, secret: Secret, identity: str) -> str:
    """Return a date moved; empty if it is none."""
    try:
        day = date.fromisoformat(str(element.value).replace(".", "").strip())
        return f"{secret.shifted(identity, day):%Y%m%d}"
    except (ValueError, OverflowError):
        return ""


def _keep_characteristics(header: Dataset, found: Dataset) -> None:
    sex, age = value(header, "PatientSex"), years(header)
    if sex in kept.TERMS["PatientSex"]:
        found.PatientSex = sex
    if age is not None:
        found.PatientAge = f"{min(int(age), OLDEST):03d}Y"


def _code(value: str, meaning: str) -> Dataset:
    made = Dataset()
    made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, "DCM", meaning
    return made
