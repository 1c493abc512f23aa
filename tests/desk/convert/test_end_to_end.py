"""The main job on drawn films, each step as the program people run: index, fit, convert, classify.

The lung-field network is the one of tests/golden: training one takes minutes, and tests/desk/lungs does it.
"""

import csv
import hashlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from convert.__main__ import main as convert
from convert.modelfile import golden_film
from convert.verify import acceptance
from edge_app.errors import ModelMismatch
from edge_app.model import model_file
from edge_app.screening import decision
from tests.support.drawn_people import draw_person, save
from tests.support.golden import LUNGS
from train.__main__ import main as train

ROOT = Path(__file__).parents[3]
# The light environment that `make test` builds (tflite-runtime on Python 3.11), else this one (ai-edge-litert).
LIGHT = ROOT / ".venv-edge/bin/python"
EDGE = LIGHT if LIGHT.exists() else Path(sys.executable)
CELLS = {
    "COVID-19_Radiography_Dataset/COVID/images": 60,
    "COVID-19_Radiography_Dataset/Normal/images": 60,
    "chest_xray/train/NORMAL": 20,
}
# Pictures that can be read and show no lungs: they are indexed, and then neither learnt from nor judged.
NOISE = [f"COVID-19_Radiography_Dataset/Normal/images/Normal-{i}.png" for i in range(900, 906)]
# Two labels that some passes tell apart: then int8 and Keras must agree on every film.
SMALL = ["--model", "seed", "--crop", "lungs", "--size", "48", "--cells", "", "--batch", "8", "--patience", "60"]


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
            film = draw_person(1000 * seed + i, opacity=1.0 if "COVID/" in cell else 0.0)
            name = f"IM-{i:04d}-0001.jpeg" if "chest_xray" in cell else f"{Path(cell).parent.name}-{i}.png"
            save(film, work / "data" / cell / name)
    for i, name in enumerate(NOISE):
        save(np.random.default_rng(i).integers(0, 256, (240, 200)).astype(np.uint8), work / "data" / name)
    run(sys.executable, "train", "index", "--data", work / "data", "--out", work / "index.csv")
    run(sys.executable, "train", "fit", *_places(work), "--run", work / "run", *SMALL)
    words = [*_places(work), "--out", work / "models", "--variants", "float32", "int8", "mobile-int8"]
    run(sys.executable, "convert", "release", work / "run", *words)
    return work


def _places(folder, index="index.csv", lungs=LUNGS):
    return ["--data", folder / "data", "--index", folder / index, "--cache", folder, "--lungs", lungs]


def _refused(main, *words, capsys):
    """Run a command in this process and return its one complaint."""
    assert main([str(word) for word in words]) == 2
    return capsys.readouterr().err


@pytest.mark.parametrize("python", sorted({str(EDGE), sys.executable}))
@pytest.mark.parametrize(("kind", "tolerance"), [("float32", 0.001), ("int8", 0.06)])
def test_the_edge_gives_the_scores_and_verdicts_of_the_trained_network(folder, kind, tolerance, python):
    """The promise of the whole project: what was trained is what runs on the Pi."""
    with (folder / "run/scores.csv").open() as file:
        expected = {row["path"]: row for row in csv.DictReader(file)}
    films = [folder / "data" / name for name in expected]
    model = folder / f"models/covid-xray-seed-{kind}.tflite"
    lines = run(python, "edge_app", "classify", "--json", "--model", model, *films).stdout.splitlines()
    limits = model_file.read(model).card.limits("refer")
    assert len(lines) == len(films) > 20
    differences = []
    for line in lines:
        row = json.loads(line)
        truth = expected[str(Path(row["path"]).relative_to(folder / "data"))]
        differences.append(max(abs(row["scores"][label] - float(truth[f"score_{label}"])) for label in row["scores"]))
        assert row["verdict"] == decision.decide(row["scores"], *limits)
    if python == sys.executable:
        assert max(differences) < tolerance
    else:  # another runtime: the lung field may differ by a quantum, so the crop by a pixel, and now and then by more
        assert np.quantile(differences, 0.9) < 0.04


