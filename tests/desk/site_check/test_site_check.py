"""A clinic's own films through the real command, and every figure of its report worked out again from its rows."""

import contextlib
import csv
import functools
import itertools
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from scipy import special, stats
from sklearn import metrics as sk

from edge_app.commands import cli
from edge_app.errors import NoLungField, WrongUsage
from edge_app.model import classifier, model_file
from edge_app.screening import screening
from tests.support.films import draw_film
from tests.support.html_tags import Tags
from train.evaluation import intervals
from train.site_check import few_patients, labels, local

ROOT = Path(__file__).parents[3]
MODEL = ROOT / "tests" / "golden" / "tiny-int8.tflite"
SCORES = ["score_normal", "score_covid", "score_pneumonia"]
DIGITAL_XRAY = "1.2.840.10008.5.1.4.1.1.1.1"  # PS3.4 B.5


def _start(*words, **options):
    """Start the command in its own process."""
    line = [str(word) for word in (sys.executable, "-m", "train", "site-check", *words)]
    environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(line, cwd=ROOT, env=environment, **pipes | options)


def _check(*words, code=0):
    """Run the command in its own process; return (stdout, the sentences on stderr). A traceback is never an answer."""
    process = _start(*words)
    out, complaints = process.communicate(timeout=600)
    assert "Traceback" not in complaints, complaints
    assert process.returncode == code, complaints
    return out, [line for line in complaints.splitlines() if line]


@pytest.fixture
def check(capsys):
    """Return what does as `_check` in this process, which has TensorFlow in it only once."""
    from train.__main__ import main

    def run(*words, code=0):
        capsys.readouterr()
        try:
            found = main(["site-check", *map(str, words)])
        except SystemExit as stop:  # argparse's
            found = stop.code
        out, complaints = capsys.readouterr()
        assert found == code, complaints
        return out, [line for line in complaints.splitlines() if line]

    return run


def _films(opacity: float):
    """Yield drawn films, uint8 (220, 190), on which the model finds lungs, each another patient's."""
    classifier = _classifier()
    for seed in itertools.count(40_000):
        film = draw_film(seed, 220, 190, opacity=opacity)
        with contextlib.suppress(NoLungField):
            screening.infer(film, classifier)
            yield film


@functools.cache
def _classifier():
    return classifier.Classifier(model_file.read(MODEL), 1)


def _draw(folder: Path, rows, header=("path", "label", "patient")) -> Path:
    """Draw films of (name, label, opacity, patient), with a table of labels; return the folder."""
    folder.mkdir(exist_ok=True)
    drawn = {opacity: _films(opacity) for _, _, opacity, _ in rows}
    for name, _, opacity, _ in rows:
        path, film = folder / name, next(drawn[opacity])
        path.parent.mkdir(exist_ok=True)
        if path.suffix == ".dcm":
            _write_dicom(path, film)
        else:
            Image.fromarray(film).save(path)
    _write_labels(folder / "labels.csv", [(name, label, patient) for name, label, _, patient in rows], header)
    return folder


def _write_labels(path: Path, rows, header=("path", "label", "patient")) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([header, *(row[: len(header)] for row in rows)])


def _write_dicom(path: Path, film: np.ndarray) -> None:
    data_set = FileDataset(str(path), {}, preamble=bytes(128), file_meta=FileMetaDataset())
    data_set.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data_set.file_meta.MediaStorageSOPClassUID = data_set.SOPClassUID = DIGITAL_XRAY
    data_set.file_meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID = "1.2.3.4"
    data_set.Modality, data_set.ViewPosition, data_set.PatientName = "DX", "PA", "Lindgren^Jane"
    data_set.PhotometricInterpretation, data_set.SamplesPerPixel = "MONOCHROME2", 1
    data_set.Rows, data_set.Columns = film.shape
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 16, 12, 11, 0
    data_set.PixelData = (film.astype(np.uint16) << 4).tobytes()
    data_set["PixelData"].VR = "OW"
    data_set.save_as(path)


