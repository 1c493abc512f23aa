"""The audit's arithmetic on cases worked by hand, and the whole report on drawn films."""

import json
import re
from dataclasses import asdict
from html.parser import HTMLParser

import cv2
import numpy as np
import pandas as pd
import pytest
from sklearn import metrics as sk

from edge_app.errors import EdgeError
from edge_app.screening import decision
from tests.support.films import draw_film
from tests.support.golden import LUNGS
from train import __main__ as command
from train.audit import (
    ablations,
    audited,
    burnt_in,
    controls,
    groups,
    leave_one_source_out,
    mistakes,
    source_probe,
    sources,
    stability,
)
from train.audit.array_cache import ArrayCache, key
from train.evaluation import calibration, evaluate, figures, intervals
from train.films import indexed_films, pixels
from train.index import index
from train.training import config, fit, training_data

LABELS = ("normal", "covid", "pneumonia")


def table(*rows):
    """Scores of films: (source, label, score_covid), each of a patient of its own, the other scores 0.1."""
    films = pd.DataFrame(rows, columns=["source", "label", "score_covid"])
    films["path"] = films["group"] = [f"p{i}" for i in range(len(films))]
    return films.assign(score_normal=0.1, score_pneumonia=0.1)


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """A hundred bootstrap samples instead of a thousand: what they say is tested, not how narrowly."""
    monkeypatch.setattr(intervals, "DRAWS", 100)


# Intervals over patients.


def test_films_of_one_patient_do_not_narrow_an_interval():
    hits, who = np.array([1, 0, 1, 1, 0, 1], bool), np.array(list("abcdef"), dtype=object)
    once, ten = intervals.share(hits, who), intervals.share(np.repeat(hits, 10), np.repeat(who, 10))
    apart = intervals.share(np.repeat(hits, 10), np.arange(60))
    assert {**ten, "n": 6} == once
    assert once["value"] == pytest.approx(4 / 6)
    assert apart["high"] - apart["low"] < 0.5 * (once["high"] - once["low"])


def test_a_share_of_all_has_the_exact_interval_of_its_patients():
    figure = intervals.share(np.ones(10, bool), np.array(list("aabbccddee"), dtype=object))
    assert figure["low"] == intervals.proportion(np.ones(5, bool))["low"]  # five patients, not ten films
    assert (figure["value"], figure["high"], figure["n"]) == (1.0, 1.0, 10)
    assert intervals.share(np.array([], bool), np.array([])) is None


def test_samples_that_cannot_say_are_left_out():
    figure = intervals.interval(lambda weight: weight[0] if weight[0] else np.nan, np.arange(4))
    assert figure["low"] == 1.0
    assert intervals.interval(lambda weight: np.nan, np.arange(4)) is None


def test_a_gap_is_paired():
    rng = np.random.default_rng(0)
    positive, one = np.arange(200) % 2 == 0, rng.random(200)
    better = one + 0.5 * positive
    assert intervals.gap(positive, one, one, np.arange(200)) == {"value": 0.0, "low": 0.0, "high": 0.0}
    figure = intervals.gap(positive, better, one, np.arange(200))
    assert figure["value"] == pytest.approx(
        intervals.auc_statistic(positive, better)(np.ones(200)) - intervals.auc_statistic(positive, one)(np.ones(200))
    )
    assert 0 < figure["low"] < figure["value"] < figure["high"]


def test_average_precision_is_the_one_scikit_learn_gives_ties_and_weights_included():
    rng = np.random.default_rng(1)
    positive, scores, weight = rng.random(200) < 0.3, rng.integers(0, 20, 200) / 20, rng.integers(0, 4, 200)
    for one in (np.ones(200, int), weight):
        expected = sk.average_precision_score(positive, scores, sample_weight=one)
        assert figures.average_precision(positive, scores)(one) == pytest.approx(expected)
    assert np.isnan(figures.average_precision(np.zeros(200, bool), scores)(weight))


# Sources.


