"""Bombs and polyglots on a folder's way: each ends in a film or in one sentence, and the film after it is read.

`make fuzz` takes all of them, pictures of many packages, and mutations of films, the networks and the page included.
"""

import numpy as np
import pytest

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import file_type, radiograph
from edge_app.imaging.limits import one_line
from edge_app.workers.decode_pool import Decoded, DecodePool
from tests.support import bad_pictures
from tests.support.films import draw_film, png
from tests.support.sentences import wrong_with

TOO_MANY = "has far too many pixels; at most 100,000,000 are read; export a smaller picture."
# What is said of a bomb; None of one that is read, and costs no more than the picture in it.
SAID = {
    "png of 40,000 x 40,000": TOO_MANY,
    "png of 2,000,000,000 x 2,000,000,000": TOO_MANY,
    "png with 200 MB of text": None,
    "png of 100,000 texts": None,
    "png of 100,000 empty chunks of pixels": None,
    "jpeg of 65,500 x 65,500": TOO_MANY,
    "jpeg of 5,000 scans": "is damaged or cut off (it has 5006 scans, 500 are the most); copy it again",
    "tiff of 40,000 x 40,000": TOO_MANY,
    "tiff whose directory follows itself": "is damaged or cut off (",
    "tiff of 100,000 directories": "is damaged or cut off (no whole TIFF header); copy it again from",
    "tiff of a field of 4,000,000,000 values": "is damaged or cut off (",
    "bmp of 40,000 x 40,000": TOO_MANY,
    "bmp of -2,147,483,648 rows": TOO_MANY,
    "jpeg 2000 of 40,000 x 40,000": TOO_MANY,
    "jpeg 2000 with a box of 4 GB": "is damaged or cut off (",
    "pnm of 999,999,999 x 999,999,999": TOO_MANY,
    "pnm of a number of 1,000,000 digits": "is damaged or cut off (its parts contradict each other); copy it again",
    "dicom of 65,535 x 65,535": "is 65535 x 65535 pixels; at most 100,000,000 in all are read; ",
    "dicom that inflates to 1,000 times its size": "is a damaged DICOM file (it inflates to more than 316,777,216",
    "dicom, JPEG-LS of 100 megapixels that are not there": "Transfer Syntax is 'JPEG-LS Lossless Image",
}


def read(paths) -> list[Decoded | UnreadableRadiograph]:
    """Read files in one decoder, with its limits, and a good film behind each."""
    good = paths[0].with_name("good.png")
    good.write_bytes(png())
    with DecodePool(children=1) as pool:
        taken = [found for _, found in pool.films([one for path in paths for one in (path, good)])]
        assert DecodePool.deaths == read.deaths, "a decoder died"
    assert all(isinstance(found, Decoded) for found in taken[1::2])
    return taken[::2]


@pytest.fixture(autouse=True)
def count_deaths():
    """Note how many decoders of other tests died."""
    read.deaths = DecodePool.deaths


def test_bombs_end_in_a_sentence_or_cost_no_more_than_their_picture(tmp_path):
    made = bad_pictures.bombs(tmp_path)
    paths = {name: tmp_path / f"{number}.film" for number, name in enumerate(SAID)}
    for name, path in paths.items():
        path.write_bytes(made[name]())
    for (name, path), found in zip(paths.items(), read([*paths.values()]), strict=True):
        if SAID[name] is None:
            assert isinstance(found, Decoded), name
        else:
            assert str(found).startswith(f"{path}: {SAID[name]}"), name
            assert wrong_with(str(found), path) == []


def test_a_polyglot_is_what_its_first_bytes_or_its_dicom_mark_say(tmp_path):
    made = bad_pictures.polyglots(tmp_path)
    paths = {name: tmp_path / f"{number}.film" for number, name in enumerate(made)}
    for name, path in paths.items():
        path.write_bytes(made[name]())
    for (name, path), found in zip(paths.items(), read([*paths.values()]), strict=True):
        first = name.partition(" and ")[0]
        kind = str(file_type.name(path.read_bytes()))
        assert first.lower() in kind.lower(), name
        if first in ("document", "gif", "zip"):
            assert str(found).startswith(f"{path}: is {kind}; ")
            continue
        assert isinstance(found, Decoded), name
        # Never the picture of the other: the films of PNG, JPEG and TIFF in a DICOM preamble are drawn otherwise.
        shape = (240, 200) if first in ("dicom", "png") and name != "png and a page" else (240, 240)
        assert found.grey.shape == shape, name
    dicoms = [radiograph.read(path) for name, path in paths.items() if name.startswith("dicom")]
    assert len(dicoms) == 8 and all(np.array_equal(one, dicoms[0]) for one in dicoms)
    assert np.corrcoef(dicoms[0].ravel(), draw_film(3, 240, 200).ravel())[0, 1] > 0.99


@pytest.mark.parametrize(
    "said",
    [
        b"Token too long in file header: 9",
        "invalid literal for int() with base 10: b'255xxx'",
        "KeyError: 3",
        "cannot reshape array of size 9",
    ],
)
def test_pythons_words_of_a_decoder_are_not_said(said):
    assert one_line(ValueError(said)) == "its parts contradict each other"


def test_a_decoders_own_words_are():
    assert one_line(ValueError("Premature end of JPEG file")) == "Premature end of JPEG file"
