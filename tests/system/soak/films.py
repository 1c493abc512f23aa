"""Films to send without an end: real ones where collections lie, each with bytes or UIDs of its own."""

import io
import itertools
import struct
import threading
import zlib
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image
from pydicom import dcmread

from edge_app.sources import sample
from tests.support.damage import damage
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

FOLDERS = (
    *("COVID-19_Radiography_Dataset/*/images", "chest_xray/*/*", "covid-chestxray-dataset/images"),
    *("nih-chest-xrays/images", "siim-covid19-detection/train", "unifesp-body-part/images"),
)
# Films of each folder that are sent in turn, evenly spread; drawn films where there is no collection.
OF_A_FOLDER, DRAWN = 40, 12
# One film in this number is damaged; one in this number is sent again as it was.
DAMAGED, REPEATED = 20, 12
# Stands in a DICOM file where the number of the film goes; a component of a UID begins with another digit than 0.
PLACE, DIGITS = "1.2.826.0.1.3680043.8.498.70000000000", 10
# By which the store tells the golden film that came by DICOM: facts of a film name its device.
GOLDEN_DEVICE = "GOLDEN"


class Film(NamedTuple):
    """A film to be sent: its bytes, the ending of a file's name, and its number; films of one number are the same."""

    content: bytes
    ending: str
    number: int
    damaged: bool = False


class Films:
    """Gives films; many threads may take them."""

    def __init__(self, data: Path, folder: Path, seed: int = 26):
        """Read them.

        Args:
            data: folder of the collections; films are drawn if none is there.
            folder: for DICOM files that are made of them.
            seed: of the damage.
        """
        self._lock, self._rng, self._numbers = threading.Lock(), np.random.default_rng(seed), itertools.count(1)
        found = [path for name in FOLDERS for one in sorted(data.glob(name)) for path in spread(one)]
        self.count = len(found)
        self._plain = [(path.read_bytes(), path.suffix.lower()) for path in found]
        self._plain = self._plain or [(_png(draw_film(1000 + one)), ".png") for one in range(DRAWN)]
        folder.mkdir(parents=True, exist_ok=True)
        greys = [_grey(content) for content, _ in self._plain]
        usable = [grey for grey in greys if grey is not None][:: max(1, len(greys) // OF_A_FOLDER)]
        self.greys = usable
        self._dicom = [_template(folder / f"{one}.dcm", grey) for one, grey in enumerate(usable)]
        # Rows of which half the pixels are missing.
        self._short = _template(folder / "short.dcm", usable[0], Rows=2 * usable[0].shape[0])
        self._golden = _golden(folder / "golden.dcm")
        self._last: dict[bool, Film] = {}

    def plain(self) -> Film:
        """Return the next film as a file."""
        with self._lock:
            return self._next(False)

    def dicom(self) -> Film:
        """Return the next film as a DICOM file."""
        with self._lock:
            return self._next(True)

    def golden(self) -> Film:
        """Return the golden film, DICOM, the same but for its UIDs."""
        with self._lock:
            number = next(self._numbers)
        return Film(numbered(self._golden, number), ".dcm", number)

    def _next(self, dicom: bool) -> Film:
        number = next(self._numbers)
        if number % REPEATED == 0 and dicom in self._last:
            return self._last[dicom]
        damaged = number % DAMAGED == 0
        if dicom:
            film = Film(numbered(self._short if damaged else self._of(self._dicom), number), ".dcm", number, damaged)
        else:
            content, ending = self._of(self._plain)
            content = marked(content, number)
            film = Film(damage(content, self._rng) if damaged else content, ending, number, damaged)
        if not damaged:
            self._last[dicom] = film
        return film

    def _of(self, some: list):
        return some[int(self._rng.integers(len(some)))]


def spread(folder: Path) -> list[Path]:
    """Return some files of a folder, evenly spread."""
    inside = sorted(path for path in folder.iterdir() if path.is_file())
    return inside[:: max(1, len(inside) // OF_A_FOLDER)][:OF_A_FOLDER]


def marked(content: bytes, number: int) -> bytes:
    """Return the same film with a comment that makes its bytes its own: T.81 B.2.4.5, PNG 11.3.4.3."""
    text = b"film %d" % number
    if content[:2] == b"\xff\xd8":
        return content[:2] + b"\xff\xfe" + struct.pack(">H", len(text) + 2) + text + content[2:]
    if content[:8] == b"\x89PNG\r\n\x1a\n":
        body = b"tEXtComment\0" + text
        chunk = struct.pack(">L", len(body) - 4) + body + struct.pack(">L", zlib.crc32(body))
        after = 33  # the signature and IHDR, which must come first
        return content[:after] + chunk + content[after:]
    return content + text


def numbered(template: bytes, number: int) -> bytes:
    """Return a DICOM file with UIDs of its own."""
    return template.replace(PLACE.encode(), uid(number).encode())


def uid(number: int) -> str:
    """Return the SOP Instance UID of a film by its number."""
    return f"{PLACE[:-DIGITS]}{number:0{DIGITS}d}"


def _png(grey: np.ndarray) -> bytes:
    content = io.BytesIO()
    Image.fromarray(grey).save(content, "PNG")
    return content.getvalue()


def _grey(content: bytes) -> np.ndarray | None:
    return cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_GRAYSCALE)


def _template(path: Path, grey: np.ndarray, **elements) -> bytes:
    uids = {"SOPInstanceUID": PLACE, "StudyInstanceUID": f"{PLACE}.1", "SeriesInstanceUID": f"{PLACE}.2"}
    write_dicom(path, grey, **uids, PatientName="Canary^Name", PatientID="P1", **elements)
    return _whole(path)


def _golden(path: Path) -> bytes:
    data_set = dcmread(sample.path())
    data_set.SOPInstanceUID, data_set.StudyInstanceUID, data_set.SeriesInstanceUID = PLACE, f"{PLACE}.1", f"{PLACE}.2"
    data_set.ManufacturerModelName = GOLDEN_DEVICE
    data_set.save_as(path)
    return _whole(path)


def _whole(path: Path) -> bytes:
    data_set = dcmread(path, force=True)
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    data_set.save_as(path, enforce_file_format=True)
    return path.read_bytes()