def test_within_a_source_means_against_films_of_that_source():
    """Pooled, the sources help: 'b' holds no COVID-19 and low scores. Within 'a' the order is wrong."""
    films = table(
        ("a", "covid", 0.7), ("a", "covid", 0.8), ("a", "normal", 0.9), ("b", "normal", 0.1), ("b", "pneumonia", 0.2)
    )
    found = sources.measure(films, LABELS, {"covid": 0.5, "pneumonia": 0.5})
    assert found["sources"]["a"]["auc"]["value"] == 0.0
    assert found["all"]["auc"]["value"] == pytest.approx(4 / 6)
    assert found["sources"]["b"]["auc"] is None
    assert found["across"] == {"a": {"a": found["across"]["a"]["a"], "b": found["across"]["a"]["b"]}}
    assert [found["across"]["a"][other]["value"] for other in "ab"] == [0.0, 1.0]
    assert found["sources"]["b"]["specificity"]["value"] == 1.0
    assert found["confusion"]["a"]["normal"] == {decision.COVID: 1, decision.PNEUMONIA: 0, decision.NORMAL: 0}
    assert set(found["curves"]) == {"all sources", "a"}


def test_the_mean_over_left_out_sources_asks_each_what_it_can_answer():
    films = table(
        *[("a", "covid", 0.9), ("a", "normal", 0.1)] * 4,
        *[("b", "covid", 0.4), ("b", "normal", 0.6)] * 4,
        *[("c", "pneumonia", 0.7), ("c", "normal", 0.2)] * 4,
    )
    films["score_pneumonia"] = 0.5  # no order at all within 'c'
    found = leave_one_source_out.measure(films, 0.5)
    assert [found["sources"][name]["auc"]["value"] for name in "abc"] == [1.0, 0.0, 0.5]
    assert [found["sources"][name]["asked"] for name in "abc"] == ["covid", "covid", "pneumonia"]
    assert found["sources"]["c"]["specificity"]["value"] == 0.5
    assert found["macro"]["value"] == pytest.approx(0.5)
    assert found["macro_covid"]["value"] == pytest.approx(0.5)
    no_pneumonia = leave_one_source_out.measure(films.drop(columns="score_pneumonia"), 0.5)
    assert no_pneumonia["sources"]["c"]["auc"] is None
    assert no_pneumonia["macro"] == no_pneumonia["macro_covid"]


# Controls.


def test_parts_are_what_they_are_called():
    film = np.random.default_rng(0).integers(1, 256, (2, 50, 50)).astype(np.uint8)
    lungs = np.zeros_like(film)
    lungs[0, 10:30, 15:35] = 255
    inside = lungs > 0
    assert np.array_equal(ablations.lungs_only(film, lungs), film * inside)
    assert np.array_equal(ablations.without_lungs(film, lungs), film * ~inside)
    assert np.array_equal(ablations.without_box(film, lungs), film * ~inside)
    border = ablations.border_only(film)
    assert np.array_equal(border[:, :6], film[:, :6])  # 12 % of 50
    assert not border[:, 6:-6, 6:-6].any()
    blurred = ablations.blurred_lungs(film, lungs)
    assert np.array_equal(blurred[~inside], film[~inside])
    assert blurred[inside].std() < 0.3 * film[inside].std()
    assert all(
        np.shares_memory(film, change(film, lungs)) is (name == "whole film")
        for name, (change, _) in ablations.ALL.items()
    )


def test_histogram_and_thumbnail():
    film = np.zeros((1, 32, 32), np.uint8)
    film[0, :16] = 255
    shares = controls.histogram(film)
    assert shares.shape == (1, 64)
    assert (shares[0, 0], shares[0, -1], shares.sum()) == (0.5, 0.5, 1.0)
    assert controls.thumbnail(film).reshape(16, 16)[[0, -1], 0].tolist() == [1.0, 0.0]


