"""LUTs, windows, bits and padding as modalities write them, right and wrong; DCMTK's `dcm2pnm` judges the pixels."""

import numpy as np
import pytest
from pydicom.dataset import Dataset

from edge_app.imaging import radiograph
from tests.support import dcmtk
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom's, of values that break the standard
WINDOW = {"WindowCenter": 1600, "WindowWidth": 1600}
RAMP = np.linspace(0, 65535, 4096).astype(np.uint16)


@pytest.fixture(scope="module")
def film():
    return draw_film(9, 240, 200)


def _lut(descriptor, data, vr="US", descriptor_vr="US"):
    """Return an item of a LUT Sequence."""
    item = Dataset()
    item.LUTDescriptor, item.LUTData = descriptor, data if isinstance(data, bytes) else data.tolist()
    item["LUTDescriptor"].VR, item["LUTData"].VR = descriptor_vr, vr
    return item


def _group(name, **elements):
    """Return a functional group with one item."""
    inner, outer = Dataset(), Dataset()
    for keyword, value in elements.items():
        setattr(inner, keyword, value)
    setattr(outer, name, [inner])
    return [outer]


def _signed(film):
    return ((film.astype(np.int16) * 16 - 2048) & 0xFFF).astype(np.uint16).tobytes()


def _read(path) -> np.ndarray:
    return radiograph.read(path).astype(int)


SHOWN = {
    "a window": (WINDOW, "+Wi"),
    "a sigmoid window": ({**WINDOW, "VOILUTFunction": "SIGMOID"}, "+Wi"),
    "an exact window": ({**WINDOW, "VOILUTFunction": "LINEAR_EXACT"}, "+Wi"),
    "slope and intercept": ({**WINDOW, "RescaleSlope": 2, "RescaleIntercept": -1000}, "+Wi"),
    "a slope without an intercept": ({**WINDOW, "RescaleSlope": 2}, "+Wi"),
    "an intercept without a slope": ({**WINDOW, "RescaleSlope": "", "RescaleIntercept": 100}, "+Wi"),
    "an empty slope and intercept": ({**WINDOW, "RescaleSlope": "", "RescaleIntercept": ""}, "+Wi"),
    "a slope of nothing": ({**WINDOW, "RescaleSlope": 0, "RescaleIntercept": 0}, "+Wi"),
    "a VOI LUT of 16 bits": ({"VOILUTSequence": [_lut([4096, 0, 16], RAMP)]}, "+Wl"),
    "a VOI LUT of 12 bits": ({"VOILUTSequence": [_lut([4096, 0, 12], RAMP >> 4)]}, "+Wl"),
    "a VOI LUT of 10 bits": ({"VOILUTSequence": [_lut([4096, 0, 10], RAMP >> 6)]}, "+Wl"),
    "a VOI LUT of bytes": (
        {"VOILUTSequence": [_lut([4096, 0, 8], (RAMP >> 8).astype(np.uint8).tobytes(), "OW")]},
        "+Wl",
    ),
    "a VOI LUT of 8 bits in words": ({"VOILUTSequence": [_lut([4096, 0, 8], (RAMP >> 8).tobytes(), "OW")]}, "+Wl"),
    "a VOI LUT from the middle on": ({"VOILUTSequence": [_lut([2048, 1000, 16], RAMP[::2])]}, "+Wl"),
    "a VOI LUT of all 65,536 values": (
        {"VOILUTSequence": [_lut([0, 0, 16], np.arange(65536, dtype=np.uint16).tobytes(), "OW")]},
        "+Wl",
    ),
    "a modality LUT of 12 bits": (
        {**WINDOW, "ModalityLUTSequence": [_lut([4096, 0, 12], np.arange(4096)[::-1])]},
        "+Wi",
    ),
    "a modality LUT of 16 bits": (
        {"ModalityLUTSequence": [_lut([4096, 0, 16], RAMP)], "WindowCenter": 30000, "WindowWidth": 40000},
        "+Wi",
    ),
    "no High Bit": ({**WINDOW, "HighBit": None}, "+Wi"),
    "no Samples per Pixel": ({**WINDOW, "SamplesPerPixel": None}, "+Wi"),
    "MONOCHROME1": ({**WINDOW, "PhotometricInterpretation": "MONOCHROME1"}, "+Wi"),
    "MONOCHROME1 and INVERSE": (
        {**WINDOW, "PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"},
        "+Wi",
    ),
}


