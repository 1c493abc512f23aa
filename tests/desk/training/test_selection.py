"""Which films a run learns from, and which it is tested on."""

import numpy as np
import pandas as pd
import pytest

from edge_app.errors import WrongUsage
from tests.support.drawn_index import LABELS
from train.evaluation import evaluate
from train.models import networks
from train.training import config, selection, training_data, truth

SETTINGS = config.preset("tiny", sources=())


def test_most_and_cells_choose_the_training_films(drawn):
    films, _ = drawn
    settings = config.preset(
        "tiny", sources=(), labels=("normal", "covid"), cells=("clinic-a/normal", "clinic-b/covid"), most=3
    )
    train, val = selection.rows(films, settings)
    chosen = films.iloc[train]
    assert (chosen["source"] + "/" + chosen["label"]).value_counts().to_dict() == {
        "clinic-a/normal": 3,
        "clinic-b/covid": 3,
    }
    assert set(films.iloc[val]["split"]) == {"val"}


def test_a_cell_or_label_that_no_film_has_is_named(drawn):
    films, _ = drawn
    with pytest.raises(WrongUsage, match=r"--cells: 'clinic-z/covid' is not in the index; it holds clinic-a/covid"):
        selection.rows(films, config.preset("tiny", sources=(), cells=("clinic-z/covid",)))
    with pytest.raises(WrongUsage, match="no film labelled 'covid' in split 'train'"):
        selection.rows(films[films["label"] != "covid"], config.preset("tiny", sources=()))


@pytest.mark.parametrize(
    "changes",
    [
        {"without": "clinic-a"},
        {"without": "clinic-b"},
        {"fold": "1/3"},
        {"fold": "2/3"},
        {"without": "clinic-b", "fold": "2/3"},
    ],
    ids=str,
)
def test_nothing_is_learnt_from_what_is_left_out(joined, changes):
    films = joined
    settings = config.preset("tiny", sources=(), **changes)
    out = selection.left_out(films, settings)
    train, val = selection.rows(films, settings)
    wanted = np.zeros(len(films), bool)
    if "without" in changes:
        wanted |= (films["source"] == changes["without"]).to_numpy()
    if "fold" in changes:
        k, n = map(int, changes["fold"].split("/"))
        wanted |= selection.folds(films, n) == k - 1
    assert np.array_equal(out, wanted)
    assert 0 < out.sum() < len(films)
    learnt = np.concatenate([train, val])
    assert not out[learnt].any()
    assert not set(films["group"].iloc[learnt]) & set(films["group"][out])
    # The test split is no longer needed to test on; nothing else is wasted.
    free = ~films["group"].isin(films["group"][out]).to_numpy()
    assert set(train) == set(np.flatnonzero(free & films["split"].isin(["train", "test"])))
    assert set(val) == set(np.flatnonzero(free & (films["split"] == "val")))


def test_without_leaving_out_the_test_split_is_for_testing(joined):
    films = joined
    assert not selection.left_out(films, SETTINGS).any()
    train, val = selection.rows(films, SETTINGS)
    assert set(films["split"].iloc[train]) == {"train"}
    assert set(films["split"].iloc[val]) == {"val"}


def test_folds_are_whole_patients_and_hold_every_film_once(joined):
    films = joined
    fold = selection.folds(films, 3)
    assert set(fold) == {0, 1, 2}
    assert pd.Series(fold).groupby(films["group"]).nunique().max() == 1
    shuffled = films.sample(frac=1, random_state=0)
    assert np.array_equal(selection.folds(shuffled, 3), fold[shuffled.index])  # by name, not by place


def test_a_source_that_no_film_has_cannot_be_left_out(drawn):
    with pytest.raises(WrongUsage, match="--without: 'clinic-z' is not in the index; it holds clinic-a, clinic-b"):
        selection.rows(drawn[0], config.preset("tiny", sources=(), without="clinic-z"))