def _report(out: Path) -> tuple[dict, pd.DataFrame, str]:
    """Return the numbers, the rows and the page of a finished check."""
    numbers = json.loads((out / "report.json").read_text())
    rows = pd.read_csv(out / "results.csv", keep_default_na=False, na_values={name: [""] for name in SCORES})
    return numbers, rows, (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Return (folder, out) of a checked site whose films are as the model expects; patients have several films."""
    rows = [(f"covid/{i}.png", "COVID-19", 1.0, f"Garcia-{i // 2}") for i in range(20)]
    rows += [(f"{i}.jpg", "normal", 0.0, f"Nguyen-{i // 3}") for i in range(20)]
    rows += [
        ("x.dcm", "No finding", 0.0, "Okafor"),
        *((f"p{i}.png", "pneumonia", 0.5, f"Itoyama-{i}") for i in range(8)),
    ]
    rows += [(f"o{i}.png", "negative", 0.2, "") for i in range(3)]
    base = tmp_path_factory.mktemp("good")
    folder = _draw(base / "films", rows)
    out, complaints = _check(
        MODEL, folder, "--out", base / "out", "--prevalence", "0.1", "--operating-point", "balanced"
    )
    assert not complaints
    assert out.splitlines()[0] == "model drawn-int8, operating point 'balanced', 52 films judged"
    return folder, base / "out"


@pytest.fixture(scope="module")
def shifted(tmp_path_factory):
    """Return (folder, out) of a checked site whose patients are half as ill, with two films that cannot be judged."""
    rows = [(f"c{i}.png", "covid", 0.55 + i % 5 / 20, f"Garcia-{i}") for i in range(30)]
    rows += [(f"n{i}.png", "normal", 0.0, f"Nguyen-{i}") for i in range(25)]
    rows += [(f"p{i}.png", "pneumonia", 0.6, f"Itoyama-{i}") for i in range(15)]
    base = tmp_path_factory.mktemp("shifted")
    folder = _draw(base / "films", rows)
    noise = np.random.default_rng(0).integers(0, 256, (220, 190), np.uint8)
    Image.fromarray(noise).save(folder / "noise.png")
    (folder / "cut.png").write_bytes((folder / "c0.png").read_bytes()[:900])
    with (folder / "labels.csv").open("a") as file:
        file.write("noise.png,normal,Nguyen-98\ncut.png,covid,Garcia-99\n")
    _, complaints = _check(MODEL, folder, "--out", base / "out", "--pictures", code=1)
    assert len(complaints) == 2
    return folder, base / "out"


# --- what a clinic gets ---------------------------------------------------------------------------


def test_films_are_judged_as_the_edge_judges_them(good, tmp_path, capsys):
    folder, out = good
    words = ["--model", MODEL, "--operating-point", "balanced", "--csv", tmp_path / "edge.csv"]
    assert cli.main(["classify", str(folder), *map(str, words)]) == 0
    capsys.readouterr()
    with (tmp_path / "edge.csv").open() as file:
        edge = {str(Path(row["path"]).relative_to(folder)): row for row in csv.DictReader(file)}
    _, rows, _ = _report(out)
    assert sorted(rows["path"]) == sorted(edge)
    for row in rows.itertuples():
        assert row.verdict == edge[row.path]["verdict"]
        for name in SCORES:
            assert getattr(row, name) == pytest.approx(float(edge[row.path][name]), abs=1e-6)


def test_rows_hold_what_the_table_said_and_what_the_model_says(good):
    _, out = good
    _, rows, _ = _report(out)
    assert list(rows.columns) == ["path", "patient", "label", *SCORES, "verdict", "error"]
    assert list(rows["path"][:2]) == ["covid/0.png", "covid/1.png"]
    assert list(rows["patient"][:3]) == ["Garcia-0", "Garcia-0", "Garcia-1"]
    assert dict(rows["label"].value_counts()) == {"normal": 21, "covid": 20, "pneumonia": 8, "other": 3}
    assert not rows["error"].any()


def _exact(hits) -> dict:
    """Return a share with its Clopper-Pearson interval by scipy's own hand."""
    found = stats.binomtest(int(np.sum(hits)), len(hits)).proportion_ci(0.95, "exact")
    return {"value": np.mean(hits), "low": found.low, "high": found.high, "n": len(hits)}


def test_numbers_are_those_of_the_rows(shifted):
    _, out = shifted
    numbers, rows, _ = _report(out)
    seen = rows[rows["verdict"] != ""]
    scores, ill = seen["score_covid"].to_numpy(), (seen["label"] == "covid").to_numpy()
    assert numbers["films"]["judged"] == 70
    assert numbers["films"]["covid"] == numbers["films"]["covid_patients"] == 30
    for rule, low, high in (("refer", 0.2, 0.8), ("sensitive", 0.3, 0.3), ("balanced", 0.5, 0.5)):
        point = numbers["points"][rule]
        assert point["limits"] == [low, high]
        assert point["local"]["sensitivity"] == pytest.approx(_exact(scores[ill] >= low))
        assert point["local"]["specificity"] == pytest.approx(_exact(scores[~ill] < low))
        assert ("referred" in point["local"]) == (rule == "refer")
    refer = numbers["points"]["refer"]["local"]
    assert refer["suspected_sensitivity"] == pytest.approx(_exact(scores[ill] >= 0.8))
    assert refer["suspected_specificity"] == pytest.approx(_exact(scores[~ill] < 0.8))
    assert refer["referred"] == pytest.approx(_exact((scores >= 0.2) & (scores < 0.8)))
    assert numbers["auc"]["local"]["value"] == pytest.approx(sk.roc_auc_score(ill, scores))
    assert numbers["auc"]["local"]["low"] < numbers["auc"]["local"]["value"] < numbers["auc"]["local"]["high"]
    assert numbers["calibration"]["brier"]["value"] == pytest.approx(np.mean((scores - ill) ** 2))
    bins = np.minimum((scores * 15).astype(int), 14)
    ece = sum(abs((scores - ill)[bins == one].sum()) for one in set(bins)) / len(scores)
    assert numbers["calibration"]["ece"]["value"] == pytest.approx(ece)
    worth = numbers["predictive"]["local"]
    assert worth["prevalence"] == pytest.approx(30 / 70)
    assert worth["ppv"] == pytest.approx(_exact(ill[scores >= 0.8]))
    assert worth["npv"] == pytest.approx(_exact(~ill[scores < 0.2]))
    assert numbers["refused"] == {
        "covid": 1,
        "others": 1,
        "sensitivity_if_missed": pytest.approx((scores[ill] >= 0.2).sum() / 31),
    }
    missed = seen[ill & (scores < 0.2)].sort_values("score_covid", kind="stable")
    assert [film["path"] for film in numbers["mistakes"]["missed"]] == list(missed["path"])
    assert numbers["mistakes"]["patients_missed_on_all_films"] == len(missed)
    assert sorted(film["path"] for film in numbers["mistakes"]["false_alarms"]) == sorted(
        seen.loc[~ill & (scores >= 0.8), "path"]
    )
    verdicts = seen[seen["label"] == "pneumonia"]["verdict"].value_counts()
    assert {word: count for word, count in numbers["verdicts"]["pneumonia"].items() if count} == dict(verdicts)


def test_intervals_are_over_patients_where_patients_repeat(good):
    _, out = good
    numbers, rows, _ = _report(out)
    others = rows[rows["label"] != "covid"]
    cleared = (others["score_covid"] < 0.5).to_numpy()
    found = numbers["points"]["balanced"]["local"]["specificity"]
    assert found["value"] == pytest.approx(cleared.mean())
    if cleared.all():  # every sample says the same: exact, for as many trials as patients (7 + 1 + 8 + 3)
        assert found["low"] == pytest.approx(0.025 ** (1 / 19))
    # Predictive values at the stated share come from sensitivity and specificity.
    here, stated = numbers["points"]["balanced"]["local"], numbers["predictive"]["stated"]
    found, alarmed = here["sensitivity"]["value"] * 0.1, (1 - here["specificity"]["value"]) * 0.9
    assert stated["prevalence"] == 0.1
    assert stated["ppv"]["value"] == pytest.approx(found / (found + alarmed))


def test_a_good_site_is_told_so_and_no_more(good):
    _, out = good
    numbers, _, html = _report(out)
    assert numbers["points"]["balanced"]["compared"]["sensitivity"] != "lower"
    assert "misses more patients than its card says.</strong>" not in html
    assert "Do not rely on it" not in html
    assert numbers["model"]["sha256"] in html
    assert numbers["model"]["contract"] == model_file.read(MODEL).card.contract
    assert "None: every film of the folder is in the table of labels and was judged." in html
    assert "Too few" not in html  # 10 patients with COVID-19


def test_a_shifted_site_is_warned(shifted):
    _, out = shifted
    numbers, _, html = _report(out)
    compared = numbers["points"]["refer"]["compared"]
    assert compared["sensitivity"] == "lower"
    assert "<strong>here it misses more patients than its card says.</strong> Do not rely on it" in html
    assert "lower than on the card" in html
    assert "not met" in html
    assert "1 could not be read, 1 refused by the gate" in html
    assert "no lung field is to be seen" in html


def test_the_page_needs_nothing_outside_it_and_names_no_patient(good, shifted):
    for _, out in (good, shifted):
        numbers, _, html = _report(out)
        tags = Tags(html)
        assert all(image["src"].startswith("data:image/") and image["alt"] for image in tags.all("img"))
        assert not tags.all("script") and not tags.all("link")
        for name in ("Garcia", "Nguyen", "Itoyama", "Okafor", "Lindgren"):
            assert name not in html
            assert name not in json.dumps(numbers)


def test_pictures_only_where_they_are_asked_for(good, shifted):
    (_, without), (_, with_pictures) = good, shifted
    _, _, html = _report(without)
    assert not [image for image in Tags(html).all("img") if image["src"].startswith("data:image/png")]
    assert "There are no pictures of films in it" in html
    numbers, _, html = _report(with_pictures)
    pictures = [image for image in Tags(html).all("img") if image["src"].startswith("data:image/png")]
    mistakes = numbers["mistakes"]
    assert len(pictures) == min(8, len(mistakes["missed"])) + min(8, len(mistakes["false_alarms"])) > 0
    assert f"Lungs and heat map of {mistakes['missed'][0]['path']}: covid" in pictures[0]["alt"]
    assert "It shows pictures of patients" in html


def test_a_tiny_site_gets_wide_intervals_and_is_told_that_they_decide_nothing(check, tmp_path):
    rows = [("a.png", "covid", 1.0, ""), ("b.png", "covid", 1.0, ""), ("c.png", "normal", 0.0, "")]
    folder = _draw(tmp_path / "films", rows, ("path", "label"))
    out, _ = check(MODEL, folder, "--out", tmp_path / "out")
    assert "Too few to decide anything: 2 COVID-19 patients, where figures of fewer than 10 may look" in out
    numbers, _, html = _report(tmp_path / "out")
    point = numbers["points"]["refer"]["local"]
    assert point["sensitivity"] == pytest.approx({"value": 1, "low": 0.025 ** (1 / 2), "high": 1, "n": 2})
    assert point["specificity"] == pytest.approx({"value": 1, "low": 0.025, "high": 1, "n": 1})
    assert numbers["auc"]["local"] == pytest.approx({"value": 1, "low": 0.025, "high": 1})
    assert set(numbers["points"]["refer"]["compared"].values()) == {"overlap"}
    # 0.98 of n films: the first n from which the exact interval is at most 10 points wide; by hand for 0.5.
    assert numbers["few"]["covid"]["needed_at_most"] == 402
    assert html.count("Too few to decide anything") == 2
    assert "has no column <code>patient</code>" in html


def test_few_patients_suggest_and_do_not_decide(check, tmp_path):
    rows = [(f"{i}.png", "covid", 0.0, f"{i}") for i in range(4)] + [("n.png", "normal", 0.0, "n")]
    folder = _draw(tmp_path / "films", rows)
    check(MODEL, folder, "--out", tmp_path / "out")
    numbers, _, html = _report(tmp_path / "out")
    assert numbers["points"]["refer"]["compared"]["sensitivity"] == "lower"
    assert "few as these patients are: check more films before anyone relies on it here." in html
    assert "misses more patients than its card says.</strong>" not in html
    assert "Too few to decide anything: 4 COVID-19 patients" in html
    assert "With fewer than 72 COVID-19 patients the threshold may have to be lower" in html
    assert "It is of no use, for it clears nobody" in html


@pytest.mark.parametrize(
    ("label", "opacity", "known", "unknown"),
    [("covid", 1.0, "sensitivity", "specificity"), ("normal", 0.0, "specificity", "sensitivity")],
)
def test_films_of_one_class_give_what_they_can(check, tmp_path, label, opacity, known, unknown):
    folder = _draw(tmp_path / "films", [(f"{i}.png", label, opacity, f"{i}") for i in range(3)])
    check(MODEL, folder, "--out", tmp_path / "out", "--prevalence", "0.2")
    numbers, _, html = _report(tmp_path / "out")
    assert numbers["points"]["refer"]["local"][known]["value"] == 1
    assert numbers["points"]["refer"]["local"][unknown] is None
    assert numbers["auc"]["local"] is numbers["roc"] is numbers["recalibration"] is None
    assert (numbers["threshold"] is None) == (label == "normal")
    assert "is not known: there is none here" in html


def test_a_folder_of_which_nothing_can_be_judged_still_gets_its_report(check, tmp_path):
    folder = tmp_path / "films"
    folder.mkdir()
    (folder / "a.png").write_text("no picture")
    _write_labels(folder / "labels.csv", [("a.png", "covid", "")])
    out, complaints = check(MODEL, folder, "--out", tmp_path / "out", code=1)
    assert len(complaints) == 1
    assert "0 films judged" in out
    numbers, rows, html = _report(tmp_path / "out")
    assert numbers["films"]["judged"] == 0
    assert list(rows["error"]) == complaints
    assert "is text that begins" in html


# --- what is wrong with the table -----------------------------------------------------------------


def test_each_bad_row_gets_its_sentence_and_nothing_is_lost(tmp_path):
    folder = _draw(
        tmp_path / "films",
        [(f"{name}.png", "normal", 0.0, "") for name in ("good", "comma, here", "typo", "twice", "whose", "same")]
        + [("covid.png", "covid", 1.0, "")],
    )
    (folder / "not-listed.png").write_bytes((folder / "good.png").read_bytes())
    table = folder / "labels.csv"
    table.write_text(
        "label,path,patient,age\n"
        "normal,good.png,1,40\n"
        "covd,typo.png,1,40\n"
        "covid,gone.png,2,40\n"
        "covid,/etc/hosts,2,40\n"
        "covid,../films/good.png,2,40\n"
        "normal,comma, here.png,3,40\n"
        "normal,twice.png,3,40\n"
        "covid,./twice.png,3,40\n"
        "normal,whose.png,Miller,40\n"
        "normal,whose.png,Jones,40\n"
        "normal,same.png,5,40\n"
        ",,,\n"
        "\n"
        "Normal,same.png,5,41\n"
        "covid,,5,41\n"
        ",covid.png,6,41\n"
    )
    _, complaints = _check(MODEL, folder, "--out", tmp_path / "out", code=1)
    paths = "write paths relative to that folder, such as 'ward/film.png'."
    allowed = "covid, covid-19, covid19, positive, pneumonia, normal, no finding, other, not covid, negative"
    one = "a film has one label and one patient; correct one of the two lines."
    assert complaints == [
        f"{table}, line 3: label 'covd' of 'typo.png' is not known; allowed are {allowed}; correct it.",
        f"{table}, line 4: there is no 'gone.png' in {folder}; {paths}",
        f"{table}, line 5: '/etc/hosts' does not lie in {folder}; {paths}",
        f"{table}, line 6: '../films/good.png' does not lie in {folder}; {paths}",
        f"{table}, line 7: has 5 cells, the first line has 4; put a cell that holds a comma in quotes.",
        f"{table}, line 9: './twice.png' has label 'covid' here and 'normal' in line 8; {one}",
        f"{table}, line 11: 'whose.png' has another patient here than in line 10; {one}",
        f"{table}, line 16: names no film; write its path, relative to the folder, or remove the line.",
        f"{table}, line 17: label '' of 'covid.png' is not known; allowed are {allowed}; correct it.",
        f"{folder}/comma, here.png: is in the folder and not in the table of labels, so it was not checked; "
        "add a row for it.",
        f"{folder}/not-listed.png: is in the folder and not in the table of labels, so it was not checked; "
        "add a row for it.",
    ]
    numbers, rows, html = _report(tmp_path / "out")
    assert list(rows.loc[rows["verdict"] != "", "path"]) == ["good.png", "same.png"]
    assert [sentence for sentence in rows["error"] if sentence] == complaints
    assert [problem["error"] for problem in numbers["problems"]] == complaints
    assert numbers["made"]["repeated"] == 1
    assert html.count("row of the table at fault</td>") == 9
    assert "not-listed.png" in html
    assert "Miller" not in html + json.dumps(numbers)


def test_many_films_that_are_not_in_the_table_share_one_sentence(check, tmp_path):
    folder = _draw(tmp_path / "films", [(f"{i}.png", "normal", 0.0, "") for i in range(6)])
    _write_labels(folder / "labels.csv", [("0.png", "normal", "")])
    _, complaints = check(MODEL, folder, "--out", tmp_path / "out", code=1)
    assert complaints == [
        f"{folder}: 5 films are not in the table of labels, such as '1.png', '2.png', '3.png', so they were not "
        "checked; add a row for each."
    ]
    numbers, rows, _ = _report(tmp_path / "out")
    assert len(rows) == 6
    assert numbers["films"]["without_verdict"]["not listed"] == 5


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no such table of labels; write one with the columns path and label, and name it with"),
        (b"", "is empty; write the columns path and label into its first line"),
        (b"path,label\n", "lists no film; write one line a film below the first."),
        (
            b"file,label\na.png,covid\n",
            "its first line has the columns 'file', 'label' and lacks 'path'; 'path' and 'label' are needed",
        ),
        ("path,label\na.png,covid\nfrüh.png,covid\n".encode("cp1252"), "line 3: byte fc is not UTF-8 text; save it as"),
        ("path,label\na.png,covid\n".encode("utf-16-le"), "holds zero bytes: it is a spreadsheet or UTF-16 text"),
        (b"PK\x03\x04\x00\x00path,label", "holds zero bytes: it is a spreadsheet or UTF-16 text, not CSV; save it as"),
    ],
)
def test_a_table_that_is_none_is_refused(check, tmp_path, content, sentence):
    table = tmp_path / "labels.csv"
    if content is not None:
        table.write_bytes(content)
    _, complaints = check(MODEL, tmp_path, "--out", tmp_path / "out", code=2)
    assert len(complaints) == 1
    assert complaints[0].startswith((f"{table}: ", f"{table}, line "))
    assert sentence in complaints[0]
    assert not (tmp_path / "out").exists()


