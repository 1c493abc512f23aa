"""Near-duplicates by an index, against the search that matches every film with every other one."""

import numpy as np
import pytest

from train.experiments import index_scale
from train.experiments.synthetic_rows import BLOCK, Painter
from train.index import duplicates, low_waves, neighbours
from train.index.thumbnails import Thumbnails


@pytest.fixture(scope="module")
def films():
    """Return the thumbnails of a thousand films, and the pairs of positions that were planted."""
    block = Painter().block(0)
    copies = {(int(source), at) for at, source in enumerate(block.origin) if source != at}
    return block.thumbnails, copies


def test_descriptors_of_all_crops_are_those_of_each(films):
    described = low_waves.of_crops(films[0][:5])
    for at, crop in enumerate(low_waves.CROPS):
        assert np.allclose(described[:, at], low_waves.waves(films[0][:5], crop), atol=1e-5)


def test_the_index_finds_what_the_exact_search_finds(films):
    thumbnails, copies = films
    exact, found = (duplicates.find(thumbnails, exact=exact) for exact in (True, False))
    assert {(pair.one, pair.other) for pair in found} == copies
    # Pairs are compared in detail by the same code, however they were found.
    assert {pair[:2] for pair in exact} == copies
    assert found == exact


def test_more_films_than_are_matched_exactly_are_indexed(films, monkeypatch):
    asked = []
    monkeypatch.setattr(duplicates, "MOST_EXACT", BLOCK - 1)
    monkeypatch.setattr(neighbours, "candidates", lambda of: asked.append(len(of)) or np.empty((0, 3), np.int64))
    assert duplicates.find(films[0]) == []
    assert duplicates.find(films[0][:20]) == []
    assert asked == [BLOCK]


def test_the_order_of_films_and_blank_ones_do_not_matter(films):
    thumbnails, copies = films
    order = np.random.default_rng(0).permutation(BLOCK + 20)
    mixed = np.concatenate([thumbnails, np.full((20, *thumbnails.shape[1:]), 90, np.uint8)])[order]
    found = {frozenset(order[list(pair[:2])].tolist()) for pair in duplicates.find(mixed, exact=False)}
    assert found == {frozenset(pair) for pair in copies}


def test_thumbnails_in_a_file_read_like_an_array(films, tmp_path):
    stored = Thumbnails(tmp_path / "thumbnails", films[0].shape[1])
    stored.append(films[0][:60])
    stored.append(films[0][60:100])
    assert len(stored) == 100
    assert np.array_equal(stored[7], films[0][7])
    assert np.array_equal(stored[90:200], films[0][90:100])
    some = stored.chosen([3, 50, 99])
    assert np.array_equal(some[1:], films[0][[50, 99]])
    with pytest.raises(IndexError):
        some[3]
    with pytest.raises(ValueError, match=r"films are uint8 \(2, 5, 5\); uint8 \(M, 128, 128\) is expected"):
        stored.append(np.zeros((2, 5, 5), np.uint8))
    (tmp_path / "thumbnails").write_bytes(b"short")
    with pytest.raises(OSError, match="is shorter than when it was written"):
        stored[0]
    stored.close()


def test_what_indexing_costs_is_measured_and_what_it_missed_is_counted():
    figures = index_scale.measure(BLOCK)
    assert figures["copies"] == figures["copies_found"] == 60
    assert figures["pairs_not_planted"] == figures["groups_on_two_sides"] == 0
    assert figures["s"] > 0 and figures["peak_mib"] > 0
    assert set(figures["parts"]) == {"drawing", "near-duplicates", "split", "writing and reading"}
