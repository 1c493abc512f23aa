"""The lung field, from published masks to a file that crops films: masks, examples, the network, its conversion."""

import json

import cv2
import keras
import numpy as np
import pandas as pd
import pytest

from convert import lungs as converter
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.imaging import preprocess
from edge_app.model import classifier
from tests.support.drawn_collections import save
from tests.support.films import draw_film, draw_lungs
from train.lungs import examples, fit, masks, network, own_masks, report, training_round, view_examples
from train.lungs.config import LungConfig
from train.lungs.examples import KEPT_SIZE, Examples

SIDE, FIELD = preprocess.LUNG_SIZE, preprocess.MASK_SIZE


# --- masks ----------------------------------------------------------------------------------------

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
    return table.assign(path=[f"{masks.SOURCE}/images/{name}.png" for name in table["path"]])


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


# --- examples -------------------------------------------------------------------------------------


def _drawn(seeds, empty=0):
    """Return drawn films with their masks, and pictures without lungs."""
    pictures = [preprocess.to_pixels(draw_film(i, HEIGHT, WIDTH, opacity=i % 3 / 3), KEPT_SIZE)[..., 0] for i in seeds]
    lungs = [preprocess.shrink(draw_lungs(i, HEIGHT, WIDTH), KEPT_SIZE) for i in seeds]
    rest = examples.photographs(1)[:empty]
    none = np.zeros((empty, KEPT_SIZE, KEPT_SIZE), np.uint8)
    return Examples(np.concatenate([np.stack(pictures), rest]), np.concatenate([np.stack(lungs), none]))


def _pools(some, films=None, **others):
    """Return pools of films with masks, of films without, and of other pictures by kind."""
    lungs = Examples(some.pictures[some.has_lungs], some.masks[some.has_lungs])
    films = lungs.pictures[:0] if films is None else films
    count, more = len(lungs.pictures), len(films)
    return examples.Pools(
        lungs, np.full(count, 1 / count), films, np.full(more, 1 / max(1, more)), others, view_examples.SHARES
    )


def _batches(some, steps=4, batch=16, seed=(1, 2, 3)):
    return list(examples.batches(_pools(some, picture=examples.photographs(1)[:4]), steps, batch, seed))


def test_film_and_mask_are_warped_alike():
    """Pictures that are their own masks: after every warp and change of looks one must still lie on the other."""
    lungs = np.stack([preprocess.shrink(draw_lungs(seed), KEPT_SIZE) for seed in range(6)])
    overlaps, strayed = [], []
    for pictures, truth in _batches(Examples(lungs, lungs), steps=6):
        whole = truth["mask"].max(axis=(1, 2, 3)) > 0  # a film of another kind has no mask
        shown = np.stack([preprocess.shrink(picture[..., 0].astype(np.uint8), FIELD) for picture in pictures[whole]])
        shown, wanted = shown > 127, truth["mask"][whole][..., 0] > 0.5
        overlaps += [masks.overlap(*pair) for pair in zip(shown, wanted, strict=True)]
        strayed += [masks.overlap(*pair) for pair in zip(shown, np.roll(wanted, 1, axis=0), strict=True)]
    # Markers, borders and CLAHE may cover a part; a mask warped by itself would lie as another film's does.
    assert np.median(overlaps) > 0.93
    assert np.quantile(overlaps, 0.1) > 0.75
    assert np.median(strayed) < 0.75


def test_batches_are_float_pictures_and_masks_and_the_same_for_the_same_seed(monkeypatch):
    some = _drawn(range(3), empty=2)
    first, again, other = _batches(some), _batches(some), _batches(some, seed=(1, 2, 4))
    for pictures, truth in first:
        assert pictures.dtype == truth["mask"].dtype == truth["kind"].dtype == np.float32
        assert pictures.shape == (16, SIDE, SIDE, 1)
        assert truth["mask"].shape == (16, FIELD, FIELD, 1)
        assert 0 <= pictures.min() < 50 < 200 < pictures.max() <= 255
        assert truth["mask"].min() == 0
        assert truth["mask"].max() == 1
        assert (truth["kind"].sum(axis=1) == 1).all()
    for (pictures, truth), (same, told) in zip(first, again, strict=True):
        assert np.array_equal(pictures, same)
        assert all(np.array_equal(truth[name], told[name]) for name in ("mask", "kind"))
    assert not np.array_equal(first[0][0], other[0][0])
    monkeypatch.setattr("os.cpu_count", lambda: 1)
    assert np.array_equal(_batches(some)[0][0], first[0][0])