def test_wrong_usage(check, tmp_path):
    folder = _draw(tmp_path / "films", [("a.png", "covid", 1.0, "")])
    out = ("--out", tmp_path / "out")
    (tmp_path / "file").write_text("no folder")
    results = tmp_path / "results.csv"
    results.write_bytes((folder / "labels.csv").read_bytes())
    cases = [
        ((tmp_path / "none.tflite", folder, *out), "none.tflite: there is no such model file"),
        ((folder / "a.png", folder, *out), "a.png: begins with b'\\x89PNG"),
        (
            (MODEL, tmp_path / "nowhere", *out),
            "nowhere: there is no such folder; name the folder that holds the films.",
        ),
        ((MODEL, tmp_path / "file", *out), "file: is a file; name the folder that holds the films."),
        (
            (MODEL, folder, *out, "--prevalence", "5"),
            "--prevalence: '5' is not between 0 and 1; write 5 in 100 as 0.05.",
        ),
        ((MODEL, folder, "--out", tmp_path / "file" / "out"), "file/out: cannot be written (Not a directory); name"),
        (
            (MODEL, folder, "--labels", results, "--out", tmp_path),
            "results.csv: would be overwritten and is read; name",
        ),
        ((MODEL, folder, *out, "--operating-point", "strict"), "argument --operating-point: invalid choice: 'strict'"),
    ]
    for words, sentence in cases:
        _, complaints = check(*words, code=2)
        assert sentence in complaints[-1]
    _, complaints = _check(*cases[0][0], code=2)
    assert len(complaints) == 1
    assert cases[0][1] in complaints[0]
    assert results.read_bytes() == (folder / "labels.csv").read_bytes()