def test_pictures_without_lungs_are_neither_learnt_from_nor_judged(folder):
    with (folder / "index.csv").open() as file:
        sides = {row["path"]: row["split"] for row in csv.DictReader(file)}
    assert {sides[name] for name in NOISE} == {"train", "val", "test"}
    with (folder / "run/scores.csv").open() as file:
        assert not {row["path"] for row in csv.DictReader(file)} & set(NOISE)
    record = json.loads((folder / "run/run.json").read_text())
    # All of the split but the noise: the network finds lungs on every drawn film, or nearly.
    counted = sum(side == "train" for name, side in sides.items() if name not in NOISE)
    assert counted - 5 <= record["films"]["train"] <= counted
    model = folder / "models/covid-xray-seed-int8.tflite"
    done = run(EDGE, "edge_app", "classify", "--json", "--model", model, folder / "data" / NOISE[0])
    row = json.loads(done.stdout)
    assert (row["verdict"], row["refusal"]["kind"]) == ("refused", "no lungs found")


def test_the_file_says_where_it_comes_from(folder):
    path = folder / "models/covid-xray-seed-int8.tflite"
    with zipfile.ZipFile(path) as archive:
        card = json.loads(archive.read("card.json"))
        assert archive.read("labels.txt").decode().split() == ["normal", "covid"]
        assert archive.read("lungs.tflite") == LUNGS.read_bytes()
    record = json.loads((folder / "run/run.json").read_text())
    assert record["metrics"]["test"]["covid"]["all"]["auc"]["value"] > 0.9  # it has learnt something
    assert card["lungs_sha256"] == record["lungs_sha256"] == hashlib.sha256(LUNGS.read_bytes()).hexdigest()
    assert card["temperature"] == record["temperature"]
    assert card["training"]["index_sha256"] == record["index_sha256"]
    assert card["training"]["commits"] == record["commits"]
    assert card["training"]["config"]["seed"] == record["config"]["seed"]
    for rule, points in card["operating_points"].items():
        assert points["covid"]["sensitivity"]["n"] > 0
        assert list(card["expected"][rule]) == ["0.01", "0.05", "0.2"]
    assert card["metrics"]["agreement"]["verdicts"] >= 0.99


