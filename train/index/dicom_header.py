"""What the header of a DICOM film says of it, where a collection has no table for that."""

import warnings
from dataclasses import dataclass
from pathlib import Path

from edge_app.imaging import limits, patient_age
from train.index.tables import OLDEST, sex_of


@dataclass(frozen=True)
class Header:
    """What a header says; "", None or 0 where it does not.

    Attributes:
        patient: Patient ID.
        view: View Position, such as "PA".
        sex: "M", "F" or "".
        age: in years, when the film was taken.
        machine: manufacturer and model.
        width: Columns, in pixels.
        height: Rows.
    """

    patient: str = ""
    view: str = ""
    sex: str = ""
    age: float | None = None
    machine: str = ""
    width: int = 0
    height: int = 0

    @property
    def size(self) -> str:
        """Width and height as "WxH", or ""."""
        return f"{self.width}x{self.height}" if self.width and self.height else ""


def read(path: Path) -> Header:
    """Read a header without its pixels; an empty one of a file that is not DICOM, or is too damaged to be read."""
    from pydicom import dcmread
    from pydicom.errors import BytesLengthException, InvalidDicomError

    try:
        with warnings.catch_warnings(action="ignore"):  # of values that break the standard
            header = dcmread(path, stop_before_pixels=True)
            return _of(header)
    except (*limits.DAMAGE, InvalidDicomError, BytesLengthException):
        return Header()


def _of(header) -> Header:
    def text(keyword: str) -> str:
        return " ".join(str(header.get(keyword) or "").split())

    age = patient_age.years(header)
    return Header(
        patient=text("PatientID"),
        view=text("ViewPosition").upper(),
        sex=sex_of(text("PatientSex")),
        age=round(age, 2) if age is not None and age <= OLDEST else None,
        machine=" ".join(filter(None, (text("Manufacturer"), text("ManufacturerModelName")))),
        width=int(header.get("Columns") or 0),
        height=int(header.get("Rows") or 0),
    )