@pytest.mark.parametrize(("separator", "words"), [(",", ""), (";", "semicolons"), ("\t", "tabs")])
def test_spreadsheets_separate_columns_in_their_own_way(tmp_path, separator, words):
    (tmp_path / "a, b.png").touch()
    rows = [("Path", " Label ", "patient"), ("a, b.png", "Not  COVID", "7")]
    with (tmp_path / "labels.csv").open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file, delimiter=separator).writerows(rows)
    table = labels.read(tmp_path / "labels.csv", tmp_path)
    assert table.films == [labels.LabelledFilm("a, b.png", "other", "7", line=2)]
    assert table.patients
    assert table.remark == (
        f"{tmp_path}/labels.csv: its columns are separated by {words} and were read so." if words else ""
    )


def test_a_quote_that_never_ends_is_a_sentence(tmp_path):
    (tmp_path / "labels.csv").write_text('path,label\n"a.png,covid\n' + "x,normal\n" * 20_000)
    with pytest.raises(WrongUsage, match=r"labels\.csv, line \d+: is not a table row \(field larger than field limit"):
        labels.read(tmp_path / "labels.csv", tmp_path)


# --- going on -------------------------------------------------------------------------------------


def _remembered(out: Path) -> int:
    return _report(out)[0]["made"]["remembered"]