def test_compare_prints_a_column_a_model(folder, capsys):
    record = folder / "models/covid-xray-seed.json"
    assert train(["compare", str(folder / "run"), str(record)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "|  | seed, Keras | seed, Keras | seed, int8 |"
    assert [line for line in printed if line.startswith("| COVID-19_Radiography_Dataset: sensitivity (")]
    wrong = _refused(train, "compare", folder / "index.csv", capsys=capsys)
    assert "is neither a finished run nor the record of one" in wrong


def test_a_run_is_not_overwritten_and_a_missing_one_is_named(folder, tmp_path, capsys):
    words = [*_places(folder), "--run", folder / "run"]
    assert "holds a run already; go on with '--resume'" in _refused(train, "fit", *words, *SMALL, capsys=capsys)
    assert train([str(word) for word in ("fit", *words, "--resume")]) == 0
    assert "is finished" in capsys.readouterr().out
    none = _refused(train, "fit", *_places(folder), "--run", tmp_path, "--resume", capsys=capsys)
    assert "holds no run to go on with" in none
    none = _refused(convert, "release", tmp_path, *_places(folder), capsys=capsys)
    assert "holds no finished training run ('run.json' is missing)" in none


def test_another_index_than_the_run_was_trained_on_is_refused(folder, tmp_path, capsys):
    other = folder / "other.csv"
    other.write_text((folder / "index.csv").read_text().replace("COVID-1.png", "COVID-X.png"))
    words = [folder / "run", *_places(folder, index="other.csv"), "--out", tmp_path / "out"]
    assert "was trained on an index that begins" in _refused(convert, "release", *words, capsys=capsys)
    assert not (tmp_path / "out").exists()


def test_another_lung_network_than_the_run_was_trained_with_is_refused(folder, tmp_path, capsys):
    """The same network in another file is another: only its very bytes are known to have cropped the films."""
    other = tmp_path / "lungs.tflite"
    other.write_bytes(LUNGS.read_bytes() + b"\0")
    words = [folder / "run", *_places(folder, lungs=other), "--out", tmp_path / "out"]
    sentence = f"{other}: is not the lung-field network that the films of {folder / 'run'} were cropped with"
    assert _refused(convert, "release", *words, capsys=capsys).startswith(sentence)
    assert not (tmp_path / "out").exists()
    record = json.loads((folder / "run/run.json").read_text())
    del record["metrics"]  # as if it had been stopped
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text(json.dumps(record))
    words = [*_places(folder, lungs=other), "--run", tmp_path / "run", "--resume"]
    assert "is not the lung-field network" in _refused(train, "fit", *words, capsys=capsys)
    missing = [*_places(folder, lungs=tmp_path / "no.tflite"), "--run", tmp_path / "new", *SMALL]
    assert "there is no such lung-field network" in _refused(train, "fit", *missing, capsys=capsys)


def test_a_run_on_whole_films_is_not_released(folder, tmp_path, capsys):
    shutil.copytree(folder / "run", tmp_path / "run")
    record = json.loads((folder / "run/run.json").read_text())
    record["preprocess"]["crop"] = record["config"]["crop"] = "none"
    (tmp_path / "run/run.json").write_text(json.dumps(record | {"lungs_sha256": None}))
    words = [tmp_path / "run", *_places(folder), "--out", tmp_path / "out"]
    assert "was trained with '--crop none' and the edge shows" in _refused(convert, "release", *words, capsys=capsys)
    assert not (tmp_path / "out").exists()


def test_converting_twice_gives_the_same_bytes(folder, tmp_path):
    """In another process, so that nothing of the first is left in memory."""
    words = [*_places(folder), "--out", tmp_path, "--variants", "int8", "mobile-int8"]
    run(sys.executable, "convert", "release", folder / "run", *words)
    for name in ("int8", "mobile-int8"):
        path = f"covid-xray-seed-{name}.tflite"
        assert (tmp_path / path).read_bytes() == (folder / "models" / path).read_bytes()


def test_a_file_that_falls_short_of_a_gate_is_not_written_and_the_figure_is_named(
    folder, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr(acceptance, "LEAST_HEAT", 1.5)  # no correlation reaches that
    words = [folder / "run", *_places(folder), "--out", tmp_path, "--variants", "float32", "mobile-float32"]
    assert convert([str(word) for word in ("release", *words)]) == 1
    said = capsys.readouterr()
    assert f"{tmp_path / 'covid-xray-seed-float32.tflite'}: not written, since in LiteRT" in said.err
    assert "its heat maps correlate 1.000 with the model's, 1.5 is needed" in said.err
    assert sorted(path.name for path in tmp_path.glob("*.tflite")) == ["covid-xray-seed-mobile-float32.tflite"]
    record = json.loads((tmp_path / "covid-xray-seed.json").read_text())
    assert record["files"]["float32"]["shortfalls"]
    assert record["files"]["mobile-float32"]["shortfalls"] == []


@pytest.mark.parametrize("name", ["int8", "mobile-int8"])
def test_a_file_gives_its_golden_film_the_scores_in_its_card(folder, name):
    path = folder / f"models/covid-xray-seed-{name}.tflite"
    model = model_file.read(path)
    assert golden_film.check(model, path) < 1e-6
    model.card.raw["golden"]["scores"]["covid"] += 0.1
    with pytest.raises(ModelMismatch, match=r"a score of its golden film differs by 0\.100 from its card's, 0\.031 is"):
        golden_film.check(model, path)


def test_the_edge_gives_the_golden_film_the_same_scores(folder, tmp_path):
    path = folder / "models/covid-xray-seed-int8.tflite"
    model = model_file.read(path)
    (tmp_path / "golden.png").write_bytes(model.golden)
    done = run(EDGE, "edge_app", "classify", "--json", "--model", path, tmp_path / "golden.png")
    scores = json.loads(done.stdout)["scores"]
    for label, score in model.card.raw["golden"]["scores"].items():
        assert scores[label] == pytest.approx(score, abs=0.05)
