"""What every object has in common: whose film it is of, which study it belongs to, who made it when, and its UIDs."""

import unicodedata
import uuid
import warnings
from copy import deepcopy
from datetime import datetime, timedelta, timezone

from pydicom.datadict import dictionary_description, dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.errors import BytesLengthException
from pydicom.uid import UID, ExplicitVRLittleEndian

from edge_app import __version__
from edge_app.dicom_objects.codes import own_scheme
from edge_app.errors import NoDicomResult
from edge_app.imaging.dicom_values import decimal, decimals
from edge_app.imaging.limits import DAMAGE
from edge_app.screening.run_context import RunContext

MANUFACTURER = "covid-xray"
# What pydicom raises as it converts an element that breaks the standard.
UNREADABLE = (*DAMAGE, BytesLengthException)
# So that the same names give the same UIDs on every machine (RFC 4122 4.3); drawn once.
NAMESPACE = uuid.UUID("6c0c1a5e-52c5-4d0e-9a39-3d5d1c9d7d0b")
# Without these an object cannot be told to be of this film: type 1 of PS3.3 C.7.2.1, C.7.3.1 and C.12.1.
NEEDED = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID")
# Type 2 of PS3.3 C.7.1.1 and C.7.2.1: there, and empty if they are not known.
TYPE_2 = ("PatientName", "PatientID", "PatientBirthDate", "PatientSex")
TYPE_2 += ("StudyDate", "StudyTime", "ReferringPhysicianName", "StudyID", "AccessionNumber")
# Kept where the film has them: what patient and study are known by (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2), and how texts
# and times are to be read (C.12.1).
KEPT = ("SpecificCharacterSet", "TimezoneOffsetFromUTC", "IssuerOfPatientID", "IssuerOfPatientIDQualifiersSequence")
KEPT += ("TypeOfPatientID", "OtherPatientIDsSequence", "PatientIdentityRemoved", "DeidentificationMethod")
KEPT += ("DeidentificationMethodCodeSequence", "StudyDescription", "IssuerOfAccessionNumberSequence", "PatientAge")
KEPT += ("PatientSize", "PatientWeight", "AdmissionID")
# So many characters has a value of VR LO (PS3.5 table 6.2-1).
MOST_OF_LO = 64
# Above the series of modalities, which are numbered from 1.
FIRST_SERIES = 9100


def uid(*names: str) -> str:
    """Return a UID that follows from names alone (PS3.5 B.2: 2.25 and a UUID)."""
    return f"2.25.{uuid.uuid5(NAMESPACE, chr(0).join(names)).int}"


def judged_by(context: RunContext) -> tuple[str, ...]:
    """Return the names of all that a result depends on besides the film."""
    return *context.key, *(f"{label} {share:g}" for label, share in context.prevalences.items())


def plain(words: str, most: int | None = None) -> str:
    """Return words in ASCII, which every character set of DICOM holds, cut at `most` characters.

    A backslash separates values in DICOM (PS3.5 6.2), and so becomes a slash.
    """
    bare = unicodedata.normalize("NFKD", words).replace("\\", "/")
    bare = "".join(letter for letter in bare if not unicodedata.combining(letter))
    bare = "".join(letter if " " <= letter <= "~" else "?" for letter in bare)
    return bare[:most]


