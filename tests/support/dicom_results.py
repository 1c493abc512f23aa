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


def reference(sop_class: str, uid: str) -> Dataset:
    """Return an item that names an instance."""
    found = Dataset()
    found.ReferencedSOPClassUID, found.ReferencedSOPInstanceUID = sop_class, uid
    return found


def question(transaction: str, *instances: tuple[str, str]) -> Dataset:
    """Return what storage commitment is asked with, of (SOP Class UID, SOP Instance UID)."""
    found = Dataset()
    found.TransactionUID = transaction
    found.ReferencedSOPSequence = [reference(*one) for one in instances]
    return found
