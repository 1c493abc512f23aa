"""A film that was received: it is acknowledged once it is safely stored, or answered with the reason why it is not."""

import contextlib
import io
import os
import zlib
from pathlib import Path

from edge_app.dicom_network import services
from edge_app.dicom_network.guard import Arrived
from edge_app.dicom_network.ledger import Ledger
from edge_app.errors import StoreFault
from edge_app.imaging import dicom_file, dicom_values, limits

# PS3.5 9: at most 64 of these.
UID_SIGNS, LONGEST_UID = frozenset("0123456789."), 64
# Bytes in which SOP Class and Instance UIDs stand: of the elements before them the longest has some 100.
HEAD = 1 << 16
# Bytes of the preamble, its mark and the length of the meta information, (0002,0000), as pynetdicom writes them.
META = 128 + 4 + 12
INSTANCE = 0x00080018
# What is answered, in words: Error Comment (0000,0902), at most 64 characters.
WHY = {
    services.OUT_OF_RESOURCES: "Too large, or no room now: send it again later",
    services.NOT_OF_CLASS: "Data set is not the instance that the command names",
    services.CANNOT_UNDERSTAND: "No SOP Instance UID, or a damaged data set",
    services.OTHER_CONTENT: "This SOP Instance UID came before with other content",
}


class Intake:
    """Takes films into the ledger."""

    def __init__(self, ledger: Ledger):
        self._ledger = ledger

    def take(self, path: Path, arrived: Arrived | None, uid: str, sop_class: str, syntax: str) -> int:
        """Take a film; return the status of its C-STORE.

        Args:
            path: its file in `Ledger.arriving`, of PS3.10.
            arrived: of `Guard.arrived`.
            uid, sop_class, syntax: as the command and the association name them.
        """
        if arrived is None or not is_uid(uid):
            return services.CANNOT_UNDERSTAND
        if not arrived.whole:
            return services.OUT_OF_RESOURCES
        try:
            said = _named(path, syntax)
        except limits.damage():
            return services.CANNOT_UNDERSTAND
        if said != (sop_class, uid):
            return services.NOT_OF_CLASS
        try:
            if (before := self._ledger.film(uid)) is not None:
                # In another Transfer Syntax it has other bytes; it is taken for the same film.
                same = before.sha256 == arrived.sha256 or before.syntax != syntax
                return services.SUCCESS if same else services.OTHER_CONTENT
            self._ledger.add_film(uid, sop_class, syntax, arrived.sha256, path)
        except (OSError, StoreFault):
            return services.OUT_OF_RESOURCES
        return services.SUCCESS


def is_uid(uid: str) -> bool:
    """Say whether a text has the form of a UID."""
    return 0 < len(uid) <= LONGEST_UID and set(uid) <= UID_SIGNS


def _named(path: Path, syntax: str) -> tuple[str, str]:
    """Return the SOP Class and Instance UID that a data set itself names, "" where it names none."""
    from pydicom.filereader import read_dataset
    from pydicom.uid import UID

    with path.open("rb") as file:
        start = file.read(META)
        file.seek(int.from_bytes(start[-4:], "little"), os.SEEK_CUR)
        head = file.read(HEAD)
    if syntax == dicom_file.DEFLATED:
        with contextlib.suppress(zlib.error):
            head = zlib.decompressobj(-zlib.MAX_WBITS).decompress(head, HEAD)
    kind = UID(syntax)
    found = read_dataset(
        io.BytesIO(head),
        kind.is_implicit_VR,
        kind.is_little_endian,
        stop_when=lambda tag, vr, length: tag > INSTANCE,
    )
    # Taken from their bytes: pydicom fails in many ways where their VR is another.
    sop_class, instance = (
        "\\".join(dicom_values.texts(found, keyword, capitals=False)) for keyword in ("SOPClassUID", "SOPInstanceUID")
    )
    return sop_class, instance
