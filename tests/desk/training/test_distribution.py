"""Several workers, films in shards, mixed precision: the figures of one worker, and a worker that is killed."""

import json
import re

import keras
import numpy as np
import pytest

from edge_app.errors import WrongUsage
from tests.support.drawn_shards import write_shards
from tests.support.fit_command import epochs_done, fit, kill_a_worker
from tests.support.golden import LUNGS
from train.films import shards
from train.films.treatments import Treatment
from train.training import batches, config, distribution, launcher, loop, selection, training_data
from train.training.distribution import Distribution

SETTINGS = config.preset("tiny", sources=(), size=32, epochs=2, batch=12, settle=0, seed=3)
# Of a run on a machine that has other things to do first; by itself it takes half a minute.
PATIENCE_S = 1200


@pytest.fixture(scope="module")
def folder(drawn, tmp_path_factory):
    return write_shards(*drawn, tmp_path_factory.mktemp("drawn") / "shards")


def test_parts_of_workers_make_the_whole_batch(dataset):
    train, val = selection.rows(dataset.films, SETTINGS)
    data = training_data.build(SETTINGS, dataset, train, val)
    whole = list(batches.epoch_batches(data.films, data.chance, SETTINGS, 1))
    parts = [
        list(
            batches.epoch_batches(
                data.films, data.chance, SETTINGS, 1, Distribution("multiworker", None, at, 3).part(12)
            )
        )
        for at in range(3)
    ]
    for batch, *some in zip(whole, *parts, strict=True):
        for together, apart in zip(batch, zip(*some, strict=True), strict=True):
            assert np.array_equal(together, np.concatenate(apart))


def test_what_cannot_be_distributed_is_refused(monkeypatch):
    class Five:
        num_replicas_in_sync = 5

    with pytest.raises(WrongUsage, match="--batch: 12 films cannot be shared by 5 replicas; give a multiple"):
        Distribution("mirrored", Five()).part(12)
    monkeypatch.delenv("TF_CONFIG", raising=False)
    assert distribution.begin("auto") == distribution.ALONE
    with pytest.raises(WrongUsage, match="'multiworker' needs TF_CONFIG"):
        distribution.begin("multiworker")
    for wrong in ("{", "[]", '{"cluster": {"worker": ["a:1"]}, "task": {"type": "worker", "index": 1}}'):
        monkeypatch.setenv("TF_CONFIG", wrong)
        with pytest.raises(WrongUsage, match=r"TF_CONFIG: is .*; it must be such as"):
            distribution.begin("auto")


def test_the_words_of_a_command_without_what_is_the_launchers():
    words = ["fit", "--workers", "2", "--run", "a", "--restarts=1", "--resume", "--batch", "8"]
    assert launcher.without(words, ("--workers", "--restarts", "--resume")) == ["fit", "--run", "a", "--batch", "8"]


def _trained(dataset, settings, run_dir):
    keras.utils.set_random_seed(settings.seed)
    data = training_data.build(settings, dataset, *selection.rows(dataset.films, settings))
    run_dir.mkdir()
    return loop.train(settings, data, run_dir)


def test_a_run_from_shards_has_the_weights_of_a_run_from_arrays(dataset, folder, tmp_path):
    settings = config.preset("tiny", sources=(), size=32, epochs=1, batch=12)
    sharded = shards.load(folder, 32, Treatment(), LUNGS)
    one, other = (_trained(of, settings, tmp_path / name) for of, name in ((dataset, "arrays"), (sharded, "shards")))
    assert all(np.array_equal(a, b) for a, b in zip(one.get_weights(), other.get_weights(), strict=True))
    assert (tmp_path / "arrays/history.csv").read_bytes() == (tmp_path / "shards/history.csv").read_bytes()


def test_mixed_precision_trains_and_leaves_a_network_in_float32(dataset, tmp_path):
    settings = config.preset("tiny", sources=(), size=32, epochs=1, batch=12, precision="mixed")
    try:
        assert distribution.set_precision("auto") == "float32"  # there is no GPU
        assert distribution.set_precision("mixed") == "mixed_bfloat16"
        model = _trained(dataset, settings, tmp_path / "run")
    finally:
        keras.config.set_dtype_policy("float32")
    used = keras.saving.load_model(tmp_path / "run/last.keras", compile=False)
    assert used.get_layer("stem_conv").compute_dtype == "bfloat16" and used.output.dtype == "float32"
    assert all(weight.dtype == np.float32 for weight in used.get_weights())
    assert {layer.compute_dtype for layer in model.layers} == {"float32"}
    films = np.asarray(dataset.pixels)
    scores = used.predict(films, verbose=0)
    assert np.allclose(scores, model.predict(films, verbose=0), atol=0.05)  # bfloat16 has 8 bits


def test_two_workers_one_of_them_killed_train_to_the_figure_of_one(folder, tmp_path):
    words = {"shards": folder, "lungs": LUNGS, "size": 32, "sources": "", "batch": 12, "settle": 0, "seed": 3}
    flags = [word for name, value in (words | {"epochs": 12, "patience": 12}).items() for word in (f"--{name}", value)]
    with fit(tmp_path / "one", *flags, "--distribute", "off") as one:
        one.communicate(timeout=PATIENCE_S)
    with fit(tmp_path / "two", *flags, "--distribute", "multiworker", "--workers", 2) as two:
        said = kill_a_worker(two, tmp_path / "two", PATIENCE_S)
    assert (one.wait(PATIENCE_S), two.wait(PATIENCE_S)) == (0, 0)
    assert re.search(r"workers: ended with \[.*-9\]; they go on from the last whole epoch", said)
    assert "(start 2)" in said and "(start 3)" not in said
    alone, shared = (json.loads((tmp_path / name / "run.json").read_text()) for name in ("one", "two"))
    assert epochs_done(tmp_path / "two") == epochs_done(tmp_path / "one") == 12
    assert shared["distributed"] == {"how": "multiworker", "workers": 2, "replicas": 2}
    assert alone["distributed"] == {"how": "off", "workers": 1, "replicas": 1}
    assert alone["shards_sha256"] == shared["shards_sha256"]
    assert len(shared["shards_sha256"]) == 64
    expected, found = (record["metrics"]["own"]["covid"]["auc"] for record in (alone, shared))
    assert expected["low"] <= found["value"] <= expected["high"]
