"""The main job on drawn films, each step as the program people run: index, fit, convert, classify."""

import csv
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from edge_app import bundle, decision
from tests.desk.drawn_collections import draw_person, save

ROOT = Path(__file__).parents[2]
# The light environment that `make test` builds (tflite-runtime on Python 3.11), else this one (ai-edge-litert).
LIGHT = ROOT / ".venv-edge/bin/python"
EDGE = LIGHT if LIGHT.exists() else Path(sys.executable)
CELLS = {
    "COVID-19_Radiography_Dataset/COVID/images": 60,
    "COVID-19_Radiography_Dataset/Normal/images": 60,
    "chest_xray/train/NORMAL": 20,
}
# Two labels that a few passes tell apart: then int8 and Keras must agree on every film.
SMALL = ["--model", "seed", "--size", "48", "--cells", "", "--epochs", "15", "--batch", "8"]


def run(python, *words, code=0):
    """Run a module of the project and return what it printed."""
    command = [str(word) for word in (python, "-m", *words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr[-3000:]
    return done


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder after `index` and `fit` on drawn films, with an edge model after `convert`."""
    work = tmp_path_factory.mktemp("work")
    for seed, (cell, count) in enumerate(CELLS.items()):
        for i in range(count):
            film = draw_person(1000 * seed + i)
            if "COVID/" in cell:  # both lower zones white, so that a few passes learn it
                film[120:200, 20:180] = np.maximum(film[120:200, 20:180], 225)
            name = f"IM-{i:04d}-0001.jpeg" if "chest_xray" in cell else f"{Path(cell).parent.name}-{i}.png"
            save(film, work / "data" / cell / name)
    places = ["--data", work / "data", "--index", work / "index.csv", "--cache", work]
    run(sys.executable, "train", "index", "--data", work / "data", "--out", work / "index.csv")
    run(sys.executable, "train", "fit", *places, "--run", work / "run", *SMALL)
    run(sys.executable, "convert", work / "run", *places, "--out", work / "models")
    return work


def test_the_edge_gives_the_scores_and_verdicts_of_the_trained_network(folder):
    """The promise of the whole project: what was trained is what runs on the Pi."""
    with (folder / "run/scores.csv").open() as file:
        expected = {row["path"]: row for row in csv.DictReader(file)}
    films = [folder / "data" / name for name in expected]
    assert json.loads((folder / "run/metrics.json").read_text())["test"]["covid"]["all"]["auc"]["value"] > 0.9
    for kind, tolerance in (("float32", 1e-3), ("int8", 0.06)):  # int8: four quantized layers
        model = folder / f"models/covid-xray-seed-{kind}.tflite"
        lines = run(EDGE, "edge_app", "classify", "--json", "--model", model, *films).stdout.splitlines()
        limits = bundle.read(model)[1].limits("refer")
        assert len(lines) == len(films) > 20
        for line in lines:
            row = json.loads(line)
            truth = expected[str(Path(row["path"]).relative_to(folder / "data"))]
            for label, score in row["scores"].items():
                assert abs(score - float(truth[f"score_{label}"])) < tolerance, (kind, row)
            assert row["verdict"] == decision.decide(row["scores"], *limits)


def test_the_file_says_where_it_comes_from(folder):
    path = folder / "models/covid-xray-seed-int8.tflite"
    with zipfile.ZipFile(path) as archive:
        card = json.loads(archive.read("card.json"))
        assert archive.read("labels.txt").decode().split() == ["normal", "covid"]
    record = json.loads((folder / "run/run.json").read_text())
    assert card["training"]["index_sha256"] == record["index_sha256"]
    assert card["training"]["commits"] == record["commits"]
    assert card["training"]["config"]["seed"] == record["config"]["seed"]
    for rule, points in card["operating_points"].items():
        assert points["covid"]["sensitivity"]["n"] > 0
        assert list(card["expected"][rule]) == ["0.01", "0.05", "0.2"]
    assert card["metrics"]["agreement"]["verdicts"] >= 0.99


def test_compare_prints_a_column_a_model(folder):
    record = folder / "models/covid-xray-seed.json"
    printed = run(sys.executable, "train", "compare", folder / "run", record).stdout.splitlines()
    assert printed[0] == "|  | seed, Keras | seed, Keras | seed, float32 | seed, int8 |"
    assert [line for line in printed if line.startswith("| COVID-19_Radiography_Dataset: sensitivity (")]
    wrong = run(sys.executable, "train", "compare", folder / "index.csv", code=2)
    assert "is no finished run and no record of one" in wrong.stderr


def test_a_run_is_not_overwritten_and_a_missing_one_is_named(folder, tmp_path):
    places = ["--data", folder / "data", "--index", folder / "index.csv", "--cache", folder]
    again = run(sys.executable, "train", "fit", *places, "--run", folder / "run", *SMALL, code=2)
    assert "holds a run already; go on with '--resume'" in again.stderr
    done = run(sys.executable, "train", "fit", *places, "--run", folder / "run", "--resume")
    assert "is finished" in done.stdout
    none = run(sys.executable, "train", "fit", *places, "--run", tmp_path, "--resume", code=2)
    assert "holds no run to go on with" in none.stderr
    none = run(sys.executable, "convert", tmp_path, *places, code=2)
    assert "holds no finished training run ('run.json' is missing)" in none.stderr


def test_another_index_than_the_run_was_trained_on_is_refused(folder, tmp_path):
    other = tmp_path / "index.csv"
    other.write_text((folder / "index.csv").read_text().replace("COVID-1.png", "COVID-X.png"))
    done = run(sys.executable, "convert", folder / "run", "--index", other, "--out", tmp_path / "out", code=2)
    assert "was trained on an index that begins" in done.stderr
    assert not (tmp_path / "out").exists()