def test_a_film_whose_mask_is_not_known_teaches_its_kind_alone():
    pools = _pools(_drawn(range(2)), _drawn(range(10, 14)).pictures)
    made = list(examples.batches(pools, 6, 16, (1,)))
    kind = np.concatenate([truth["kind"].argmax(axis=1) for _, truth in made])
    unknown = np.concatenate([truth["mask"].min(axis=(1, 2, 3)) < 0 for _, truth in made])
    assert unknown.any()
    assert set(kind[unknown]) == {view_classes.CLASSES.index(view_classes.FRONTAL)}
    assert float(training_round.overlap_loss(np.full((1, 4, 4, 1), -1, "f4"), np.full((1, 4, 4, 1), 0.5, "f4"))[0]) == 0


def test_every_kind_is_shown_by_its_share():
    rng = np.random.default_rng(0)
    others = {
        kind: examples.photographs(1)[:3] for kind in (view_classes.PICTURE, view_classes.CT, view_classes.LATERAL)
    }
    pools = _pools(_drawn(range(6)), _drawn(range(10, 14)).pictures, **others)
    drawn = [view_examples.draw(pools, rng) for _ in range(1500)]
    counts = {kind: sum(name == kind for name, *_ in drawn) / len(drawn) for kind in view_classes.CLASSES}
    for kind, share in view_examples.SHARES.items():
        assert counts[kind] == pytest.approx(share, abs=0.06), kind
    assert all(mask.any() for kind, _, mask, known in drawn if kind == view_classes.CUT)
    assert not any(mask.any() for kind, _, mask, _ in drawn if kind not in (view_classes.CUT, view_classes.FRONTAL))


def test_films_are_spoiled_as_their_kind_says():
    some, rng = _drawn(range(1)), np.random.default_rng(0)
    film, mask = some.pictures[0], some.masks[0]
    assert np.array_equal(view_examples.spoil(view_classes.INVERTED, film, mask, rng)[0], 255 - film)
    left, _ = view_examples.spoil(view_classes.HEAD_LEFT, film, mask, rng)
    assert np.array_equal(np.rot90(left, -1), film)  # clockwise puts it right, as the gate says
    right, _ = view_examples.spoil(view_classes.HEAD_RIGHT, film, mask, rng)
    assert np.array_equal(np.rot90(right), film)
    # The upper edge of a film whose head points to the left is at the left.
    assert np.array_equal(left[:, 0], film[0, ::-1])
    cut, lungs = view_examples.spoil(view_classes.CUT, film, mask, rng)
    assert cut.shape == lungs.shape == film.shape
    assert view_examples.spoil(view_classes.CUT, film, np.zeros_like(mask), rng) is None


def test_photographs_and_patterns_look_like_much():
    some = examples.photographs(1)
    assert some.shape == (2 * examples.PATTERNS, KEPT_SIZE, KEPT_SIZE)
    assert len(np.unique(some.reshape(len(some), -1), axis=0)) == len(some)
    assert (np.ptp(some.reshape(len(some), -1), axis=1) > 200).mean() > 0.9
    assert np.array_equal(some, examples.photographs(1))


def test_plain_examples_are_what_the_edge_sees():
    some = _drawn(range(2), empty=1)
    pictures, truth = examples.plain(some)
    assert pictures.shape == (3, SIDE, SIDE, 1)
    assert truth.dtype == bool
    assert np.array_equal(pictures[0, ..., 0], preprocess.shrink(some.pictures[0], SIDE))
    assert truth.any(axis=(1, 2)).tolist() == [True, True, False]


# --- own masks ------------------------------------------------------------------------------------


def _bright_is_lung():
    """Return a network, of no weights, that takes for lung what is bright: 1 where white, 0.5 at level 127."""
    pixels = keras.Input((SIDE, SIDE, 1))
    halved = keras.layers.AveragePooling2D(2)(pixels)
    scaled = keras.layers.Rescaling(1 / 16, -127.5 / 16)(halved)
    return keras.Model(pixels, {"mask": keras.layers.Activation("sigmoid")(scaled)})


