"""A film that came over HTTP, posted or pulled, on its way into the intake that C-STORE has too."""

import hashlib
import io
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app.dicom_network import services
from edge_app.dicom_network.guard import Arrived
from edge_app.dicom_network.intake import META, WHY, Intake, is_uid
from edge_app.dicom_network.ledger import Ledger
from edge_app.errors import StoreFault
from edge_app.imaging import limits

if TYPE_CHECKING:
    from pydicom import Dataset

# PS3.18 table 10.5.3-1 and PS3.3 C.14: SOP Class, and Transfer Syntax, not supported. Only STOW-RS answers with these:
# by C-STORE such films are not even negotiated.
NO_SUCH_CLASS, NO_SUCH_SYNTAX = 0x0122, 0xC122
REASONS = WHY | {
    NO_SUCH_CLASS: "This node takes chest films alone, not this SOP Class",
    NO_SUCH_SYNTAX: "This node cannot decode this Transfer Syntax",
}
# Bytes of meta information (PS3.10 7.1): a few UIDs, and what its writer added.
MOST_META = 1 << 16
# Where the first element of the meta information starts, and what it is: (0002,0000) UL, of 4 bytes.
FIRST, GROUP_LENGTH = 132, b"\x02\x00\x00\x00UL\x04\x00"


class Outcome(NamedTuple):
    """What became of an instance: its UIDs, "" where it names none, and the status as of C-STORE."""

    sop_class: str
    uid: str
    status: int


class Receiver:
    """Takes instances of PS3.10 into the ledger."""

    def __init__(self, ledger: Ledger):
        self._ledger, self._intake = ledger, Intake(ledger)
        self._syntaxes = frozenset(services.transfer_syntaxes())

    def take(self, content: memoryview, study: str = "") -> Outcome:
        """Take an instance.

        Args:
            content: its file.
            study: Study Instance UID that it must have; "" for any.
        """
        try:
            meta, start = _meta(content)
            sop_class, uid, syntax = (
                str(meta.get(name, "")) for name in ("MediaStorageSOPClassUID", "MediaStorageSOPInstanceUID", SYNTAX)
            )
        except limits.damage():
            return Outcome("", "", services.CANNOT_UNDERSTAND)
        if not is_uid(uid) or not is_uid(sop_class):
            return Outcome("", "", services.CANNOT_UNDERSTAND)
        if sop_class not in services.FILMS:
            return Outcome(sop_class, uid, NO_SUCH_CLASS)
        if syntax not in self._syntaxes:
            return Outcome(sop_class, uid, NO_SUCH_SYNTAX)
        return Outcome(sop_class, uid, self._taken(content, start, sop_class, uid, syntax, study))

    def _taken(self, content: memoryview, start: int, sop_class: str, uid: str, syntax: str, study: str) -> int:
        try:
            whole = len(content) <= self._ledger.limits.instance and self._ledger.has_room()
            if not whole:
                return services.OUT_OF_RESOURCES
            handle, name = tempfile.mkstemp(".dcm", dir=self._ledger.arriving)
        except (OSError, StoreFault):
            return services.OUT_OF_RESOURCES
        path = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            if study and _study(path) != study:
                return services.NOT_OF_CLASS
            arrived = Arrived(hashlib.sha256(content[start:]).hexdigest(), whole)
            return self._intake.take(path, arrived, uid, sop_class, syntax)
        except OSError:
            return services.OUT_OF_RESOURCES
        except limits.damage():
            return services.CANNOT_UNDERSTAND
        finally:
            path.unlink(missing_ok=True)


SYNTAX = "TransferSyntaxUID"


def _meta(content: memoryview) -> "tuple[Dataset, int]":
    """Return the meta information of a file, and where its data set begins.

    Raises:
        ValueError: it is not a file of PS3.10; and others of `limits.damage`.
    """
    from pydicom.filereader import read_dataset

    head = bytes(content[: META + MOST_META])
    if head[FIRST - 4 : FIRST] != b"DICM" or head[FIRST : FIRST + len(GROUP_LENGTH)] != GROUP_LENGTH:
        raise ValueError("it is not a DICOM file")
    start = META + int.from_bytes(head[META - 4 : META], "little")
    if start > len(head):
        raise ValueError("its meta information is too long")
    return read_dataset(io.BytesIO(head[META:start]), is_implicit_VR=False, is_little_endian=True), start


def _study(path: Path) -> str:
    from pydicom import dcmread

    return str(dcmread(path, stop_before_pixels=True, specific_tags=["StudyInstanceUID"]).get("StudyInstanceUID", ""))
