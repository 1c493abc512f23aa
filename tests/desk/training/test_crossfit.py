"""Every film judged by a network that never saw its patient, and by one that never saw its source."""

import json
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from tests.support.drawn_index import LABELS, SOURCES
from tests.support.golden import LUNGS
from train.__main__ import main
from train.evaluation import intervals
from train.index import detectors
from train.training import config, crossfit, selection

SETTINGS = config.preset(
    "seed", size=32, crop="lungs", labels=LABELS, cells=(), epochs=1, batch=12, patience=1, settle=1
)
SCORES = [f"score_{label}" for label in LABELS]


@pytest.fixture
def made(dataset, joined, tmp_path, monkeypatch):
    """Return the films, the folder of a run after `crossfit` with two folds, and how to call it again."""
    monkeypatch.setattr(crossfit, "FOLDS", 2)
    monkeypatch.setattr(intervals, "DRAWS", 20)  # intervals are not looked at here

    def again():
        crossfit.crossfit(SETTINGS, replace(dataset, films=joined), tmp_path)

    again()
    return joined, tmp_path, again


def test_every_film_is_judged_once_by_those_who_never_saw_it(made, drawn, capsys):
    films, run_dir, again = made
    parts = sorted(path.name for path in (run_dir / "crossfit").iterdir())
    assert parts == ["fold-1", "fold-2", *(f"source-{name}" for name in SOURCES)]
    known = {"crossfit.csv": (selection.folds(films, 2) + 1).astype(str), "without.csv": films["source"].to_numpy()}
    for (file, of_film), column in zip(known.items(), ("fold", "source"), strict=True):
        table = pd.read_csv(run_dir / file, dtype={column: str})
        assert table["path"].tolist() == sorted(films["path"])  # each one, once
        table = table.set_index("path").loc[films["path"]]
        assert table[column].tolist() == list(of_film)
        assert table[["label", "group"]].to_numpy().tolist() == films[["label", "group"]].to_numpy().tolist()
        for name in sorted(set(of_film)):
            mine, part = of_film == name, run_dir / "crossfit" / f"{column}-{name}"
            record = json.loads((part / "run.json").read_text())
            assert record["config"]["fold" if column == "fold" else "without"] == (
                f"{name}/2" if column == "fold" else name
            )
            # The score of a film is that of the very network that was trained without it.
            network = keras.models.load_model(part / "model.keras", compile=False)
            scores = network.predict(drawn[1][mine], verbose=0)
            assert np.allclose(table.loc[films["path"][mine], SCORES], scores, atol=2e-6)
            for label, threshold in record["metrics"]["thresholds"].items():
                assert np.allclose(table.loc[films["path"][mine], f"threshold_{label}"], threshold, atol=1e-6)
            learnt = ~films["group"].isin(films["group"][mine])
            assert record["films"] == {
                "train": int((learnt & films["split"].isin(["train", "test"])).sum()),
                "val": int((learnt & (films["split"] == "val")).sum()),
            }
            assert not record.get("settled")  # what rounding kernels costs is not the question
            assert not [path.name for path in part.glob("*.h5")] + [path.name for path in part.glob("*t.keras")]

    # A second call trains nothing, and says the same.
    before = {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (run_dir / "crossfit").rglob("*.*")}
    tables = [(run_dir / file).read_bytes() for file in known]
    again()
    assert {
        path: (path.stat().st_mtime_ns, path.read_bytes()) for path in (run_dir / "crossfit").rglob("*.*")
    } == before
    assert [(run_dir / file).read_bytes() for file in known] == tables
    assert "training without" not in capsys.readouterr().out


def test_detectors_come_first_and_the_only_source_stays(dataset, joined, tmp_path, monkeypatch):
    """Of a recipe that learns from one source the detectors with enough films of both kinds are left out in turn."""
    monkeypatch.setattr(crossfit, "FOLDS", 0)
    monkeypatch.setattr(intervals, "DRAWS", 20)
    monkeypatch.setattr(detectors, "LEAST", 2)
    monkeypatch.setattr(detectors.with_both, "__defaults__", (2, detectors.KINDS))
    films = joined.assign(machine=np.where(np.arange(len(joined)) // 32 % 2 == 0, "30x40", "10x10"))
    films["appearance"] = films["label"].map({"normal": "negative", "covid": "typical"}).fillna("atypical")
    settings = replace(SETTINGS, sources=("clinic-a",), settle=0)
    crossfit.crossfit(settings, replace(dataset, films=films), tmp_path)
    names = detectors.with_both(films[films["source"] == "clinic-a"])
    assert names == ["clinic-a/10x10", "clinic-a/30x40"]
    found = sorted(path.name for path in (tmp_path / "crossfit").iterdir())
    assert found == ["detector-clinic-a-10x10", "detector-clinic-a-30x40"]
    assert not (tmp_path / "without.csv").exists()
    judged = pd.read_csv(tmp_path / "detectors.csv")
    assert (judged["source"] + "/" + judged["machine"] == judged["detector"]).all()
    assert sorted(judged["path"]) == sorted(films.loc[films["source"] == "clinic-a", "path"])


def test_a_run_that_cannot_be_judged_is_named(tmp_path, capsys):
    index = tmp_path / "index.csv"
    index.write_text("")
    words = ["crossfit", str(tmp_path), "--index", str(index), "--lungs", str(LUNGS)]
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # sha256 of nothing
    record = {"metrics": {}, "index_sha256": empty, "lungs_sha256": "0" * 64}
    for saved, sentence in (
        (None, f"{tmp_path}: holds no finished run; make one with 'make train' first."),
        ({"config": {}}, f"{tmp_path}: holds no finished run; make one with 'make train' first."),
        (
            record | {"index_sha256": "0" * 64},
            f"{index}: is not the index of {tmp_path}; the same films and groups are",
        ),
        (record, f"{LUNGS}: is not the lung-field network that the films of {tmp_path} were cropped with"),
    ):
        if saved:
            (tmp_path / "run.json").write_text(json.dumps(saved))
        assert main(words) == 2
        assert capsys.readouterr().err.startswith(sentence)