def test_a_run_that_is_stopped_goes_on(check, tmp_path):
    folder, out = tmp_path / "films", tmp_path / "out"
    folder.mkdir()
    Image.fromarray(draw_film(1, 1800, 1500)).save(folder / "0.png")
    for i in range(1, 60):
        os.link(folder / "0.png", folder / f"{i}.png")
    _write_labels(folder / "labels.csv", [(f"{i}.png", "normal", "") for i in range(60)])
    # A background job, as a test run may be one, is started with SIGINT ignored and hands that on; a terminal does not.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = _start(MODEL, folder, "--out", out, preexec_fn=heed)
    kept = out / "scores.jsonl"
    until = time.monotonic() + 120
    while not kept.exists() or kept.read_text().count("\n") < 3:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert complaints.splitlines()[-1] == "stopped; the same command goes on from here."
    assert not (out / "report.html").exists()
    lines = kept.read_text().splitlines()
    assert 3 <= len(lines) < 60
    kept.write_text(kept.read_text() + lines[0][:40])  # as a power cut leaves it
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == len(lines)
    assert len(_report(out)[1]) == 60
    whole = (out / "results.csv").read_bytes()
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == 60
    assert (out / "results.csv").read_bytes() == whole


def test_only_the_same_film_and_the_same_model_are_remembered(check, tmp_path):
    folder, out = _draw(tmp_path / "films", [(f"{i}.png", "normal", 0.0, "") for i in range(4)]), tmp_path / "out"
    check(MODEL, folder, "--out", out)
    check(MODEL, folder, "--out", out, "--operating-point", "balanced")
    assert _remembered(out) == 4
    Image.fromarray(draw_film(7, 220, 190, opacity=1.0)).save(folder / "2.png")
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == 3
    assert _report(out)[1].set_index("path").at["2.png", "verdict"] == "covid suspected"
    model = model_file.read(MODEL)
    other = tmp_path / "other.tflite"
    other.write_bytes(model_file.pack(model.scores, model.lungs, {**model.card.raw, "name": "another"}))
    check(other, folder, "--out", out)
    assert _remembered(out) == 0


