"""The whole report of an audit, on drawn films."""

import json
import re
import shutil
from dataclasses import asdict
from html.parser import HTMLParser

import cv2
import numpy as np
import pandas as pd
import pytest

from edge_app import atomic_io
from edge_app.errors import EdgeError
from tests.support.checkout import ROOT
from tests.support.films import draw_film
from tests.support.golden import LUNGS
from train import __main__ as command
from train.audit import audited, facts, other_sources, released
from train.audit.array_cache import ArrayCache
from train.evaluation import deletion, evaluate
from train.films import indexed_films, pixels
from train.index import detectors, index
from train.training import config, fit, training_data

LABELS = ("normal", "covid", "pneumonia")
SIIM, NIH, COVID_SOURCE = "siim-covid19-detection", "nih-chest-xrays", "covid-chestxray-dataset"
APPEARANCES = {"normal": "negative", "covid": "typical", "indeterminate": "indeterminate", "pneumonia": "atypical"}
MACHINES = ("10x10", "30x40")
FILMS, SIDE = 144, 96
RELEASED = ROOT / "models/covid-xray-short-int8.tflite"


def film_row(i):
    """Return the row of a drawn film: half are of the source that is learnt from, with appearances and boxes."""
    source, label = (SIIM, NIH, SIIM, COVID_SOURCE)[i % 4], LABELS[i % 3]
    if source == SIIM and i % 24 == 4:
        label = "indeterminate"
    if source == NIH and label == "covid":
        label = "other"
    known = {"path": f"{source}/{i:03d}.png", "source": source, "label": label, "width": 280, "height": 320}
    known |= {"view": "", "sex": "MF"[i % 5 % 2], "age": 20 + i % 60, "group": f"{source}{i // 12}{label}"}
    known |= {"patient": known["group"], "split": ("train", "train", "val", "test")[i * 4 // FILMS]}
    if source == SIIM:
        known |= {"appearance": APPEARANCES[label], "machine": MACHINES[i // 12 % 2]}
        known |= {"boxes": "" if label == "normal" else "0.2 0.1 0.6 0.4"}
    else:
        known |= {"view": ("PA", "AP Supine")[i // 12 % 2]}
    return dict.fromkeys(index.COLUMNS, "") | known


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Drawn films of three collections on disk, their index, and a run of one epoch on whole films of one of them."""
    work = tmp_path_factory.mktemp("audit")
    rows = [film_row(i) for i in range(FILMS)]
    for i, row in enumerate(rows):
        path = work / "data" / row["path"]
        path.parent.mkdir(parents=True, exist_ok=True)
        opacity = {"normal": 0.0, "other": 0.0, "covid": 0.9}.get(row["label"], 0.4)
        assert cv2.imwrite(str(path), draw_film(i, 320, 280, opacity=opacity))
    index.write(pd.DataFrame(rows), work / "index.csv")
    settings = config.preset("tiny", size=SIDE, epochs=1, batch=12, crop="none", settle=0, places=1.0)
    indexed = indexed_films.read(work / "index.csv", work / "data", work)
    record = fit.fit(settings, training_data.load(settings, indexed), work / "run")
    # One epoch says little: points by which every answer is given.
    scores = pd.read_csv(work / "run/scores.csv")["score_covid"]
    band = {"low": scores.quantile(0.3), "high": scores.quantile(0.6), "rule": "drawn"}
    record["metrics"]["operating_points"]["refer"]["covid"] |= band
    record["places"] = {label: {"scale": 1.0, "offset": 0.0} for label in ("covid", "pneumonia")}
    atomic_io.write_json(work / "run/run.json", record)
    return work


@pytest.fixture
def few_are_enough(monkeypatch):
    """Detectors and sources of a few drawn films count."""
    monkeypatch.setattr(detectors.with_both, "__defaults__", (2, detectors.KINDS))
    monkeypatch.setattr(other_sources, "LEAST_FILMS", 5)
    monkeypatch.setattr(facts, "LEAST_FILMS", 2)


def leave_out(work, machine):
    """Write what a training without a detector leaves, with made scores that tell typical from negative."""
    run, folder = json.loads((work / "run/run.json").read_text()), work / f"run/crossfit/detector-{SIIM}-{machine}"
    films = index.read(work / "index.csv")
    films = films[(films["machine"] == machine) | (films["source"] == NIH)]
    ill = films["label"].isin(["covid", "indeterminate"])
    made = films[[*evaluate.KEPT]].assign(split="test", score_covid=0.1 + 0.8 * ill, score_normal=0.9 - 0.8 * ill)
    points = {"refer": {"covid": {"low": 0.3, "high": 0.6}, "pneumonia": {"threshold": 0.5}}}
    folder.mkdir(parents=True)
    made.assign(score_pneumonia=0.1).to_csv(folder / "scores.csv", index=False)
    record = {"config": run["config"] | {"without": f"{SIIM}/{machine}"}, "metrics": {"operating_points": points}}
    atomic_io.write_json(folder / "run.json", record)


def audit(work, *words):
    """Run the command as people do, with fewer bootstraps."""
    folders = ["--index", work / "index.csv", "--data", work / "data", "--cache", work]
    return command.main([str(word) for word in ("audit", work / "run", *folders, *words)])


class Images(HTMLParser):
    """Collects what a page would load."""

    def __init__(self, html):
        super().__init__()
        self.loaded, self.alts = [], []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        self.loaded += [attributes[name] for name in ("src", "srcset", "data", "poster") if name in attributes]
        if tag == "img":
            self.alts.append(attributes["alt"])
        assert tag not in ("script", "link", "iframe", "object")


def test_a_run_without_its_companions_gets_a_report_that_says_what_is_missing(
    places, monkeypatch, capsys, few_are_enough
):
    monkeypatch.setattr(pixels, "LUNGS", places / "none.tflite")
    assert audit(places) == 0
    html = (places / "run/audit.html").read_text(encoding="utf-8")
    command_line = f"<code>python -m train crossfit {places}/run</code>"
    assert f"crossfit.csv</code> is missing; run {command_line}" in html
    assert f"Not measured: {SIIM}/10x10, {SIIM}/30x40, of which no training without it is finished; run" in html
    assert "none.tflite</code>, is missing; make it with <code>make lungs" in html
    assert "learnt from one source alone" in html
    printed = capsys.readouterr().out
    assert "| AUC with the lungs blacked out | at most 0.60 | not measured |" in printed
    assert "| AUC, detector left out | at least 0.85 | not measured |" in printed
    numbers = json.loads((places / "run/audit.json").read_text())
    assert numbers["crossfit"] is numbers["without"] is numbers["localisation"]["deletion"] is None
    assert numbers["detectors"]["missing"] == [f"{SIIM}/{machine}" for machine in MACHINES]
    assert numbers["largest_difference"] < 1e-4
    assert set(numbers["blackout"]) == {"as it is", "outer border only (12%)"}


def test_a_cross_fit_that_was_stopped_is_told(places, few_are_enough, monkeypatch):
    monkeypatch.setattr(pixels, "LUNGS", places / "none.tflite")
    for name, record in (("fold-1", {"metrics": {}}), ("fold-2", {})):
        (places / "run/crossfit" / name).mkdir(parents=True)
        atomic_io.write_json(places / "run/crossfit" / name / "run.json", record)
    leave_out(places, MACHINES[0])
    assert audit(places, "--plain", places / "run") == 0
    html = (places / "run/audit.html").read_text(encoding="utf-8")
    assert f"that of {places / 'run'}" in html  # told from the embedding
    assert "Of its trainings 1 are finished; it goes on where it was stopped." in html
    assert f"Not measured: {SIIM}/30x40, of which no training" in html
    assert "mean of 1 left out, each by a training without it; 1 missing" in html
    shutil.rmtree(places / "run/crossfit")


def test_the_whole_report(places, monkeypatch, capsys, few_are_enough):
    """With cross-fit, what was left out, lungs and a released file: nothing missing, nothing loaded from outside."""
    monkeypatch.setattr(pixels, "LUNGS", LUNGS)
    scores, films = pd.read_csv(places / "run/scores.csv", keep_default_na=False), index.read(places / "index.csv")
    everything = (
        films[[*evaluate.KEPT]]
        .merge(scores.filter(regex="path|score"), "left")
        .fillna({f"score_{label}": 0.4 for label in LABELS})
    )
    everything[everything["source"] == SIIM].assign(fold=1).to_csv(places / "run/crossfit.csv", index=False)
    everything.to_csv(places / "run/without.csv", index=False)
    for machine in MACHINES:
        leave_out(places, machine)
    assert audit(places, "--plain", RELEASED) == 0
    html = (places / "run/audit.html").read_text(encoding="utf-8")
    page = Images(html)
    assert len(page.loaded) >= 6
    assert all(source.startswith("data:image/") for source in page.loaded)
    assert all(page.alts)
    assert not re.search(r"https?://|url\(|@import", html)
    assert "not measured" not in html.lower()
    assert "Source told from the embedding" in html  # beside that of the released file
    text = (places / "run/audit.json").read_text()
    numbers = json.loads(text)
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert numbers["sources"] == [SIIM] and list(numbers["test"]["sources"]) == [SIIM]
    inside = scores[(scores["split"] == "test") & (scores["source"] == SIIM) & (scores["label"] != "indeterminate")]
    expected = evaluate.figures(inside, "covid", numbers["test"]["threshold"])
    assert numbers["test"]["all"]["n"] == expected["n"] == len(inside)
    assert numbers["test"]["sources"][SIIM]["auc"] == expected["auc"]
    assert numbers["test"]["sources"][SIIM]["sensitivity"]["value"] == expected["sensitivity"]["value"]
    assert set(numbers["other_sources"]) == {NIH, COVID_SOURCE}
    assert {"lungs only", "lungs blacked out", "grey histogram, 64 bins"} <= set(numbers["controls"]) | set(
        numbers["blackout"]
    )
    assert set(numbers["groups"]["test"]["sex"]) == {"female", "male"}
    assert set(numbers["groups"]["test"]["detector"]) == {f"{SIIM}/{machine}" for machine in MACHINES}
    assert numbers["localisation"]["films"] > 0 and set(deletion.WHERE) & set(numbers["localisation"]["deletion"])
    assert len(numbers["stability"]["changes"]) == 10
    kept = {path: path.stat().st_mtime_ns for path in (places / "run/audit").iterdir()}
    assert audit(places, "--plain", RELEASED) == 0
    assert (places / "run/audit.json").read_text() == text
    assert (places / "run/audit.html").read_text(encoding="utf-8") == html
    assert {path: path.stat().st_mtime_ns for path in (places / "run/audit").iterdir()} == kept


def test_a_released_file_of_another_contract_is_compared(places, tmp_path):
    indexed = indexed_films.read(places / "index.csv", places / "data", places, LUNGS)
    file = released.ReleasedFile(RELEASED, indexed)
    paths = indexed.table["path"].iloc[[5, 2]]
    found = file.embedding(paths, ArrayCache(tmp_path))
    assert found.dtype == np.float32 and found.shape[0] == 2 and found.shape[1] > 3
    assert np.array_equal(file.embedding(paths[::-1], ArrayCache(tmp_path / "other")), found[::-1])
    with pytest.raises(EdgeError, match=r"gone.png: is a film of the run that .* cannot be shown"):
        file.embedding(["gone.png"], ArrayCache(tmp_path))
    (tmp_path / "no.tflite").write_bytes(b"no model")
    with pytest.raises(EdgeError, match=r"no.tflite: is neither a run folder nor a model file of this project"):
        released.ReleasedFile(tmp_path / "no.tflite", indexed).embedding(paths, ArrayCache(tmp_path))


def test_masks_lie_in_the_frame_of_what_the_network_sees(places, monkeypatch):
    """Of a network that sees crops, and of one that sees whole films."""
    monkeypatch.setattr(pixels, "LUNGS", LUNGS)
    settings = config.preset("tiny", sources=(), size=32, crop="lungs", outside="black")
    record = {"config": asdict(settings), "index_sha256": index.sha256(places / "index.csv")}
    crops = audited.load(audited.AuditedRun(places, record, None), places / "index.csv", places / "data", places)
    assert len(crops.films) == len(crops.pixels) == len(crops.words) == FILMS
    assert crops.masks.shape == (FILMS, 32, 32) and crops.whole.shape == crops.whole_masks.shape == (FILMS, 128, 128)
    assert not crops.pixels[..., 0][crops.masks == 0].any()
    assert (crops.pixels[..., 0][crops.masks == 255] > 0).mean() > 0.9
    whole = audited.load(
        audited.AuditedRun(places, record | {"config": {**asdict(settings), "crop": "none"}}, None),
        places / "index.csv",
        places / "data",
        places,
    )
    lungs, rest = (whole.pixels[..., 0][whole.masks == level].mean() for level in (255, 0))
    assert whole.masks.shape == (FILMS, 32, 32) and lungs < rest  # lungs are darker than the body round them
    assert crops.rows([crops.films["path"][5]]).tolist() == [5]
    with pytest.raises(EdgeError, match=r"gone.png: is a film of a run, but not of those at hand"):
        crops.rows(["gone.png"])


def test_what_is_no_finished_run_is_named(places, tmp_path, capsys):
    assert command.main(["audit", str(tmp_path)]) == 2
    assert "is not a finished run; name a run folder of 'make train'" in capsys.readouterr().err
    (tmp_path / "index.csv").write_text((places / "index.csv").read_text() + "\n")
    assert command.main(["audit", str(places / "run"), "--index", str(tmp_path / "index.csv")]) == 2
    assert "is not the index that" in capsys.readouterr().err
    assert audit(places, "--within", "nowhere") == 2
    assert "--within: 'nowhere' is not a source that" in capsys.readouterr().err
