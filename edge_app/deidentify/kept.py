"""What is kept of elements that PS3.15 table E.1-1 does not name: only what an image needs, and only values known.

The profile alone would keep them all. But a hospital may have written a name anywhere: so text is kept where it is one
of the standard's own terms, and nowhere else. Numbers are kept: none of those that the table leaves identifies anybody.
"""

import re

from pydicom._uid_dict import UID_dictionary
from pydicom.charset import python_encoding
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.sr._concepts_dict import concepts

from edge_app.imaging import dicom_checks

BINARY = ("US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT")
WRITTEN = {"DS": re.compile(r"[-+]?\d*\.?\d+([eE][-+]?\d+)?"), "IS": re.compile(r"[-+]?\d+")}
# The table of grey levels of a modality or VOI LUT (PS3.3 C.11.1, C.11.2).
LUT = "LUTData"
YES_NO = ("YES", "NO")
# PS3.3: C.7.3.1.1.1, C.7.6.1.1.2, C.7.6.3.1.2, C.8.11.1 to C.8.11.5, C.11.1 to C.11.6, C.7.6.1.1.5.
TERMS = {
    "Modality": ("CR", "DX", "DR", "RG", "OT"),
    "ImageType": ("ORIGINAL", "DERIVED", "PRIMARY", "SECONDARY", "OTHER", "POST_PROCESSED", "EXTRACTED"),
    "PhotometricInterpretation": ("MONOCHROME1", "MONOCHROME2"),
    "PresentationIntentType": ("FOR PRESENTATION", "FOR PROCESSING"),
    "PresentationLUTShape": ("IDENTITY", "INVERSE"),
    "VOILUTFunction": ("LINEAR", "LINEAR_EXACT", "SIGMOID"),
    "PixelIntensityRelationship": ("LIN", "LOG", "OTHER"),
    "PixelSpacingCalibrationType": ("GEOMETRY", "FIDUCIAL"),
    "RescaleType": ("US", "OD", "HU"),
    "ModalityLUTType": ("US", "OD", "HU"),
    "LossyImageCompression": ("00", "01"),
    "LossyImageCompressionMethod": ("ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_15444_15"),
    "ViewPosition": ("AP", "PA", *dicom_checks.NOT_FRONTAL),
    "ImageLaterality": ("L", "R", "U", "B"),
    "Laterality": ("L", "R"),
    "BodyPartExamined": ("CHEST", "LUNG", "RIB", "STERNUM", "THORAX"),
    "PatientOrientation": tuple("APLRHF"),
    "PositionerType": ("CARM", "COLUMN", "NONE"),
    "BurnedInAnnotation": YES_NO,
    "RecognizableVisualFeatures": YES_NO,
    "DetectorType": ("DIRECT", "SCINTILLATOR", "STORAGE", "FILM"),
    "ConversionType": ("DV", "DI", "DF", "WSD", "SD", "SI", "DRW", "SYN"),
    "PatientSex": ("M", "F", "O"),
}
# PS3.3 C.7.6.1.1.1: up to three letters of those above.
ORIENTATION = re.compile(r"[APLRHF]{1,3}")


def worth_keeping(element: DataElement) -> bool:
    """Return whether an element that the table does not name is kept as it is; sequences are looked into elsewhere."""
    values = element.value if element.VM > 1 else [element.value]
    if element.is_empty:
        return element.VR in (*BINARY, *WRITTEN, "CS")
    if element.VR in BINARY:
        return all(isinstance(value, int | float) for value in values)
    if element.VR in WRITTEN:
        return all(WRITTEN[element.VR].fullmatch(str(value).strip(" ")) for value in values)
    if element.keyword == LUT:
        return True
    if element.keyword == "SpecificCharacterSet":
        return all(value in python_encoding for value in values)
    if element.keyword == "PatientOrientation":
        return all(ORIENTATION.fullmatch(str(value)) for value in values)
    if element.VR == "UI":
        return all(str(value) in UID_dictionary for value in values)
    return element.keyword in TERMS and all(value in TERMS[element.keyword] for value in values)


def coded(item: Dataset) -> Dataset | None:
    """Return a code as the standard has it, without anything else of its item; None of a code of another scheme."""
    scheme, value = (str(item.get(keyword, "")) for keyword in ("CodingSchemeDesignator", "CodeValue"))
    for by_code in concepts.get(scheme, {}).values():
        if value in by_code:
            made = Dataset()
            made.CodeValue, made.CodingSchemeDesignator, made.CodeMeaning = value, scheme, by_code[value][0]
            return made
    return None