def test_a_detector_can_be_left_out_like_a_source(drawn):
    films = drawn[0].assign(machine=["1x1", "2x2", "3x3"] * (len(drawn[0]) // 3))
    settings = config.preset("tiny", sources=(), without="clinic-a/2x2")
    expected = (films["source"] == "clinic-a") & (films["machine"] == "2x2")
    assert np.array_equal(selection.left_out(films, settings), expected)
    train, val = selection.rows(films, settings)
    assert not expected.iloc[[*train, *val]].any()


def test_no_figure_counts_a_film_that_is_neither_case_nor_control(drawn, tmp_path):
    films = drawn[0].copy()
    unsure = films.index[films["split"] == "test"][:2]
    films.loc[unsure, "label"] = "indeterminate"
    settings = config.preset("seed", size=32, labels=LABELS, cells=())
    train = np.flatnonzero(films["split"] == "train")
    found = evaluate.write(networks.build("seed", 32, LABELS), films, drawn[1], settings, tmp_path, train)
    table = pd.read_csv(tmp_path / "scores.csv")
    assert len(table) == (films["split"] != "train").sum()
    assert table["path"].isin(films.loc[unsure, "path"]).sum() == 2  # a site may ask how many of these are unsure
    assert found["test"]["covid"]["all"]["n"] == (films["split"] == "test").sum() - 2


def test_the_scores_of_a_run_are_of_the_films_left_out(drawn, joined, tmp_path):
    """`evaluate.write` alone, with an untrained network: which films are val, which are test."""
    films = joined
    settings = config.preset("seed", size=32, labels=LABELS, cells=(), without="clinic-b")
    network = networks.build("seed", 32, LABELS)
    for out in (selection.left_out(films, settings), None):
        evaluate.write(network, films, drawn[1], settings, tmp_path, np.flatnonzero(films["split"] == "train"), out)
        table = pd.read_csv(tmp_path / "scores.csv").set_index("path")
        test, val = (films["path"].isin(table.index[table["split"] == split]) for split in ("test", "val"))
        if out is None:
            assert np.array_equal(test, films["split"] == "test")
            assert np.array_equal(val, films["split"] == "val")
        else:
            assert np.array_equal(test, out)
            # Nor are thresholds chosen on a patient who is tested on.
            free = ~films["group"].isin(films["group"][out])
            assert np.array_equal(val, (films["split"] == "val") & free)


def test_only_the_named_sources_teach_and_the_others_are_all_left_out(joined):
    settings = config.preset("tiny", sources=("clinic-a",))
    train, val = selection.rows(joined, settings)
    assert set(joined["source"].iloc[[*train, *val]]) == {"clinic-a"}
    side = evaluate.sides(joined, train)
    elsewhere = (joined["source"] == "clinic-b").to_numpy()
    copies = joined["group"].isin(joined["group"].iloc[train]).to_numpy()
    assert (elsewhere & copies).any()
    assert set(side[elsewhere & copies]) == {""}  # a copy of what was learnt says nothing
    assert set(side[elsewhere & ~copies & (joined["split"] == "train").to_numpy()]) == {"test"}
    for split in ("val", "test"):
        kept = (joined["split"] == split).to_numpy() & ~(elsewhere & copies)
        assert set(side[kept]) == {split}
    with pytest.raises(WrongUsage, match="--sources: 'clinic-z' is not in the index, which holds clinic-a, clinic-b;"):
        selection.rows(joined, config.preset("tiny", sources=("clinic-z",)))


def test_an_indeterminate_film_teaches_both_pneumonias_a_little(drawn):
    assert truth.taught(LABELS) == {*LABELS, "indeterminate"}
    assert truth.taught(("normal", "covid")) == {"normal", "covid"}
    targets, weights = truth.of_films(["indeterminate", "covid", "normal", "other"], LABELS)
    assert targets.tolist() == [[0, 0.5, 0.5], [0, 1, 0], [1, 0, 0], [0, 0, 0]]
    assert weights[0].tolist() == pytest.approx([1, truth.LITTLE, truth.LITTLE]) and (weights[1:] == 1).all()
    films = drawn[0].assign(label=["indeterminate", *drawn[0]["label"][1:]])
    train, _ = selection.rows(films, SETTINGS)
    assert 0 in train


def test_training_data_are_the_chosen_films_in_order(drawn, dataset):
    films, film_pixels = drawn
    settings = config.preset("tiny", sources=(), balance=1.0)
    train, val = np.array([5, 2, 40]), np.array([7, 8])
    data = training_data.build(settings, dataset, train, val)
    assert np.array_equal(data.films.pixels, film_pixels[train])
    assert np.array_equal(data.val.pixels, film_pixels[val])
    for part, rows in ((data.films, train), (data.val, val)):
        assert [LABELS[i] for i in part.truth.argmax(axis=1)] == films["label"].iloc[rows].tolist()
        assert (part.truth.sum(axis=1) == 1).all()
    assert np.allclose(data.chance, 1 / 3)
