"""DICOM files of a drawn film."""

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"  # PS3.4 B.5: Digital X-Ray Image Storage, For Presentation


def write_dicom(path, film, *, bits=12, syntax=ExplicitVRLittleEndian, pixels=None, vrs=None, **elements) -> Path:
    """Write a digital radiograph; `elements` replace or, if None, remove elements by keyword; `vrs` are their VRs."""
    stored = film.astype(np.uint16) << (bits - 8)
    data_set = FileDataset(str(path), {}, preamble=bytes(128), file_meta=FileMetaDataset())
    data_set.file_meta.TransferSyntaxUID = syntax
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID = DIGITAL_XRAY
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID = "1.2.3.4"
    data_set.Modality, data_set.ViewPosition, data_set.BodyPartExamined = "DX", "PA", "CHEST"
    data_set.PhotometricInterpretation, data_set.SamplesPerPixel = "MONOCHROME2", 1
    data_set.Rows, data_set.Columns = film.shape
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, bits, bits - 1, 0
    if pixels is None:
        pixels = stored.tobytes()
    for keyword, value in elements.items():
        if value is None:
            delattr(data_set, keyword)
        else:
            setattr(data_set, keyword, value)
    for keyword, vr in (vrs or {}).items():
        data_set[keyword].VR = vr
    if pixels:
        data_set.PixelData = pixels
        data_set["PixelData"].VR = "OW"
        data_set["PixelData"].is_undefined_length = syntax.is_compressed
    data_set.save_as(path)
    return path
