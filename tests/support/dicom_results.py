"""Data sets that stand for results where a test is about the way they go."""

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

CLASS = "1.2.840.10008.5.1.4.1.1.7"  # PS3.4 B.5: Secondary Capture


def result(uid: str) -> Dataset:
    """Return the data set of a result with a SOP Instance UID."""
    made = Dataset()
    made.SOPInstanceUID, made.SOPClassUID, made.PatientName = uid, CLASS, "Canary"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made
