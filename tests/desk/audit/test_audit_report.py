"""The whole report of an audit, on drawn films."""

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser

import cv2
import pandas as pd
import pytest

from edge_app.errors import EdgeError
from tests.support.films import draw_film
from tests.support.golden import LUNGS
from train import __main__ as command
from train.audit import audited
from train.evaluation import evaluate
from train.films import indexed_films, pixels
from train.index import index
from train.training import config, fit, training_data

LABELS = ("normal", "covid", "pneumonia")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Drawn films of two collections on disk, their index, and a run of one epoch on whole films."""
    work = tmp_path_factory.mktemp("audit")
    rows = []
    for i in range(96):
        source, label = ("covid-chestxray-dataset", "nih-chest-xrays")[i % 2], LABELS[i % 3]
        path = work / "data" / source / f"{i:03d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        opacity = {"normal": 0.0, "covid": 0.9, "pneumonia": 0.4}[label]
        assert cv2.imwrite(str(path), draw_film(i, 320, 280, opacity=opacity))
        name = path.relative_to(work / "data").as_posix()
        known = {"view": "PA", "sex": "MF"[i % 5 % 2], "age": 20 + i % 60, "width": 280, "height": 320}
        mine = {"path": name, "source": source, "label": label, "split": ("train", "train", "val", "test")[i // 6 % 4]}
        rows.append(
            dict.fromkeys(index.COLUMNS, "") | known | mine | dict.fromkeys(("group", "patient"), f"p{i // 12}{label}")
        )
    films = pd.DataFrame(rows)
    index.write(films, work / "index.csv")
    settings = config.preset("tiny", sources=(), size=32, epochs=1, batch=12, crop="none", settle=0)
    indexed = indexed_films.read(work / "index.csv", work / "data", work)
    fit.fit(settings, training_data.load(settings, indexed), work / "run")
    return work


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


def test_a_run_without_its_companions_gets_a_report_that_says_what_is_missing(places, monkeypatch, capsys):
    monkeypatch.setattr(pixels, "LUNGS", places / "none.tflite")
    assert audit(places) == 0
    html = (places / "run/audit.html").read_text(encoding="utf-8")
    for name in ("crossfit", "without"):
        assert f"{name}.csv</code> is missing; run <code>python -m train crossfit " in html
    assert "none.tflite</code>, is missing; make it with <code>make lungs" in html
    printed = capsys.readouterr().out
    assert "AUC lost without lungs: not measured" in printed
    numbers = json.loads((places / "run/audit.json").read_text())
    assert numbers["crossfit"] is numbers["without"] is None
    assert numbers["largest_difference"] < 1e-4
    assert set(numbers["blackout"]) == {"as it is", "outer border only (12%)"}


def test_the_whole_report(places, monkeypatch, capsys):
    """With cross-fit, left-out sources, lungs and another run beside: nothing missing, nothing loaded from outside."""
    monkeypatch.setattr(pixels, "LUNGS", LUNGS)
    scores, films = pd.read_csv(places / "run/scores.csv"), index.read(places / "index.csv")
    everything = (
        films[["path", "source", "label", "group"]].merge(scores.filter(regex="path|score"), "left").fillna(0.4)
    )
    everything.assign(fold=1).to_csv(places / "run/crossfit.csv", index=False)
    everything.to_csv(places / "run/without.csv", index=False)
    assert audit(places, "--plain", places / "run") == 0
    html = (places / "run/audit.html").read_text(encoding="utf-8")
    page = Images(html)
    assert len(page.loaded) >= 5
    assert all(source.startswith("data:image/") for source in page.loaded)
    assert all(page.alts)
    assert not re.search(r"https?://|url\(|@import", html)
    assert "not measured" not in html.lower()
    assert "Source told from the embedding" in html  # beside that of the other run
    text = (places / "run/audit.json").read_text()
    numbers = json.loads(text)
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    inside = scores[(scores["split"] == "test") & (scores["source"] == numbers["within"])]
    expected = evaluate.figures(inside, "covid", numbers["test"]["threshold"])
    assert numbers["test"]["sources"][numbers["within"]]["auc"] == expected["auc"]
    assert numbers["test"]["sources"][numbers["within"]]["sensitivity"]["value"] == expected["sensitivity"]["value"]
    assert {"lungs only", "lungs blacked out", "grey histogram, 64 bins"} <= set(numbers["controls"]) | set(
        numbers["blackout"]
    )
    assert set(numbers["groups"]["test"]["sex"]) == {"female", "male"}
    assert len(numbers["stability"]["changes"]) == 10
    kept = {path: path.stat().st_mtime_ns for path in (places / "run/audit").iterdir()}
    assert audit(places, "--plain", places / "run") == 0
    assert (places / "run/audit.json").read_text() == text
    assert (places / "run/audit.html").read_text(encoding="utf-8") == html
    assert {path: path.stat().st_mtime_ns for path in (places / "run/audit").iterdir()} == kept


def test_masks_lie_in_the_frame_of_what_the_network_sees(places, monkeypatch):
    """Of a network that sees crops, and of one that sees whole films."""
    monkeypatch.setattr(pixels, "LUNGS", LUNGS)
    settings = config.preset("tiny", sources=(), size=32, crop="lungs", outside="black")
    record = {"config": asdict(settings), "index_sha256": index.sha256(places / "index.csv")}
    crops = audited.load(audited.AuditedRun(places, record, None), places / "index.csv", places / "data", places)
    assert len(crops.films) == len(crops.pixels) == len(crops.words) == 96
    assert crops.masks.shape == (96, 32, 32) and crops.whole.shape == crops.whole_masks.shape == (96, 128, 128)
    assert not crops.pixels[..., 0][crops.masks == 0].any()
    assert (crops.pixels[..., 0][crops.masks == 255] > 0).mean() > 0.9
    whole = audited.load(
        audited.AuditedRun(places, record | {"config": {**asdict(settings), "crop": "none"}}, None),
        places / "index.csv",
        places / "data",
        places,
    )
    lungs, rest = (whole.pixels[..., 0][whole.masks == level].mean() for level in (255, 0))
    assert whole.masks.shape == (96, 32, 32) and lungs < rest  # lungs are darker than the body round them
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
    assert "--within: 'nowhere' is not a source of" in capsys.readouterr().err
