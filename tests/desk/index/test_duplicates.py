import cv2
import numpy as np
import pytest

from edge_app.imaging import preprocess
from edge_app.imaging.radiograph import read
from tests.support.drawn_collections import REAL_DATA, draw_person
from train.index import duplicates
from train.index.film_facts import THUMBNAIL_SIDE, perceptual_hash


def thumbnail(grey):
    return preprocess.to_pixels(grey, THUMBNAIL_SIDE)[..., 0]


def jpeg(grey, quality):
    return cv2.imdecode(cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], cv2.IMREAD_GRAYSCALE)


def squash(grey, side):
    return cv2.resize(grey, (side, side), interpolation=cv2.INTER_AREA)


def crop(grey, left, top, right, bottom):
    height, width = grey.shape
    return grey[round(top * height) : round((1 - bottom) * height), round(left * width) : round((1 - right) * width)]


def brighten(grey, gain, offset):
    return np.clip(grey * gain + offset, 0, 255).astype(np.uint8)


TREATMENTS = {
    "jpeg": lambda grey: jpeg(grey, 40),
    "half size": lambda grey: cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "square": lambda grey: squash(grey, 224),
    "brighter": lambda grey: brighten(grey, 1.2, 15),
    "flatter": lambda grey: brighten(grey, 0.7, 30),
    "cropped": lambda grey: crop(grey, 0.06, 0.06, 0.06, 0.06),
    "cropped on one side": lambda grey: crop(grey, 0.06, 0, 0, 0.05),
    "all of it": lambda grey: jpeg(squash(brighten(crop(grey, 0.01, 0.05, 0.04, 0.02), 0.8, 10), 224), 40),
}


@pytest.fixture(scope="module")
def people():
    return [draw_person(seed) for seed in range(24)]


@pytest.mark.parametrize("treatment", TREATMENTS)
def test_a_treated_copy_is_found_and_nothing_else(people, treatment):
    copies = [TREATMENTS[treatment](people[at]) for at in (3, 17)]
    pairs = duplicates.find(np.stack([thumbnail(film) for film in people + copies]))
    assert [(pair.one, pair.other) for pair in pairs] == [(3, 24), (17, 25)]
    assert all(pair.likeness >= duplicates.SAME_PICTURE for pair in pairs)


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


@pytest.mark.skipif(not REAL_DATA.is_dir(), reason="no collections beside the repository")
def test_real_films_that_were_published_twice_are_found_among_others():
    children = sorted((REAL_DATA / "chest_xray/val/PNEUMONIA").iterdir())[:60]
    adults = sorted((REAL_DATA / "nih-chest-xrays/images").iterdir())[::12]
    radiography, covid = REAL_DATA / "COVID-19_Radiography_Dataset/COVID/images", REAL_DATA / "covid-chestxray-dataset"
    twice = [radiography / "COVID-1529.png", next((covid / "images").glob("*kjr-21-e25-g001-l-*"))]
    treated = [TREATMENTS["all of it"](read(path)) for path in (children[0], adults[0])]
    films = [read(path) for path in [*children, *adults, *twice]] + treated
    pairs = duplicates.find(np.stack([thumbnail(film) for film in films]))
    first = len(children) + len(adults)
    across = {(pair.one, pair.other) for pair in pairs if pair.other >= first}
    assert across == {(first, first + 1), (0, first + 2), (len(children), first + 3)}
