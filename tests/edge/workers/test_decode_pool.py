"""Films that are decoded in real children: their order, when children are woken, and what a waiting source gets."""

import hashlib
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import EdgeError
from edge_app.imaging import file_type, radiograph
from edge_app.workers import decode_pool
from edge_app.workers.child_processes import DIED, DONE, LARGEST_KEPT, PIXELS, SLOTS, Line
from edge_app.workers.decode_pool import Decoded, DecodePool
from tests.support.films import draw_film


@pytest.mark.parametrize("children", [1, 2, 3])
def test_films_come_in_order_as_they_are_read(films, children):
    with DecodePool(children=children, awake=children) as pool:
        taken = list(pool.films(films * 3))
    assert [path for path, _ in taken] == films * 3
    for path, decoded in taken:
        assert isinstance(decoded, Decoded)
        assert decoded.grey.dtype == np.uint8
        assert np.array_equal(decoded.grey, radiograph.read(path))
        assert decoded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert decoded.age is None
        assert 0 < decoded.ms < 20_000


def test_films_are_shrunk_as_the_contract_says(films):
    with DecodePool() as pool:
        pool.least_side = 70
        (_, decoded), *_ = pool.films(films[1:2])
    assert decoded.grey.shape == (100, 75)
    assert np.array_equal(decoded.grey, radiograph.read(films[1], 70))


def test_a_film_that_was_begun_is_not_asked_for_twice(films):
    with DecodePool(children=1) as pool:
        pool.begin(films[0])
        asked = [len(line.free) for line in pool._lines]
        taken = list(pool.films(films))
    assert asked == [SLOTS - 1]
    assert [path for path, _ in taken] == films
    assert np.array_equal(taken[0][1].grey, radiograph.read(films[0]))


def test_a_film_that_was_begun_in_vain_is_passed_over(films):
    with DecodePool() as pool:
        for begun, least_side in ((films[3], 70), (films[0], 70), (films[0], 0)):
            pool.least_side = least_side
            pool.begin(begun)
            pool.least_side = 70
            taken = list(pool.films(films))
            assert [path for path, _ in taken] == films
            for path, decoded in taken:
                assert np.array_equal(decoded.grey, radiograph.read(path, 70))


def test_who_goes_early_leaves_nothing_behind(films):
    with DecodePool() as pool:
        for _ in range(5):
            path, decoded = next(pool.films(films))
            assert path == films[0]
            assert np.array_equal(decoded.grey, radiograph.read(films[0]))
        assert [path for path, _ in pool.films(films)] == films


def test_a_source_that_waits_gets_what_is_ready(films):
    given = []

    def source():
        for path in films[:3]:
            given.append(path)
            yield path
            while path not in taken:  # a folder that is watched: nothing new until this film is done
                yield None

    taken, idle = [], []
    with DecodePool() as pool:
        for film in pool.films(source()):
            if film is None:
                idle.append(len(taken))
            else:
                taken.append(film[0])
    assert taken == given == films[:3]
    assert idle == [1, 2, 3]


def test_children_are_woken_when_one_is_not_enough(films, monkeypatch):
    def slow(path, content, least_side):
        time.sleep(0.1)
        return radiograph.Film(Image.new("L", (os.getpid() % 30_000, 1)), None)

    paths = films * 5
    with DecodePool(children=2, decode=slow) as pool:
        by = [decoded.grey.shape[1] for _, decoded in pool.films(paths)]
    assert len(set(by[:5])) == 1
    assert len(set(by)) == 2
    monkeypatch.setattr(decode_pool, "LATE", 10)  # these take a few milliseconds, on a busy machine more
    with DecodePool(children=2) as pool:
        assert len(list(pool.films(paths))) == len(paths)
        assert len(pool._used()) == 1


def test_files_that_are_no_films_get_a_sentence_each(films, tmp_path):
    fifo, text = tmp_path / "fifo.png", tmp_path / "text.png"
    os.mkfifo(fifo)
    text.write_text("hello")
    paths = [films[0], tmp_path / "gone.png", fifo, tmp_path, text, films[1]]
    with DecodePool() as pool:
        taken = dict(pool.films(paths))
    assert str(taken[tmp_path / "gone.png"]) == f"{tmp_path}/gone.png: there is no such file; check the name."
    assert str(taken[fifo]) == f"{fifo}: is a device, pipe or socket; name a film: {file_type.ALLOWED}."
    assert str(taken[tmp_path]) == f"{tmp_path}: is a folder; name a film: {file_type.ALLOWED}."
    assert str(taken[text]).startswith(f"{text}: is text that begins 'hello'")
    for path, decoded in taken.items():
        assert isinstance(decoded, EdgeError) == (path not in films)
        assert isinstance(decoded, Decoded) or decoded.sha256 in ("", hashlib.sha256(b"hello").hexdigest())


def test_a_name_that_is_no_text_is_read(films, tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/film\xff\n.png"))
    path.write_bytes(films[1].read_bytes())
    with DecodePool() as pool:
        ((taken, decoded),) = pool.films([path])
    assert taken == path
    assert isinstance(decoded, Decoded)


def test_a_large_film_comes_whole_and_its_slot_gives_the_memory_back(tmp_path):
    path = tmp_path / "large.png"
    Image.fromarray(np.tile(draw_film(1, 1100, 1000), (2, 2))).save(path)
    with DecodePool(children=1) as pool:
        decoded = pool.film(path)
        (line,) = pool._lines
        sizes = {os.fstat(slot).st_size for slot in line._slots}
    assert isinstance(decoded, Decoded)
    assert decoded.grey.size > LARGEST_KEPT
    assert np.array_equal(decoded.grey, radiograph.read(path))
    assert sizes == {PIXELS}


def test_without_files_in_memory_films_come_through_files_on_the_disk(films, monkeypatch):
    monkeypatch.delattr(os, "memfd_create")
    with DecodePool() as pool:
        taken = list(pool.films(films))
    assert [path for path, _ in taken] == films
    for path, decoded in taken:
        assert isinstance(decoded, Decoded)
        assert np.array_equal(decoded.grey, radiograph.read(path))


def test_a_child_without_a_film_leaves_nothing_to_answer_for():
    line = Line()
    line.ask(0, "film.png", 640)
    assert not line.bury(1)
    assert line.request() == (0, "film.png", 640)
    assert line.bury(1)
    assert line.answer(0) == (DIED, 1, "")
    line.close()
    line.keep_parents_ends()


def test_an_answer_that_nobody_took_frees_its_slot():
    line = Line()
    for slot in (0, 1):
        assert line.free.popleft() == slot
        line.tell(slot, (DONE, slot))
    assert line.wait(1, seconds=20)
    assert list(line.free) == [2, 0]
    assert line.answer(1) == (DONE, 1)
    line.close()
    line.keep_parents_ends()
