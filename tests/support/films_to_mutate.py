"""Films in every Transfer Syntax that the node takes, taken to pieces, for `mutated_films`."""

import io
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import imagecodecs
import numpy as np
import pydicom
from pydicom import Dataset, dcmread, uid
from pydicom.encaps import encapsulate
from pydicom.filereader import read_dataset
from pynetdicom.dsutils import encode

from edge_app.dicom_network import services
from edge_app.imaging import dicom_file
from tests.support.dicom_files import DIGITAL_XRAY, write_dicom
from tests.support.dicom_node import NAME
from tests.support.films import draw_film

# Films that users sent in, where they are at hand.
CASES = Path(__file__).parents[2].parent / "shared" / "cases"
# Kilobytes of the largest file, so that most of the time goes into what is done with one.
MOST_KB = 150
# So many of the films are drawn, and could be judged if they were whole; they come first.
DRAWN = 10
# SOP Instance UID in place of an instance's own: as long as every other that `mutated_films` gives.
PLACE = "1.2.826.0.1.3680043.8.498.1000000000"
# PS3.5 7.1.2: VRs with a length of 4 bytes behind 2 of nothing.
LONG = (b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV")


class Film(NamedTuple):
    """A film before it is changed.

    Attributes:
        name: of its file.
        syntax: Transfer Syntax UID.
        elements: (tag, VR and length; value) of each, as they are encoded and, where the syntax deflates, before that.
    """

    name: str
    syntax: uid.UID
    elements: tuple[tuple[bytes, bytes], ...]


def films(folder: Path) -> list[Film]:
    """Return films: drawn ones, and those of pydicom and pydicom-data, with headers of chest films.

    Args:
        folder: where drawn ones may be written.
    """
    found = list(_drawn(folder))
    assert len(found) == DRAWN
    store = find_spec("data_store")
    folders = [Path(pydicom.__file__).parent / "data" / "test_files", CASES]
    folders += (store and store.submodule_search_locations) or ()
    for path in sorted(path for one in folders for path in Path(one).rglob("*.dcm")):
        if path.stat().st_size < MOST_KB * 1000:
            with warnings.catch_warnings(action="ignore"):
                try:
                    film = _film(path.name, dcmread(path, force=True))
                except (AttributeError, TypeError, ValueError):  # some of them are there to be broken
                    continue
            if film:
                found.append(film)
    return found


def _drawn(folder: Path) -> Iterator[Film]:
    """Yield a small film in each way of writing pixels that there is an encoder for."""
    grey = draw_film(3, 128, 110)
    deep = grey.astype(np.uint16) << 4
    ways = {
        uid.ImplicitVRLittleEndian: deep.tobytes(),
        uid.ExplicitVRLittleEndian: deep.tobytes(),
        uid.ExplicitVRBigEndian: deep.astype(">u2").tobytes(),
        uid.DeflatedExplicitVRLittleEndian: deep.tobytes(),
        uid.UID(dicom_file.IN_ITEMS): encapsulate([deep.tobytes()]),
        uid.JPEGBaseline8Bit: encapsulate([imagecodecs.jpeg8_encode(grey, level=95)]),
        uid.JPEGExtended12Bit: encapsulate([imagecodecs.jpeg8_encode(deep, level=95, bitspersample=12)]),
        uid.JPEGLosslessSV1: encapsulate([imagecodecs.jpeg8_encode(grey, lossless=True, predictor=1)]),
        uid.JPEGLSLossless: encapsulate([imagecodecs.jpegls_encode(deep)]),
        uid.JPEG2000Lossless: encapsulate([imagecodecs.jpeg2k_encode(deep, level=0)]),
    }
    for syntax, pixels in ways.items():
        eight = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7}
        more = eight if syntax in (uid.JPEGBaseline8Bit, uid.JPEGLosslessSV1) else {}
        data_set = dcmread(write_dicom(folder / "drawn.dcm", grey, **more))
        data_set.file_meta.TransferSyntaxUID = syntax
        data_set.StudyInstanceUID, data_set.SeriesInstanceUID, data_set.PatientAge = "1.2.3", "1.2.3.4", "040Y"
        data_set.PatientName = NAME
        data_set.PixelData = pixels
        data_set["PixelData"].is_undefined_length = syntax.is_encapsulated
        film = _film(f"drawn, {syntax.name}", data_set)
        assert film, syntax.name
        yield film


def _film(name: str, data_set: Dataset) -> Film | None:
    """Return an image with the header of a chest film; None without pixels in a syntax that the node takes."""
    syntax = data_set.file_meta.TransferSyntaxUID
    if "PixelData" not in data_set or syntax not in services.transfer_syntaxes():
        return None
    data_set.SOPClassUID, data_set.SOPInstanceUID = DIGITAL_XRAY, PLACE
    data_set.Modality, data_set.ViewPosition, data_set.BodyPartExamined = "DX", "PA", "CHEST"
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    content = encode(data_set, implicit, little)
    return Film(name, syntax, tuple(_elements(content, implicit, little))) if content else None


def _elements(content: bytes, implicit: bool, little: bool) -> Iterator[tuple[bytes, bytes]]:
    read = list(read_dataset(io.BytesIO(content), implicit, little).values())
    starts = []
    for one in read:
        value = getattr(one, "value_tell", None)
        if value is None:  # a sequence, which is read at once
            value = one.file_tell
        starts.append((value - (12 if not implicit and one.VR.encode() in LONG else 8), value))
    ends = [start for start, _ in starts[1:]] + [len(content)]
    for (start, value), end in zip(starts, ends, strict=True):
        yield content[start:value], content[value:end]