# --- the figures, by hand -------------------------------------------------------------------------


def test_exact_intervals():
    for hits, n in ((0, 5), (5, 5), (3, 10)):
        figure = intervals.proportion(np.arange(n) < hits)
        expected = {name: figure[name] for name in ("value", "low", "high")}
        assert few_patients.exact(hits / n, n) == pytest.approx(expected)
    # Nine patients with two equal films each say no more than nine films.
    twice = few_patients.share(np.repeat(np.arange(9) < 6, 2), np.repeat(np.arange(9), 2))
    once = few_patients.share(np.arange(9) < 6, np.arange(9))
    assert twice == pytest.approx(once | {"n": 18})
    # With many patients the bootstrap over patients is as wide, and wider than of independent films.
    many = few_patients.share(np.repeat(np.arange(40) < 30, 4), np.repeat(np.arange(40), 4))
    alone = few_patients.share(np.repeat(np.arange(40) < 30, 4), np.arange(160))
    assert many["high"] - many["low"] > 1.5 * (alone["high"] - alone["low"])


@pytest.mark.parametrize("value", [0.5, 0.8, 0.98, 1.0])
def test_so_many_films_are_needed(value):
    def half_width(n):
        figure = intervals.proportion(np.arange(n) < round(value * n))
        return (figure["high"] - figure["low"]) / 2

    needed = few_patients.films_needed(value)
    assert half_width(needed - 1) > 0.05
    assert all(half_width(n) <= 0.05 for n in range(needed, needed + 50))


