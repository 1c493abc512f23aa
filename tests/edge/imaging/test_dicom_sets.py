"""Every DICOM file that comes with a package: read or a sentence, and the pixels are those that DCMTK finds."""

from pathlib import Path

import data_store
import numpy as np
import pydicom
import pytest
from pydicom.pixels.processing import apply_modality_lut

from edge_app.errors import EdgeError
from edge_app.imaging import dicom_file, dicom_pixels, radiograph, voi_lut
from tests.support import dcmtk
from tests.support.sentences import PYTHON

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that break the standard
FOLDERS = (Path(pydicom.__file__).parent / "data", Path(data_store.__file__).parent / "data")
FILES = [
    path
    for folder in FOLDERS
    for path in sorted(folder.rglob("*"))
    if path.is_file() and path.suffix not in (".py", ".pyc", ".json", ".txt")
]
# The light environment keeps the sample films of pydicom-data alone.
ALL_ARE_HERE = any(path.name == "JPGLosslessP14SV1_1s_1f_8b.dcm" for path in FILES)
# Grey levels between 1 % and 99 %: fewer, and a window hides the picture, so that ours is not used.
LEAST_LEVELS = 20


def test_each_file_is_read_or_gets_a_sentence():
    read, refused = 0, 0
    for path in FILES:
        try:
            grey = radiograph.read(path)
            assert grey.dtype == np.uint8 and grey.ndim == 2, path
            read += 1
        except EdgeError as error:
            assert str(error).startswith(f"{path}: ") and str(error).endswith("."), error
            assert "\n" not in str(error) and not PYTHON.search(str(error)), error
            refused += 1
    assert read >= 4  # the sample in its four syntaxes
    if ALL_ARE_HERE:
        assert read >= 10 and refused >= 200


def _grey(path):
    """Return the stored values of a grey frame and its header, or None: for pictures that no film is, too."""
    try:
        parts = dicom_file.read(path.read_bytes())
        how, found = dicom_pixels.layout(parts.header), dicom_file.pixels(parts)
        if found and how.photometric.startswith("MONO") and how.allocated in (8, 16) and how.samples == 1:
            return dicom_pixels.stored(found, how), parts.header
    except (ValueError, RuntimeError, ArithmeticError):
        pass
    return None


def _compared(path) -> dict[str, int]:
    """Return by how many grey levels a file differs from what DCMTK shows, linearly and by its own window."""
    found, apart = _grey(path), {}
    if not found:
        return apart
    values, header = found
    own = voi_lut.show(values, header) if "WindowWidth" in header and "PixelPaddingValue" not in header else None
    expected = dcmtk.shown(path, "+Wi", "1")
    if own is not None and expected is not None and np.subtract(*np.percentile(expected, (99, 1))) >= LEAST_LEVELS:
        apart["own window"] = int(np.abs(own.astype(int) - expected).max())
    units = apply_modality_lut(values, header)
    low, high = float(units.min()), max(float(units.max()), float(units.min()) + 1)
    # PS3.3 C.11.2.1.2: from the lowest to the highest value.
    window = {"WindowCenter": f"{(low + high + 1) / 2:.6g}", "WindowWidth": f"{high - low + 1:.6g}"}
    expected = dcmtk.shown(path, "+Ww", *window.values())
    for keyword, value in window.items():
        setattr(header, keyword, value)
    for keyword in ("VOILUTSequence", "PixelPaddingValue", "VOILUTFunction"):
        header.pop(keyword, None)
    if expected is not None and len(np.unique(expected)) >= LEAST_LEVELS:
        shown = voi_lut.show(values, header).astype(int)
        if np.subtract(*np.percentile(expected, (99, 1))) >= LEAST_LEVELS:
            apart["linear"] = int(np.abs(shown - expected).max())
    return apart


@dcmtk.needed
@pytest.mark.skipif(not ALL_ARE_HERE, reason="only the sample films of pydicom-data are here")
def test_pixels_are_those_that_dcmtk_finds():
    found = {path.name: _compared(path) for path in FILES if path.suffix not in (".gz", ".zip", ".icc")}
    assert {name: apart for name, apart in found.items() if any(value > 1 for value in apart.values())} == {}
    assert sum("linear" in apart for apart in found.values()) >= 60
    assert sum("own window" in apart for apart in found.values()) >= 38