def begun(header: Dataset, sop_class: str, kind: str, made: datetime, context: RunContext) -> Dataset:
    """Begin an object that belongs to the study of a film: all modules that every kind has.

    Args:
        header: of the film.
        sop_class: UID of the kind's SOP class.
        kind: of `results.KINDS`, from which UIDs and the number of the series follow.
        made: when the result was made, UTC.
        context: of the result.

    Raises:
        NoDicomResult: the header lacks a UID by which the object is tied to the film.
    """
    check(header)
    found = Dataset()
    for keyword in (*KEPT, *TYPE_2):
        if not copied(header, found, keyword) and keyword in TYPE_2:
            setattr(found, keyword, "")
    found.StudyInstanceUID = header.StudyInstanceUID
    found.SOPClassUID = sop_class
    found.SOPInstanceUID = uid(str(header.SOPInstanceUID), *judged_by(context), kind)
    found.SeriesInstanceUID = uid(str(header.StudyInstanceUID), *judged_by(context), kind)
    found.InstanceNumber = _number(header)
    found.Manufacturer, found.ManufacturerModelName = MANUFACTURER, plain(context.card.name, MOST_OF_LO)
    found.SoftwareVersions = [__version__, context.sha256[:16]]
    day, time = _clock(made, found)
    found.InstanceCreationDate = found.ContentDate = day
    found.InstanceCreationTime = found.ContentTime = time
    found.CodingSchemeIdentificationSequence = [own_scheme()]
    found.file_meta = FileMetaDataset()
    found.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    found.file_meta.MediaStorageSOPClassUID = UID(sop_class)
    found.file_meta.MediaStorageSOPInstanceUID = UID(found.SOPInstanceUID)
    return found


def series(made: Dataset, modality: str, number: int, description: str) -> None:
    """Write what an object's series is (PS3.3 C.7.3.1); `number` counts from 0 among the kinds."""
    made.Modality, made.SeriesNumber, made.SeriesDescription = modality, FIRST_SERIES + number, description


def check(header: Dataset) -> None:
    """Refuse a header that lacks what ties an object to its film.

    Raises:
        NoDicomResult: it does; one sentence, without a patient's data.
    """
    missing = [dictionary_description(keyword) for keyword in NEEDED if not value(header, keyword)]
    if missing:
        raise NoDicomResult(
            f"the film's DICOM header lacks {' and '.join(missing)}; a result is stored beside its film by these; "
            "send the film again from the modality or PACS."
        )


def copied(header: Dataset, found: Dataset, *keywords: str) -> bool:
    """Copy elements as they are, without private ones in them; return whether the film has all of these, readable.

    None is copied unless all are there: half a window is none.
    """
    # pydicom warns of values that break the standard: they are the film's, and PACS know it by them.
    with warnings.catch_warnings(action="ignore"):
        try:
            elements = [deepcopy(header[keyword]) for keyword in keywords]
        except UNREADABLE:
            return False
        if any(element.is_empty for element in elements) or any(_damaged(header, keyword) for keyword in keywords):
            return False
        for element in elements:
            for item in element.value if element.VR == "SQ" else ():
                item.remove_private_tags()
            found.add(element)
    return True


def _damaged(header: Dataset, keyword: str) -> bool:
    """Return whether an element that is to hold numbers holds something else; pydicom hands that over as text."""
    return dictionary_VR(keyword) in ("DS", "IS") and None in decimals(header, keyword)


def value(header: Dataset, keyword: str) -> str:
    """Return an element as text; "" if it is missing, empty or cannot be read."""
    try:
        return str(header.get(keyword, "") or "").strip()
    except UNREADABLE:
        return ""


def _number(header: Dataset) -> int:
    """Return the film's Instance Number, so that the results of a study's films are numbered as the films are."""
    return max(1, int(decimal(header, "InstanceNumber") or 1))


def _clock(made: datetime, found: Dataset) -> tuple[str, str]:
    """Return date and time as DA and TM, in the film's time zone, or that of this machine if it tells none."""
    stated = str(found.get("TimezoneOffsetFromUTC", "") or "")
    zone = None
    if len(stated) == 5 and stated[0] in "+-" and stated[1:].isdigit():
        sign = -1 if stated[0] == "-" else 1
        zone = timezone(sign * timedelta(hours=int(stated[1:3]), minutes=int(stated[3:])))
    there = made.astimezone(zone)
    return f"{there:%Y%m%d}", f"{there:%H%M%S.%f}"