@pytest.mark.parametrize(
    ("low", "high", "word"), [(0.1, 0.4, "lower"), (0.95, 1.0, "higher"), (0.4, 0.5, "overlap"), (0.7, 0.99, "overlap")]
)
def test_intervals_are_compared(low, high, word):
    assert few_patients.compare({"low": low, "high": high}, {"low": 0.5, "high": 0.9}) == word
    assert few_patients.compare(None, {"low": 0.5, "high": 0.9}) == "unknown"


def test_a_threshold_is_measured_on_films_that_did_not_choose_it():
    # Ten patients at 0.09, 0.15, 0.20 ... 0.55: all must be found, and the lowest is missed by what the others choose.
    ill, well = np.array([0.09, *np.arange(3, 12) / 20]), np.full(10, 0.05)
    scores, positive = np.concatenate([ill, well]), np.arange(20) < 10
    found = local.threshold(scores, positive, np.arange(20))
    assert found["value"] == pytest.approx(0.07)
    assert found["apparent"]["sensitivity"]["value"] == found["apparent"]["specificity"]["value"] == 1
    assert found["crossfit"]["sensitivity"]["value"] == 0.9  # by 0.10, halfway from 0.05 to 0.15
    assert found["crossfit"]["specificity"]["value"] == 1
    assert found["low"] <= found["value"] <= found["high"]