def _shapes(*columns, level=255):
    """Return a picture with a tall ellipse at each of these columns, out of 192."""
    picture = np.zeros((KEPT_SIZE, KEPT_SIZE), np.uint8)
    for column in columns:
        cv2.ellipse(picture, (column, 90), (24, 60), 0, 0, 360, level, -1)
    return picture


def test_own_masks_are_kept_only_where_the_network_is_sure_of_two_lungs():
    pictures = np.stack(
        [
            _shapes(50, 140),
            _shapes(96),  # one
            _shapes(50, 140, level=150),  # two, of which it is not sure
            np.zeros((KEPT_SIZE, KEPT_SIZE), np.uint8),  # none
            np.full((KEPT_SIZE, KEPT_SIZE), 255, np.uint8),  # everything
            _shapes(45, 150),
        ]
    )
    films = pd.DataFrame({"source": ["a"] * 6, "label": ["normal"] * 6})
    own = own_masks.draw(_bright_is_lung(), films, pictures, LungConfig())
    assert len(own.pictures) == len(own.masks) == 2
    order = [0, 5] if np.array_equal(own.pictures[0], pictures[0]) else [5, 0]
    for picture, mask, row in zip(own.pictures, own.masks, order, strict=True):
        assert np.array_equal(picture, pictures[row])
        assert mask.shape == (KEPT_SIZE, KEPT_SIZE)
        assert masks.overlap(mask > 127, pictures[row] > 127) > 0.9
    none = own_masks.draw(_bright_is_lung(), films[1:4], pictures[1:4], LungConfig())
    assert none.pictures.shape == none.masks.shape == (0, KEPT_SIZE, KEPT_SIZE)


def test_own_masks_come_alike_from_every_source_and_label():
    cells = [("big", "normal")] * 20 + [("big", "covid")] * 6 + [("small", "normal")] * 2
    pictures = np.stack([_shapes(50, 140) for _ in cells])
    pictures[:, 0, 0] = np.arange(len(cells))  # so that films can be told apart
    films = pd.DataFrame(cells, columns=["source", "label"])
    own = own_masks.draw(_bright_is_lung(), films, pictures, LungConfig(own_films=8))
    rows = own.pictures[:, 0, 0]
    assert len(set(rows)) == 8
    assert sorted(films.loc[rows].value_counts().tolist()) == [2, 3, 3]
    assert not len(own_masks.draw(_bright_is_lung(), films[:0], pictures[:0], LungConfig()).pictures)