@dcmtk.needed
@pytest.mark.parametrize("kind", SHOWN)
def test_a_film_is_shown_as_dcmtk_shows_it(tmp_path, film, kind):
    elements, option = SHOWN[kind]
    path = write_dicom(tmp_path / "film.dcm", film, **elements)
    expected = dcmtk.shown(path, option, "1")
    assert expected is not None
    assert np.abs(_read(path) - expected).max() <= 1


STORED = {
    "bits at the top": {"HighBit": 15, "pixels": lambda film: (film.astype(np.uint16) << 8).tobytes()},
    "an overlay in a spare bit": {"pixels": lambda film: ((film.astype(np.uint16) << 4) | 0x8000).tobytes()},
    "two bytes too few": {"pixels": lambda film: (film.astype(np.uint16) << 4).tobytes()[:-2]},
    "some bytes too many": {"pixels": lambda film: (film.astype(np.uint16) << 4).tobytes() + bytes(6)},
    "signed values of 12 bits": {
        "PixelRepresentation": 1, "WindowCenter": 1600 - 2048, "pixels": _signed,
    },
}  # fmt: skip


@dcmtk.needed
@pytest.mark.parametrize("kind", STORED)
def test_stored_bits_are_taken_as_dcmtk_takes_them(tmp_path, film, kind):
    elements = {**WINDOW, **STORED[kind]}
    path = write_dicom(tmp_path / "film.dcm", film, **{**elements, "pixels": elements["pixels"](film)})
    expected = dcmtk.shown(path, "+Wi", "1")
    assert expected is not None
    assert np.abs(_read(path) - expected).max() <= 1
    assert np.abs(_read(path) - _read(write_dicom(tmp_path / "plain.dcm", film, **WINDOW))).max() <= 1


@dcmtk.needed
@pytest.mark.parametrize("vr", ["US", "SS"])
def test_the_first_value_of_a_lut_for_signed_values_may_be_negative(tmp_path, film, vr):
    table = _lut([4096, -2048 if vr == "SS" else 65536 - 2048, 16], RAMP, descriptor_vr=vr)
    path = write_dicom(tmp_path / "film.dcm", film, PixelRepresentation=1, pixels=_signed(film), VOILUTSequence=[table])
    expected = dcmtk.shown(path, "+Wl", "1")
    assert expected is not None
    assert np.abs(_read(path) - expected).max() <= 1


UNUSABLE = {
    "an empty item": {"VOILUTSequence": [Dataset()]},
    "an empty sequence": {"VOILUTSequence": []},
    "no entries": {"VOILUTSequence": [_lut([4096, 0, 16], b"", "OW")]},
    "too few entries": {"VOILUTSequence": [_lut([4096, 0, 16], RAMP[:300])]},
    "a short descriptor": {"VOILUTSequence": [_lut([4096, 0], RAMP)]},
    "a descriptor of 40 bits": {"VOILUTSequence": [_lut([4096, 0, 40], RAMP)]},
    "one grey level only": {"VOILUTSequence": [_lut([4096, 0, 16], np.full(4096, 7))]},
    "an empty modality LUT": {"ModalityLUTSequence": [Dataset()]},
    "a modality LUT of one value": {"ModalityLUTSequence": [_lut([4096, 0, 16], np.zeros(4096, int))]},
    "an empty window": {"WindowCenter": "", "WindowWidth": ""},
    "a centre alone": {"WindowCenter": 1600},
    "an empty function": {"VOILUTFunction": ""},
}


@pytest.mark.parametrize("kind", UNUSABLE)
def test_a_lut_or_window_that_cannot_be_used_is_passed_over(tmp_path, film, kind):
    path = write_dicom(tmp_path / "film.dcm", film, **UNUSABLE[kind])
    assert np.array_equal(_read(path), _read(write_dicom(tmp_path / "plain.dcm", film)))


def test_the_first_lut_that_can_be_used_counts(tmp_path, film):
    whole = _lut([4096, 0, 16], RAMP[::-1])
    one = _read(write_dicom(tmp_path / "1.dcm", film, VOILUTSequence=[whole]))
    assert np.array_equal(one, _read(write_dicom(tmp_path / "2.dcm", film, VOILUTSequence=[Dataset(), whole])))


def test_a_lut_whose_bits_are_given_as_more_than_they_are_is_shown_whole(tmp_path, film):
    right = _read(write_dicom(tmp_path / "1.dcm", film, VOILUTSequence=[_lut([4096, 0, 12], RAMP >> 4)]))
    assert np.array_equal(
        right, _read(write_dicom(tmp_path / "2.dcm", film, VOILUTSequence=[_lut([4096, 0, 16], RAMP >> 4)]))
    )


