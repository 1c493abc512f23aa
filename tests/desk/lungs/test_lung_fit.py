"""The lung network: a short fit that was stopped and went on, and the file that it becomes."""

import json
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest

from convert import lungs as converter
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.model import classifier
from tests.support.lung_examples import draw_examples
from train.lungs import examples, fit, network, report, training_round
from train.lungs.config import LungConfig


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
    drawn = {
        "train": draw_examples(range(24), 4),
        "val": draw_examples(range(100, 104), 2),
        "test": draw_examples(range(200, 208), 2),
    }
    others = pd.DataFrame({"source": ["a", "b"] * 4, "label": ["normal"] * 8})
    other = {view_classes.PICTURE: examples.photographs(2)[:8]}
    data = fit.LungData(drawn, others, draw_examples(range(300, 308)).pictures, other, "0" * 64)
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


class _Told:
    """A network whose chances of views are the first three grey levels of the film, in percent."""

    def __init__(self, path):
        pass

    def look(self, film):
        cut, lateral, photograph = film[0, :3, 0] / 100
        return np.zeros((64, 64)), dict.fromkeys(view_classes.CLASSES, 0.0) | {
            view_classes.CUT: cut,
            view_classes.LATERAL: lateral,
            view_classes.PHOTOGRAPH: photograph,
        }


def _limits(monkeypatch, *sources):
    """Return the limits set on films of sources: (name, films, percents of cut, lateral and photograph)."""
    monkeypatch.setattr(converter.classifier, "LungFinder", _Told)
    films = np.zeros((sum(count for _, count, _ in sources), 4, 4, 1), np.uint8)
    names = [name for name, count, _ in sources for _ in range(count)]
    films[:, 0, :3, 0] = [percents for _, count, percents in sources for _ in range(count)]
    return converter.view_limits(Path("lungs.tflite"), films, pd.Series(names))


def test_limits_of_views_are_those_of_the_source_with_the_highest_chances(monkeypatch):
    found = _limits(monkeypatch, ("a", 900, (1, 2, 3)), ("b", 60, (40, 20, 22)))
    assert found == {"wrong": pytest.approx(0.42), "cut": pytest.approx(0.4)}


def test_limits_of_views_lie_within_bounds_and_a_source_of_few_films_does_not_count(monkeypatch):
    low, high = converter.LOWEST, converter.HIGHEST
    assert _limits(monkeypatch, ("a", 60, (1, 2, 3))) == {"wrong": low, "cut": low}
    assert _limits(monkeypatch, ("a", 60, (90, 90, 0))) == {"wrong": high, "cut": high}
    assert _limits(monkeypatch, ("a", 60, (1, 2, 3)), ("b", 49, (90, 90, 0))) == {"wrong": low, "cut": low}
    assert _limits(monkeypatch, ("b", 49, (90, 90, 0))) == {"wrong": high, "cut": high}
