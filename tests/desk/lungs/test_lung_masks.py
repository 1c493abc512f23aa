"""The published lung masks: which are used, which side of the split they are on, and how they are read."""

import cv2
import numpy as np
import pandas as pd
import pytest

from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from tests.support.drawn_people import save
from tests.support.films import draw_film, draw_lungs
from train.lungs import examples, masks
from train.lungs.examples import KEPT_SIZE

HEIGHT, WIDTH = 240, 200


@pytest.fixture
def data(tmp_path):
    """The images and masks of covid-chestxray-dataset as its publishers lay them out, drawn."""
    images, hand, computed = (tmp_path / name for name in (f"{masks.SOURCE}/images", masks.DRAWN, masks.COMPUTED))
    lungs = {seed: draw_lungs(seed, HEIGHT, WIDTH) for seed in range(8)}
    for seed, name in enumerate(("one", "shifted", "slice", "coronal", "crop", "torn", "bare")):
        save(draw_film(seed, HEIGHT, WIDTH), images / f"{name}.png")
    save(lungs[0], hand / "one.png")
    save(cv2.resize(lungs[1], (WIDTH * 2, HEIGHT * 2)), hand / "shifted.png")  # another size, the same aspect ratio
    save(np.zeros((HEIGHT, WIDTH), np.uint8), hand / "slice.png")
    save(lungs[3], hand / "coronal.png")
    save(lungs[4][:, :150], hand / "crop.png")
    save(lungs[5], hand / "elsewhere.png")
    (hand / "torn.png").write_text("no picture")
    save(cv2.erode(lungs[0], np.ones((5, 5))), computed / "one_mask.png")
    save(np.roll(lungs[1], 60, axis=1), computed / "shifted_mask.png")
    save(lungs[6], computed / "bare_mask.png")
    save(lungs[7], computed / "nowhere_mask.png")
    return tmp_path


@pytest.fixture
def films():
    """The index of these films: a patient with a film and a CT slice, one rejected outright, one not listed."""
    rows = [
        ("one", "p1", "val", ""),
        ("shifted", "p2", "test", ""),
        ("slice", "p1", "", "modality is CT"),
        ("coronal", "p3", "", "modality is CT"),
        ("crop", "p4", "train", ""),
        ("torn", "p5", "train", ""),
    ]
    table = pd.DataFrame(rows, columns=["path", "patient", "split", "rejected"])
    paths = [f"{masks.SOURCE}/images/{name}.png" for name in table["path"]]
    return table.assign(path=paths, group=table["patient"])


def test_each_mask_is_listed_with_why_it_is_not_used(data, films):
    listing = masks.listing(data, films)
    assert list(listing) == ["mask", "film", "split", "state", "agreement"]
    state = {mask.removeprefix(f"{masks.SOURCE}/annotations/"): why for mask, why in listing[["mask", "state"]].values}
    hand, computed = "semantic_masks_v7labs_lungs", "lungVAE-masks"
    assert state == {
        f"{hand}/one.png": masks.USED,
        f"{hand}/shifted.png": masks.USED,
        f"{hand}/slice.png": masks.EMPTY,
        f"{hand}/coronal.png": "not used: drawn on what is no frontal radiograph (modality is CT)",
        f"{hand}/crop.png": "not used: of another crop (its aspect ratio is not the film's)",
        f"{hand}/elsewhere.png": "not used: its film is not here",
        f"{hand}/torn.png": "not used: unreadable",
        f"{computed}/one_mask.png": "not used: computed by a network, without the lung behind the heart",
        f"{computed}/shifted_mask.png": "not used: shifted or of another crop (it disagrees with the drawn mask)",
        f"{computed}/bare_mask.png": "not used: computed by a network, without the lung behind the heart",
        f"{computed}/nowhere_mask.png": "not used: its film is not here",
    }


def test_a_mask_has_the_split_of_its_films_patient(data, films):
    listing = masks.listing(data, films).drop_duplicates("film").set_index("film")
    split = {name.rsplit("/")[-1]: side for name, side in listing["split"].items() if name}
    assert split["one.png"] == split["slice.png"] == "val"  # a rejected film goes where its patient's others are
    assert split["shifted.png"] == "test"
    assert split["crop.png"] == "train"
    assert split["coronal.png"] in ("train", "val", "test")
    assert (
        split["bare.png"] == masks.listing(data, films.iloc[:3]).set_index("film")["split"].filter(like="bare").item()
    )


def test_a_patient_with_rejected_films_only_is_on_one_side():
    rows = [(f"{patient}/{film}.png", f"p{patient}", "") for patient in range(40) for film in "ab"]
    split = masks.patient_splits(pd.DataFrame(rows, columns=["path", "group", "split"]))
    assert all(split[f"{patient}/a.png"] == split[f"{patient}/b.png"] for patient in range(40))
    assert set(split.values()) == {"train", "val", "test"}


def test_drawn_and_computed_masks_of_one_film_are_compared(data, films):
    listing = masks.listing(data, films).set_index("mask")["agreement"]
    one, shifted = (listing[f"{masks.COMPUTED}/{name}_mask.png"] for name in ("one", "shifted"))
    assert 0.6 < one < 0.95
    assert shifted < 0.3
    assert listing[f"{masks.DRAWN}/one.png"] == one
    assert np.isnan(listing[f"{masks.COMPUTED}/bare_mask.png"])


def test_a_film_that_cannot_be_read_has_no_mask(data, films):
    (data / masks.SOURCE / "images/one.png").write_bytes(b"\x89PNG\r\n\x1a\nand nothing")
    state = masks.listing(data, films).set_index("mask")["state"]
    assert state[f"{masks.DRAWN}/one.png"] == "not used: its film cannot be read"


def test_without_masks_one_is_told_where_they_belong(tmp_path, films):
    with pytest.raises(EdgeError, match=rf"^{tmp_path / masks.DRAWN}: no such folder; the lung masks of covid-chestxr"):
        masks.listing(tmp_path, films)


def test_a_mask_is_squashed_as_its_film_is(data):
    path = data / masks.DRAWN / "shifted.png"
    mask = masks.read(path, 64)
    assert mask.shape == (64, 64)
    assert mask.dtype == np.uint8
    truth = draw_lungs(1, HEIGHT, WIDTH)
    assert masks.overlap(mask > 127, preprocess.shrink(truth, 64) > 127) > 0.97
    with pytest.raises(EdgeError, match=r"torn\.png: this mask cannot be read as a picture"):
        masks.read(path.with_name("torn.png"), 64)


def test_overlap_is_intersection_over_union():
    left, right, nothing = np.zeros((3, 4, 4), bool)
    left[:, :2], right[:, 1:3] = True, True
    assert masks.overlap(left, right) == pytest.approx(1 / 3)
    assert masks.overlap(left, left) == masks.overlap(nothing, nothing) == 1
    assert masks.overlap(left, nothing) == 0


def test_examples_are_read_by_split(data, films):
    listing = masks.listing(data, films)
    val, test = (examples.read(listing, data, split) for split in ("val", "test"))
    assert val.pictures.shape == val.masks.shape == (2, KEPT_SIZE, KEPT_SIZE)
    assert val.has_lungs.tolist() == [True, False]  # a film and the slice of the same patient
    assert np.array_equal(val.pictures[0], preprocess.to_pixels(draw_film(0, HEIGHT, WIDTH), KEPT_SIZE)[..., 0])
    assert test.has_lungs.tolist() == [True]
