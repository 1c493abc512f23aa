"""Training sees of a film what the edge sees, to the last pixel; and decodes every film once."""

import cv2
import numpy as np
import pandas as pd
import pytest

from edge_app.errors import EdgeError, ModelMismatch
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from tests.support.drawn_people import save
from tests.support.films import draw_film
from tests.support.golden import LUNGS
from train.films import pixels, treatments
from train.films.indexed_films import IndexedFilms

MODEL = LUNGS.with_name("tiny-int8.tflite")
SIZE = 32


@pytest.fixture(scope="module")
def classifier():
    return Classifier(model_file.read(MODEL), threads=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A folder of films: some small, one JPEG that is decoded at a reduced scale, one of noise."""
    folder = tmp_path_factory.mktemp("data")
    for i, (name, height, width) in enumerate(
        [("a/clear.png", 300, 260), ("a/squashed.png", 299, 299), ("b/large.jpg", 1100, 900), ("b/small.jpg", 150, 130)]
    ):
        save(draw_film(2000 + i, height, width, opacity=i / 3), folder / name)
    save(np.random.default_rng(0).integers(0, 256, (300, 260)).astype(np.uint8), folder / "b/noise.png")
    return folder


@pytest.fixture
def films(data):
    return pd.DataFrame({"path": sorted(path.relative_to(data).as_posix() for path in data.rglob("*.*g"))})


def _indexed(films, data, cache, index_sha256="0" * 64, lungs=LUNGS):
    return IndexedFilms(films, index_sha256, data, cache, lungs)


def test_training_sees_what_the_edge_sees(films, data, classifier, tmp_path):
    crops = pixels.load_crops(_indexed(films, data, tmp_path), SIZE)
    shown = crops.finish()
    assert shown.shape == (5, SIZE, SIZE, 1)
    for i, name in enumerate(films["path"]):
        if name == "b/noise.png":
            continue
        seen = screening.infer(radiograph.read(data / name, preprocess.least_side(SIZE)), classifier)
        assert np.array_equal(shown[i], seen.pixels), name
        assert np.allclose(crops.boxes[i], seen.field.box, atol=1e-6), name
        assert crops.found[i]


def test_a_film_without_lungs_is_marked_and_black(films, data, tmp_path):
    crops = pixels.load_crops(_indexed(films, data, tmp_path), SIZE)
    noise = (films["path"] == "b/noise.png").to_numpy()
    assert np.array_equal(crops.found, ~noise)
    for part in (crops.pictures, crops.masks, crops.boxes, crops.finish()):
        assert not part[noise].any()
        assert part[~noise].any(axis=tuple(range(1, part.ndim))).all()


def test_films_may_be_finished_in_other_ways(films, data, tmp_path):
    crops = pixels.load_crops(_indexed(films, data, tmp_path), SIZE)
    for treatment in ({"outside": "keep", "levels": "crop"}, {"outside": "black", "levels": "equal"}):
        for i in np.flatnonzero(crops.found):
            expected = treatments.finish(crops.pictures[i], crops.masks[i], **treatment)
            assert np.array_equal(crops.finish(**treatment)[i], expected)


def test_whole_films_are_what_the_contract_makes_of_them(films, data, tmp_path):
    whole = pixels.load(_indexed(films, data, tmp_path), SIZE)
    for i, name in enumerate(films["path"]):
        grey = radiograph.read(data / name, preprocess.least_side(SIZE))
        assert np.array_equal(whole[i], preprocess.to_pixels(grey, SIZE))


def test_films_are_decoded_once_for_each_index_size_and_lung_network(films, data, tmp_path):
    def entries():
        return sorted(path.name for path in (tmp_path / "cache").iterdir())

    first = pixels.load_crops(_indexed(films, data, tmp_path / "cache"), SIZE)
    kept = entries()
    assert len(kept) == 1
    elsewhere = tmp_path / "no such folder"  # nothing is read from it
    again = pixels.load_crops(_indexed(films, elsewhere, tmp_path / "cache"), SIZE)
    assert entries() == kept
    assert np.array_equal(first.pictures, again.pictures)
    other = tmp_path / "other.tflite"
    other.write_bytes(LUNGS.read_bytes() + b"x")  # the same network with another hash
    for size, index, lungs in ((16, "0", LUNGS), (SIZE, "1", LUNGS), (SIZE, "0", other)):
        with pytest.raises(EdgeError, match=rf"^{elsewhere}: no such folder; .* name it with '--data DIR'"):
            pixels.load_crops(_indexed(films, elsewhere, tmp_path / "cache", index * 64, lungs), size)
    assert entries() == kept


def test_half_a_cache_is_never_taken_for_a_whole_one(films, data, tmp_path):
    torn = pd.concat([films, pd.DataFrame({"path": ["z/missing.png"]})], ignore_index=True)
    with pytest.raises(EdgeError, match=r"z/missing\.png: .* run 'python -m train index' again"):
        pixels.load(_indexed(torn, data, tmp_path), SIZE)
    save(draw_film(3), data / "z/missing.png")
    try:
        whole = pixels.load(_indexed(torn, data, tmp_path), SIZE)
    finally:
        (data / "z/missing.png").unlink()
    assert whole[-1].any()


def test_without_a_lung_network_there_are_no_crops(films, data, tmp_path):
    with pytest.raises(ModelMismatch, match="there is no such lung-field network; make one with 'make lungs'"):
        pixels.load_crops(_indexed(films, data, tmp_path, lungs=tmp_path / "no.tflite"), SIZE)


def test_a_film_that_cannot_be_read_is_named_with_what_to_do(tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(EdgeError, match=rf"^{tmp_path}/text.png: .* The index has this film in a split"):
        pixels.read_film(tmp_path / "text.png", SIZE)
    cv2.imwrite(str(tmp_path / "film.png"), draw_film(1, 1100, 1050))
    expected = radiograph.read(tmp_path / "film.png", preprocess.least_side(SIZE))
    assert np.array_equal(pixels.read_film(tmp_path / "film.png", SIZE), expected)
    assert preprocess.least_side(SIZE) <= min(expected.shape) < 1050