def _films(n):
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(n)],
            "source": np.where(np.arange(n) % 4 < 2, "a", "b"),
            "label": np.where(np.arange(n) % 2, "covid", "normal"),
            "group": [f"g{i}" for i in range(n)],
            "split": np.resize(["train"] * 4 + ["val"] * 4 + ["test"] * 4, n),
        }
    )


def test_controls_learn_on_training_films_only(tmp_path):
    """Features that tell the label give 1, noise gives half, and turned test labels turn the test figure."""
    films, rng = _films(240), np.random.default_rng(0)
    covid = (films["label"] == "covid").to_numpy()
    telling = (covid[:, None] + rng.normal(0, 0.1, (240, 5))).astype(np.float32)
    kinds = {"telling": telling, "noise": rng.normal(size=(240, 5)).astype(np.float32)}
    found = controls.measure(kinds, films, "a", ArrayCache(tmp_path))
    assert found["telling"]["test"]["value"] == found["telling"]["within"]["value"] == 1.0
    assert found["noise"]["test"]["low"] < 0.5 < found["noise"]["test"]["high"]
    test = films["split"] == "test"
    turned = films.assign(label=films["label"].where(~test, np.where(covid, "normal", "covid")))
    assert controls.measure(kinds, turned, "a", ArrayCache(tmp_path))["telling"]["test"]["value"] == 0.0


def test_balanced_accuracy_counts_classes_alike():
    truth, guesses = np.array(list("aaab"), dtype=object), np.array(list("aaaa"), dtype=object)
    statistic = source_probe.balanced_accuracy(truth, guesses)
    assert statistic(np.ones(4)) == 0.5
    assert np.isnan(statistic(np.array([1, 1, 1, 0])))


def test_the_source_is_told_from_an_embedding_that_holds_it(tmp_path):
    films, rng = _films(240), np.random.default_rng(0)
    noise = rng.normal(size=(240, 6)).astype(np.float32)
    holds = noise + 5 * (films["source"] == "a").to_numpy()[:, None]
    found = source_probe.measure({"holds": holds, "noise": noise}, films, ArrayCache(tmp_path))
    assert set(found["holds"]) == {"all", "covid", "normal"}
    assert found["holds"]["normal"]["value"] == 1.0
    assert found["holds"]["all"]["chance"] == 0.5
    assert found["noise"]["all"]["low"] < 0.5 < found["noise"]["all"]["high"]


# Subgroups.


def test_subgroups_are_those_the_index_knows():
    films = pd.DataFrame(
        {
            "source": ["chest_xray", "nih", "nih", "nih"],
            "view": ["", "PA", "AP Supine", ""],
            "sex": ["", "F", "M", ""],
            "age": [np.nan, 17.0, 18.0, 80.0],
            "width": [100, 640, 320, 460],
            "height": [90, 512, 320, 600],
        }
    )
    found = groups.columns(films, np.array(["", "yes", "no", "no"], dtype=object))
    assert found["child or adult"].tolist() == ["child", "child", "adult", "adult"]
    assert found["age of adults"].tolist() == ["", "", "18 to 39", "80 and more"]
    assert found["sex"].tolist() == ["", "female", "male", ""]
    assert found["longest side"].tolist() == ["up to 250", "621 and more", "251 to 450", "451 to 620"]
    scores = table(("nih", "covid", 0.9), ("nih", "normal", 0.2), ("nih", "normal", 0.8), ("nih", "covid", 0.1))
    measured = groups.measure(scores, found, 0.5)
    assert measured["view"]["PA"]["n"] == 1
    assert measured["view"]["PA"]["specificity"]["value"] == 1.0
    assert set(measured["sex"]) == {"female", "male"}


@pytest.mark.parametrize(("word", "expected"), [("PORTABLE", True), ("SUPINE AP", True), ("R", False), ("", False)])
def test_words_burnt_into_a_film_are_seen_and_a_letter_is_no_word(word, expected):
    film = draw_film(3, 600, 520)
    cv2.putText(film, word, (30, 50), cv2.FONT_HERSHEY_SIMPLEX, 0.7, 255, 2)
    assert burnt_in.has_words(film) is expected


