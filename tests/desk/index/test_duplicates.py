import numpy as np
import pytest

from edge_app.imaging.radiograph import read
from tests.support.drawn_collections import DRAWN_AND_REAL, RADIOGRAPHY, REAL_DATA, write_many
from tests.support.drawn_people import draw_person
from tests.support.treatments import TREATMENTS, crop, jpeg, squash
from train.index import duplicates
from train.index.film_facts import THUMBNAIL_SIDE, perceptual_hash, thumbnails


def thumbnail(grey):
    return thumbnails(grey)[1]


@pytest.fixture(scope="module")
def people():
    return [draw_person(seed) for seed in range(24)]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_a_treated_copy_is_found_and_nothing_else(people, treatment):
    copies = [TREATMENTS[treatment](people[at]) for at in (3, 17)]
    pairs = duplicates.find(np.stack([thumbnail(film) for film in people + copies]))
    assert [(pair.one, pair.other) for pair in pairs] == [(3, 24), (17, 25)]
    assert all(pair.similarity >= duplicates.SAME_PICTURE for pair in pairs)


def test_blocks_do_not_change_the_answer(people, monkeypatch):
    films = np.stack([thumbnail(film) for film in [*people, crop(people[5], 0.05, 0, 0, 0)]])
    whole = sorted(set(duplicates.candidates(films)))
    monkeypatch.setattr(duplicates, "BLOCK", 7)
    assert sorted(set(duplicates.candidates(films))) == whole
    assert (5, 24) in whole


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_films_have_no_duplicates(count):
    assert duplicates.find(np.zeros((count, THUMBNAIL_SIDE, THUMBNAIL_SIDE), np.uint8)) == []


def test_films_without_structure_are_like_nothing():
    assert duplicates.find(np.full((3, THUMBNAIL_SIDE, THUMBNAIL_SIDE), 90, np.uint8)) == []


def test_a_mirrored_film_is_another_film(people):
    assert duplicates.find(np.stack([thumbnail(people[0]), thumbnail(people[0][:, ::-1])])) == []


def test_the_perceptual_hash_moves_little_with_the_format(people):
    def bits(grey):
        return int(perceptual_hash(thumbnail(grey)), 16)

    copy = (bits(people[0]) ^ bits(jpeg(squash(people[0], 224), 40))).bit_count()
    others = [(bits(people[0]) ^ bits(person)).bit_count() for person in people[1:]]
    assert copy < min(others)


@pytest.mark.parametrize("collections", DRAWN_AND_REAL)
def test_films_that_were_published_twice_are_found_among_others(collections, tmp_path):
    data = REAL_DATA if collections == "real" else write_many(tmp_path)
    children = sorted((data / "chest_xray/val/PNEUMONIA").iterdir())[:60]
    adults = sorted((data / "nih-chest-xrays/images").iterdir())[::12]
    covid = data / "covid-chestxray-dataset/images"
    twice = [data / RADIOGRAPHY / "COVID/images/COVID-1529.png", next(covid.glob("*kjr-21-e25-g001-l-*"))]
    treated = [TREATMENTS["all of it"](read(path)) for path in (children[0], adults[0])]
    films = [read(path) for path in [*children, *adults, *twice]] + treated
    pairs = duplicates.find(np.stack([thumbnail(film) for film in films]))
    first = len(children) + len(adults)
    across = {(pair.one, pair.other) for pair in pairs if pair.other >= first}
    assert across == {(first, first + 1), (0, first + 2), (len(children), first + 3)}
