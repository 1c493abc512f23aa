"""Which files look whole, and which as if they were still on their way."""

import io
import os

import numpy as np
import pytest
from PIL import Image

from edge_app.sources.arrival import DELIMITER, META, TAIL, seems_whole
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

PICTURE = Image.fromarray(draw_film(1000, 300, 260))


def encoded(kind: str) -> bytes:
    """Return a drawn film, whole, in a format."""
    if kind == "DICOM":
        write_dicom(content := io.BytesIO(), np.asarray(PICTURE))
        return content.getvalue()
    content = io.BytesIO()
    PICTURE.save(content, kind)
    return content.getvalue()


KINDS = ("PNG", "JPEG", "TIFF", "BMP", "WEBP", "JPEG2000", "PPM", "DICOM")


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_film_and_one_that_stalled_at_its_full_size(tmp_path, kind):
    path, content = tmp_path / "film", encoded(kind)
    path.write_bytes(content)
    assert seems_whole(str(path))
    for share in (0.1, 0.5, 0.9):
        there = content[: int(len(content) * share)]
        path.write_bytes(there.ljust(len(content), b"\0"))  # zeros that were written
        assert not seems_whole(str(path)), share
        path.write_bytes(there)
        os.truncate(path, len(content))  # a hole, which a file system may not tell of
        assert not seems_whole(str(path)), share


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "JPEG2000"])
def test_a_film_without_its_end(tmp_path, kind):
    path, content = tmp_path / "film", encoded(kind)
    for cut in (1, len(content) // 100, len(content) // 2):
        path.write_bytes(content[:-cut])
        assert not seems_whole(str(path)), cut


def test_a_hole_in_the_middle(tmp_path):
    content, path = encoded("BMP"), tmp_path / "film"
    with path.open("wb") as file:
        file.write(content[:8192])
        file.seek(40960)
        file.write(content[40960:])
    if path.stat().st_blocks * 512 >= len(content):
        pytest.skip("this file system keeps no holes")
    assert not seems_whole(str(path))


def test_compressed_dicom_ends_with_its_delimiter(tmp_path):
    path, meta = tmp_path / "film", bytes(128) + b"DICM" + b"1.2.840.10008.1.2.4.70\0"
    path.write_bytes(meta + b"pixels" * 1000)
    assert not seems_whole(str(path))
    path.write_bytes(meta + b"pixels" * 1000 + DELIMITER)
    assert seems_whole(str(path))


@pytest.mark.parametrize("name", ["film.dcm.part", "film.PART", "film.filepart", "film.png.crdownload", "film.tmp"])
def test_a_name_of_what_is_on_its_way(tmp_path, name):
    (tmp_path / name).write_bytes(encoded("PNG"))
    assert not seems_whole(str(tmp_path / name))


def test_bytes_behind_an_end(tmp_path):
    path = tmp_path / "film"
    for kind in ("PNG", "JPEG"):
        path.write_bytes(encoded(kind) + bytes(700))
        assert seems_whole(str(path))


@pytest.mark.parametrize(("behind", "whole"), [(TAIL - 8, True), (TAIL - 7, False)])
def test_an_end_is_looked_for_in_the_last_4096_bytes(tmp_path, behind, whole):
    path = tmp_path / "film"
    path.write_bytes(encoded("PNG") + bytes(behind))  # its mark has 8 bytes
    assert seems_whole(str(path)) == whole


@pytest.mark.parametrize(("zeros", "whole"), [(511, True), (512, False)])
def test_a_sector_of_zeros_at_the_end_was_not_written_yet(tmp_path, zeros, whole):
    path = tmp_path / "film"
    path.write_bytes(b"II*\0" + b"\1" * 2000 + bytes(zeros))
    assert seems_whole(str(path)) == whole


def test_a_file_smaller_than_a_sector_may_be_all_zeros(tmp_path):
    path = tmp_path / "film"
    for size, whole in ((511, True), (512, False)):
        path.write_bytes(bytes(size))
        assert seems_whole(str(path)) == whole


@pytest.mark.parametrize(("before", "whole"), [(META - 152, False), (META - 151, True)])
def test_a_transfer_syntax_is_looked_for_in_the_first_1024_bytes(tmp_path, before, whole):
    path, head = tmp_path / "film", bytes(128) + b"DICM"
    path.write_bytes(head + b"x" * before + b"1.2.840.10008.1.2.4." + b"pixels" * 1000)  # 132 and 20 bytes
    assert seems_whole(str(path)) == whole


def test_what_cannot_be_read_is_left_to_the_reader(tmp_path):
    assert seems_whole(str(tmp_path / "missing"))
    assert seems_whole(str(tmp_path))