def test_folds_part_patients():
    groups = np.repeat(np.arange(30), 3)
    positive = np.repeat(np.arange(30) < 12, 3)
    seen = []
    for fit, kept in local.folds(positive, groups):
        assert not set(groups[fit]) & set(groups[kept])
        seen += list(kept)
    assert sorted(seen) == list(range(90))
    assert list(local.folds(np.array([True, False, False]), np.arange(3))) == []


def test_recalibration_finds_what_was_done_to_the_scores():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, 1200)
    positive = rng.random(1200) < special.expit(logits)
    scores = special.expit((logits - 0.5) * 2)  # undone by temperature 2 and intercept 0.5
    found, fresh = local.recalibration(scores, positive, np.arange(1200))
    assert found["temperature"]["low"] < 2 < found["temperature"]["high"]
    assert found["intercept"]["low"] < 0.5 < found["intercept"]["high"]
    assert np.abs(fresh - special.expit(logits)).mean() < 0.03
    assert np.mean((fresh - positive) ** 2) < np.mean((scores - positive) ** 2)


def test_recalibration_of_scores_that_part_the_classes_ends():
    found, fresh = local.recalibration(np.repeat([0.0, 1.0], 12), np.arange(24) >= 12, np.arange(24))
    assert 0.2 <= found["temperature"]["value"] <= 10
    assert (fresh[:12] < 0.05).all() and (fresh[12:] > 0.95).all()
    assert local.recalibration(np.array([0.1, 0.2]), np.array([True, True]), np.arange(2)) is None