# --- the network ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slim():
    """The network with fewer and narrower layers: it learns drawn lungs in a minute."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "STEM", 8)
        patch.setattr(network, "DOWN", ((12, 1), (16, 2), (24, 2), (32, 2), (32, 1)))
        patch.setattr(network, "UP", (24, 16, 12))
        patch.setattr(examples, "PATTERNS", 20)
        yield


SETTINGS = LungConfig(first_epochs=1, epochs=20, steps=6, batch=8, learning_rate=0.03, own_films=6, least_certainty=0.5)
STOPPED_AT = 8


@pytest.fixture(scope="module")
def finished(slim, tmp_path_factory):
    """Return a run that was stopped once in its second round and gone on with, what it learnt from, what it had then.

    The films' pictures are drawn; the network, the rounds and the losses are the real ones.
    """
    run_dir = tmp_path_factory.mktemp("lungs")
    drawn = {"train": _drawn(range(24), 4), "val": _drawn(range(100, 104), 2), "test": _drawn(range(200, 208), 2)}
    others = pd.DataFrame({"source": ["a", "b"] * 4, "label": ["normal"] * 8})
    other = {view_classes.PICTURE: examples.photographs(2)[:8]}
    data = fit.LungData(drawn, others, _drawn(range(300, 308)).pictures, other, "0" * 64)
    made = examples.batches

    def stop(some, steps, batch, seed):
        if seed[-1] == STOPPED_AT:
            raise KeyboardInterrupt
        return made(some, steps, batch, seed)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(examples, "batches", stop)
        fit.fit(SETTINGS, data, run_dir)
    stopped = {path.relative_to(run_dir).as_posix(): path.read_bytes() for path in run_dir.rglob("*.*")}
    fit.fit(SETTINGS, data, run_dir)
    return run_dir, drawn, stopped


def test_a_short_fit_finds_drawn_lungs_it_never_saw(finished):
    run_dir, _, _ = finished
    record = json.loads((run_dir / "run.json").read_text())
    for split in ("val", "test"):
        assert record["metrics"][split]["median_iou"] > 0.7
        assert record["metrics"][split]["found"] == 1
    assert record["films"].items() >= {"train": 24, "val": 4, "test": 8}.items()
    assert record["empty"] == {"train": 4, "val": 2, "test": 2}
    assert record["config"]["epochs"] == SETTINGS.epochs
    assert (run_dir / "test.png").read_bytes().startswith(b"\x89PNG")


def test_a_stopped_fit_goes_on_where_it_was(finished):
    run_dir, _, stopped = finished
    assert "metrics" not in json.loads(stopped["run.json"])
    for name in ("first/history.csv", "first/last.keras"):  # the first round was done, and is not done again
        assert (run_dir / name).read_bytes() == stopped[name]
    history = (run_dir / "second/history.csv").read_bytes()
    assert history.startswith(stopped["second/history.csv"])
    epochs = pd.read_csv(run_dir / "second/history.csv")["epoch"].tolist()
    assert epochs == list(range(1, SETTINGS.epochs + 1))
    assert stopped["second/history.csv"].count(b"\n") == 1 + STOPPED_AT
    last = keras.models.load_model(
        run_dir / "second/last.keras", custom_objects={"overlap_loss": training_round.overlap_loss}
    )
    assert int(last.optimizer.iterations) == SETTINGS.epochs * SETTINGS.steps  # the optimizer went on too


def test_the_file_answers_as_the_network_it_was_made_from(finished, tmp_path):
    run_dir, drawn, _ = finished
    calibration = np.concatenate([examples.plain(part)[0] for part in drawn.values()])
    calibration = np.concatenate([calibration, calibration])[:60]
    content, figures = converter.convert(run_dir, calibration, {split: drawn[split] for split in ("val", "test")})
    (tmp_path / "lungs.tflite").write_bytes(content)
    finder = classifier.LungFinder(tmp_path / "lungs.tflite")
    pictures = examples.plain(drawn["test"])[0]
    model = keras.models.load_model(run_dir / "model.keras", compile=False)
    expected = model.predict(pictures, verbose=0)["mask"][..., 0]
    found = np.stack([finder.lungs(picture) for picture in pictures])
    assert ((found > 0.5) == (expected > 0.5)).mean() > 0.99
    assert figures["test"] == report.measure(found, drawn["test"])
    assert figures["test"]["median_iou"] > 0.7
    assert np.allclose(network.fold(model).predict(pictures, verbose=0)["mask"][..., 0], expected, atol=1e-4)


def test_a_file_that_finds_less_than_its_network_is_refused(finished, monkeypatch):
    run_dir, drawn, _ = finished
    calibration = np.concatenate([examples.plain(drawn["train"])[0]] * 2)[:50]
    monkeypatch.setattr(converter, "MOST_LOSS", -0.5)  # any file finds less than half a film more
    with pytest.raises(EdgeError, match=r"int8 overlaps 0\.\d{3} on the val films, the Keras model 0\.\d{3}; at most"):
        converter.convert(run_dir, calibration, {"val": drawn["val"]})


def test_measuring_counts_what_is_missed_and_what_is_seen_in_nothing():
    some = _drawn(range(4), empty=2)
    _, truth = examples.plain(some)
    figures = report.measure(truth.astype(np.float32), some)
    assert figures["median_iou"] > 0.95
    assert (figures["found"], figures["films"], figures["refused"], figures["empty"]) == (1, 4, 1, 2)
    wrong = truth.copy()
    wrong[0], wrong[4] = False, truth[1]
    figures = report.measure(wrong.astype(np.float32), some)
    assert (figures["least_iou"], figures["found"], figures["refused"]) == (0, 0.75, 0.5)


def test_no_films_make_no_sheet(tmp_path):
    nothing = np.zeros((0, KEPT_SIZE, KEPT_SIZE), np.uint8)
    report.sheet(_bright_is_lung(), Examples(nothing, nothing), tmp_path / "own.png")
    assert not (tmp_path / "own.png").exists()
    report.sheet(_bright_is_lung(), Examples(_shapes(50, 140)[None], _shapes(50, 140)[None]), tmp_path / "own.png")
    tile = cv2.imread(str(tmp_path / "own.png"))[:128, :128].astype(int)
    green = (tile[..., 1] > 200) & (tile[..., 0] < 60) & (tile[..., 2] < 60)
    assert green.sum() > 100  # the outline of what was found