# Calibration.


def test_calibration_errors_worked_by_hand():
    scores, positive = np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, True, True, True])
    found = calibration.figures(scores, positive, np.arange(4))
    assert found["ece"]["value"] == pytest.approx(0.5 * 0.4 + 0.5 * 0.1)
    assert found["brier"]["value"] == pytest.approx((0.01 + 0.81 + 0.01 + 0.01) / 4)
    assert [(one["low"], one["covid"]["value"], one["covid"]["n"]) for one in found["bins"]] == [
        (1 / 15, 0.5, 2),
        (13 / 15, 1.0, 2),
    ]
    assert found["ece"]["low"] <= found["ece"]["value"] <= found["ece"]["high"]


def test_bins_of_equal_mass_hold_equally_many():
    counts = np.bincount(calibration.equal_mass(np.random.default_rng(0).random(150) ** 4))
    assert counts.tolist() == [10] * 15
    assert calibration.equal_width(np.array([0.0, 0.999, 1.0])).tolist() == [0, 14, 14]


def test_scores_before_scaling_are_those_of_the_larger_logit():
    logit = np.array([-3.0, 0.0, 1.0])
    after = 1 / (1 + np.exp(-logit / 2))
    assert np.allclose(calibration.before_scaling(after, 2.0), 1 / (1 + np.exp(-logit)))
    assert np.isfinite(calibration.before_scaling(np.array([0.0, 1.0]), 3.0)).all()


# Stability, mistakes, cache.


def test_changes_keep_a_film_a_film():
    film = draw_film(1, 64, 64)
    for name, change in stability.CHANGES.items():
        changed = change(film)
        assert changed.shape == film.shape and changed.dtype == np.uint8, name
        assert 0 < np.abs(changed.astype(int) - film).mean() < 40, name
    square = np.zeros((100, 100), np.uint8)
    square[40:60, 40:60] = 255
    assert np.array_equal(stability.CHANGES["shifted right by 4 %"](square), np.roll(square, 4, axis=1))
    assert np.array_equal(stability.CHANGES["shifted down by 4 %"](square), np.roll(square, 4, axis=0))


def test_films_of_one_patient_are_paired_within_source_and_label():
    films = table(
        ("a", "covid", 0.9), ("a", "covid", 0.8), ("a", "covid", 0.2), ("a", "normal", 0.1), ("b", "covid", 0.5)
    ).assign(patient=["x", "x", "y", "x", "z"], group=["x", "x", "y", "x", "z"])
    found = stability.between_films(films, 0.5)
    assert set(found) == {"a"}
    assert (found["a"]["patients"], found["a"]["pairs"]) == (1, 1)
    assert found["a"]["same"]["difference"]["value"] == pytest.approx(0.1)
    assert found["a"]["same"]["turned"]["value"] == 0.0
    assert found["a"]["different"]["difference"]["value"] == pytest.approx((0.7 + 0.6) / 2)
    assert found["a"]["different"]["turned"]["value"] == 1.0


def test_only_wrong_verdicts_are_mistakes():
    films = table(("a", "covid", 0.9), ("a", "covid", 0.2), ("a", "normal", 0.7), ("a", "pneumonia", 0.1))
    found = mistakes.measure(films, 0.5)
    assert [film["path"] for film in found["missed"]] == ["p1"]
    assert [film["path"] for film in found["false alarms"]] == ["p2"]


def test_an_array_is_made_once_and_anew_of_other_things(tmp_path):
    cache, made = ArrayCache(tmp_path), []

    def make():
        made.append(1)
        return np.arange(3)

    for made_of in (key("a"), key("a"), key("b")):
        assert cache.get("Some thing, 12 %", made_of, make).tolist() == [0, 1, 2]
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == [f"some-thing-12-{key('b')[:12]}.npy"]


# The whole report.


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
    settings = config.preset("tiny", size=32, epochs=1, batch=12, crop="none", settle=0)
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
    settings = config.preset("tiny", size=32, crop="lungs", outside="black")
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
