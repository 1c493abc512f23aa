"""The files of films at full depth: their tiles, their budget, and that nothing is left of what is deleted."""

import gzip
import math
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from edge_app.imaging import deep_film
from edge_app.web.readings import film_file
from edge_app.web.readings.film_file import TILE, FilmFile
from edge_app.web.readings.film_keeper import FilmKeeper
from edge_app.workers.decode_pool import DecodePool
from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film


def _values(height, width, depth=np.uint16) -> np.ndarray:
    most = np.iinfo(depth).max
    return np.random.default_rng(1).integers(0, most, (height, width), dtype=depth, endpoint=True)


def _untiled(film: FilmFile, level: int) -> np.ndarray:
    """Return the values of a level as a viewer puts them together."""
    told = film.facts["levels"][level]
    values = np.zeros((told["height"], told["width"]), np.uint16)
    for row in range(math.ceil(told["height"] / TILE)):
        for column in range(math.ceil(told["width"] / TILE)):
            part = values[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
            planes = np.frombuffer(gzip.decompress(film.tile(level, column, row)), np.uint8)
            planes = planes.reshape(film.facts["bytes"], *part.shape).astype(np.uint16)
            apart = planes[0] if len(planes) == 1 else planes[0] << 8 | planes[1]
            whole = np.cumsum(apart, axis=1, dtype=np.uint16)
            part[:] = whole & 255 if len(planes) == 1 else whole
    return values


@pytest.fixture
def opened(tmp_path):
    """Return a function that packs values and opens the file."""

    def packed(values) -> FilmFile:
        (tmp_path / "film").write_bytes(film_file.pack(deep_film.plain(values)))
        return FilmFile(tmp_path / "film")

    return packed


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
@pytest.mark.parametrize(("height", "width"), [(64, 90), (512, 512), (513, 700), (1025, 301)])
def test_tiles_hold_every_value(opened, depth, height, width):
    values = _values(height, width, depth)
    film = opened(values)
    assert np.array_equal(_untiled(film, len(film.facts["levels"]) - 1), values)


def test_levels_are_halves_down_to_one_tile(opened):
    film = opened(_values(1301, 2050))
    sizes = [(level["height"], level["width"]) for level in film.facts["levels"]]
    assert sizes == [(163, 257), (326, 513), (651, 1025), (1301, 2050)]
    assert film.facts["tile"] == 512 and film.facts["bytes"] == 2


def test_a_level_is_the_mean_of_the_next(opened):
    values = _values(600, 520)
    film = opened(values)
    means = values.reshape(300, 2, 260, 2).mean(axis=(1, 3))
    assert np.abs(_untiled(film, 0) - means).max() <= 0.5


@pytest.mark.parametrize(("level", "column", "row"), [(0, 1, 0), (0, 0, 1), (1, 3, 0), (9, 0, 0)])
def test_a_tile_that_is_not_there(opened, level, column, row):
    film = opened(_values(600, 520))
    with pytest.raises(LookupError):
        film.tile(level, column, row)


def test_nothing_of_the_header_is_in_it(tmp_path):
    path = write_dicom(tmp_path / "f.dcm", draw_film(1, 240, 200), PatientName="Zebrafink^Ada", PixelSpacing=[0.2, 0.2])
    with DecodePool(children=1, decode=film_file.decode_apart) as pool:
        packed = pool.film(path).grey.tobytes()
    assert b"Zebrafink" not in packed
    (tmp_path / "film").write_bytes(packed)
    assert FilmFile(tmp_path / "film").facts["spacing"] == {"row": 0.2, "column": 0.2, "source": "header"}


def test_the_oldest_films_go_when_the_budget_is_spent(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 250)
    for number, name in enumerate("abcd"):
        assert keeper.keep(name, bytes(100), lambda: True)
        os.utime(tmp_path / "films" / name, (number, number))
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == ["c", "d"]


def test_a_film_larger_than_the_budget_is_not_kept_and_costs_no_other(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 250)
    assert keeper.keep("a", bytes(200), lambda: True)
    assert not keeper.keep("b", bytes(251), lambda: True)
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["a"]


def test_a_film_whose_reading_was_deleted_meanwhile_is_not_kept(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 250)
    assert not keeper.keep("a", bytes(200), lambda: False)
    assert list((tmp_path / "films").iterdir()) == []


def test_nobody_else_can_read_it(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 250)
    keeper.keep("a", bytes(200), lambda: True)
    assert (tmp_path / "films").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "films" / "a").stat().st_mode & 0o777 == 0o600


def test_what_is_deleted_is_overwritten(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 3_000_000)
    keeper.keep("a", b"x" * 2_500_001, lambda: True)
    keeper.keep("b", b"y", lambda: True)
    os.link(tmp_path / "films" / "a", tmp_path / "still")  # the file's place on the disk
    keeper.remove_all_but(lambda: {"b"})
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["b"]
    assert (tmp_path / "still").read_bytes() == bytes(2_500_001)


def test_what_was_left_undone_is_swept(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 1000)
    keeper.keep("a", b"x", lambda: True)
    (tmp_path / "films" / "b.part").write_bytes(b"half a film")
    keeper.remove_all_but(lambda: {"a", "b"})
    assert [path.name for path in (tmp_path / "films").iterdir()] == ["a"]


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xff\xff\x7f{}", b"\x02\x00\x00\x00{}", b'\x0d\x00\x00\x00{"version":9}']
)
def test_a_damaged_file_is_no_film(tmp_path, content):
    keeper = FilmKeeper(tmp_path / "films", 1000)
    Path(tmp_path / "films" / "a").write_bytes(content)
    assert keeper.open("a") is None


def test_a_film_that_cannot_be_overwritten_is_deleted_all_the_same(tmp_path):
    keeper = FilmKeeper(tmp_path / "films", 1 << 30)
    busy = Path(shutil.copy(shutil.which("sleep") or "", tmp_path / "films" / "a"))
    running = subprocess.Popen([busy, "60"])  # a program that runs cannot be written to, not even by root
    try:
        with pytest.raises(OSError, match="busy"):
            busy.open("r+b")
        keeper.remove_all_but(lambda: ())
        assert not busy.exists()
    finally:
        running.kill()
        running.wait()