# Numbers in other writings have the same length here, so that they can be put into the file as it is.
WRITTEN = {
    "decimal commas": ((b"1600.0", b"1600,0"), True),
    "blanks": ((b"1600.0", b" 1600 "), True),
    "exponents": ((b"1600.0", b"1.6E+3"), True),
    "a trailing zero byte": ((b"1600.0", b"1600\0\0"), True),
    "text": ((b"1600.0", b"NORMAL"), False),
    "not a number": ((b"1600.0", b"   NaN"), False),
    "infinity": ((b"1600.0", b"   Inf"), False),
    "two numbers in one": ((b"1600.0", b"16 0.0"), False),
    "letters of another alphabet": ((b"1600.0", b"\xd0\xb0\xd0\xb1\xd0\xb2"), False),
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_numbers_are_taken_as_they_are_written(tmp_path, film, kind):
    (old, new), used = WRITTEN[kind]
    path = write_dicom(tmp_path / "film.dcm", film, WindowCenter="1600.0", WindowWidth="1600.0")
    windowed = _read(path)
    assert path.read_bytes().count(old) == 2
    path.write_bytes(path.read_bytes().replace(old, new))
    plain = _read(write_dicom(tmp_path / "plain.dcm", film))
    assert np.array_equal(_read(path), windowed if used else plain)


def test_the_first_window_that_can_be_used_counts(tmp_path, film):
    windows = {"WindowCenter": ["1600.0", "1600"], "WindowWidth": ["1600.0", "1600"]}
    path = write_dicom(tmp_path / "film.dcm", film, **windows)
    windowed = _read(path)
    path.write_bytes(path.read_bytes().replace(b"1600.0", b"  AUTO"))
    assert np.array_equal(_read(path), windowed)


@pytest.mark.parametrize("sequence", ["SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"])
def test_display_attributes_may_stand_in_functional_groups(tmp_path, film, sequence):
    expected = _read(write_dicom(tmp_path / "1.dcm", film, **WINDOW))
    grouped = _group("FrameVOILUTSequence", **WINDOW)
    assert np.array_equal(_read(write_dicom(tmp_path / "2.dcm", film, **{sequence: grouped})), expected)
    rescale = {"RescaleSlope": 2, "RescaleIntercept": -1000}
    expected = _read(write_dicom(tmp_path / "3.dcm", film, **WINDOW, **rescale))
    grouped = _group("PixelValueTransformationSequence", **rescale)
    assert np.array_equal(_read(write_dicom(tmp_path / "4.dcm", film, **WINDOW, **{sequence: grouped})), expected)


@pytest.mark.parametrize("kind", ["an item without elements", "no item", "an unusable window"])
def test_functional_groups_that_say_nothing_are_passed_over(tmp_path, film, kind):
    groups = {
        "an item without elements": [Dataset()],
        "no item": [],
        "an unusable window": _group("FrameVOILUTSequence", WindowCenter=5, WindowWidth=0),
    }
    path = write_dicom(tmp_path / "film.dcm", film, SharedFunctionalGroupsSequence=groups[kind])
    assert np.array_equal(_read(path), _read(write_dicom(tmp_path / "plain.dcm", film)))


@pytest.mark.parametrize("vr", ["US", "SS"])
@pytest.mark.parametrize("limit", [None, -1990])
def test_padding_beside_signed_pixels_is_told_apart_whatever_its_vr(tmp_path, film, vr, limit):
    stored = film.astype(np.int16) * 8
    stored[:20] = -2000
    stored[20:25] = -1990 if limit else -2000
    signed = {"PixelRepresentation": 1, "BitsStored": 16, "HighBit": 15, "pixels": stored.tobytes()}
    padding = {"PixelPaddingValue": -2000, **({"PixelPaddingRangeLimit": limit} if limit else {})}
    padding = {keyword: value + (65536 if vr == "US" else 0) for keyword, value in padding.items()}
    path = write_dicom(tmp_path / "film.dcm", film, vrs=dict.fromkeys(padding, vr), **signed, **padding)
    grey = _read(path)
    assert not grey[:25].any()
    rest = write_dicom(tmp_path / "rest.dcm", film[25:], pixels=(film[25:].astype(np.uint16) * 8).tobytes())
    assert np.abs(grey[25:] - _read(rest)).max() <= 1  # the range is divided from another lowest value on
