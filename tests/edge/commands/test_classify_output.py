"""What `classify` prints and writes: the table, JSON lines, CSV, operating points and prevalence."""

import csv
import json
import os
import subprocess

import pytest

from edge_app.model import model_file
from edge_app.screening.phrasing import share
from tests.support.program import MODEL, run


def test_the_table(films):
    done = run(*films)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert lines[0].startswith("model drawn-int8 on ")
    assert lines[0].endswith(", operating point 'refer'")
    assert lines[1] == (
        "covid: unsure from score 0.200, suspected from 0.800; on test films of the hospitals that it was trained on, "
        "0.98 (0.90 to 0.99) of the sick suspected or unsure, 0.70 (0.60 to 0.80) of the others neither, "
        "0.30 (0.20 to 0.40) of all unsure"
    )
    assert lines[2] == (
        "pneumonia: suspected from score 0.500; on test films of the hospitals that it was trained on, "
        "sensitivity 0.90 (0.80 to 0.95), specificity 0.90 (0.80 to 0.95)"
    )
    head = next(line for line in lines if line.startswith("film "))
    assert head.split() == ["film", "verdict", "covid", "pneumonia", "in", "lungs", "ms"]
    clear, opaque = (next(line for line in lines if path.name in line) for path in films)
    place = slice(head.index("in lungs") - 2, head.index("in lungs") + len("in lungs"))
    assert all(
        line[place].strip().endswith("%") and 0 <= int(line[place].strip()[:-1]) <= 100 for line in (clear, opaque)
    )
    for line, verdict, covid in ((clear, "no finding suspected", "cleared"), (opaque, "covid suspected", "suspected")):
        assert line[head.index("verdict") :].startswith(f"{verdict}  ")
        assert line[head.index("covid") :].split()[1] == covid
        assert line[head.index("pneumonia") :].split()[1] == "cleared"
    assert lines[-2] == "covid: 1 suspected, 1 cleared; pneumonia: 2 cleared"
    assert lines[-1].startswith("2 films: 1 covid suspected, 1 no finding suspected.")
    assert "not a diagnosis" in lines[-1]
    assert "\033" not in done.stdout


def test_json_lines(films):
    lines = run("--json", *films).stdout.splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["path"] for row in rows] == [str(path) for path in films]
    assert [row["verdict"] for row in rows] == ["no finding suspected", "covid suspected"]
    assert all(row["error"] is None and row["ms"] > 0 for row in rows)
    assert all(list(row["scores"]) == ["normal", "covid", "pneumonia"] for row in rows)
    assert all(0 <= score <= 1 for row in rows for score in row["scores"].values())
    for row in rows:
        assert list(row["lungs"]) == ["box", "share", "heat_inside", "heat_label", "heat_peak", "heats"]
        of_shown = row["lungs"]["heats"][row["lungs"]["heat_label"]]
        assert of_shown == {"inside": row["lungs"]["heat_inside"], "peak": row["lungs"]["heat_peak"]}
        # Where draw_film puts them: top, left, bottom, right.
        assert row["lungs"]["box"] == pytest.approx([0.17, 0.15, 0.78, 0.85], abs=0.04)
        assert 0.15 < row["lungs"]["share"] < 0.3
        assert 0 <= row["lungs"]["heat_inside"] <= 1


@pytest.fixture
def near_the_threshold(films, tmp_path):
    """Return a film, and a model whose thresholds of COVID-19 lie on either side of the film's score."""
    score = json.loads(run("--json", films[1]).stdout)["scores"]["covid"]
    lower, upper = score / 2, (score + 1) / 2
    model = model_file.read(MODEL)
    points = model.card.raw["operating_points"]
    points["sensitive"]["covid"]["threshold"] = lower
    points["balanced"]["covid"]["threshold"] = upper
    points["refer"]["covid"] |= {"low": lower, "high": upper}
    (tmp_path / "near.tflite").write_bytes(model_file.pack(model.scores, model.lungs, model.card.raw))
    return films[1], tmp_path / "near.tflite"


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ([], "unsure: refer to a radiologist"),
        (["--operating-point", "refer"], "unsure: refer to a radiologist"),
        (["--operating-point", "sensitive"], "covid suspected"),
        (["--operating-point", "balanced"], "no finding suspected"),
    ],
)
def test_each_operating_point_judges_by_its_own_thresholds(near_the_threshold, words, verdict):
    film, model = near_the_threshold
    assert json.loads(run(*words, "--json", film, model=model).stdout)["verdict"] == verdict
    lines = run(*words, film, model=model).stdout.splitlines()
    assert lines[0].endswith(f", operating point '{words[-1] if words else 'refer'}'")
    row = next(line for line in lines if film.name in line)
    assert f"  {verdict}  " in row  # a column wide enough for every verdict
    assert lines[-1].startswith(f"1 film: 1 {verdict}. ")


@pytest.mark.parametrize(
    ("rule", "ppv", "unsure", "npv"),
    [
        # From the golden card, at prevalence 0.1. sensitive: 0.098 / (0.098 + 0.27), 0.63 / (0.63 + 0.002).
        ("sensitive", "0.266 (0.200 to 0.355)", "", "0.997 (0.982 to 0.999)"),
        # balanced: 0.09 / (0.09 + 0.09), 0.81 / (0.81 + 0.01).
        ("balanced", "0.500 (0.308 to 0.679)", "", "0.988 (0.973 to 0.994)"),
        # refer: of the suspected 0.06 / (0.06 + 0.018); of the unsure 0.038 / (0.038 + 0.252); of the cleared
        # 0.63 / (0.63 + 0.002).
        ("refer", "0.769 (0.357 to 0.886)", "0.131 (0.054 to 0.353)", "0.997 (0.982 to 0.999)"),
    ],
)
def test_how_often_each_answer_is_right_at_a_prevalence(films, rule, ppv, unsure, npv):
    words = ["--operating-point", rule, "--prevalence", "0.1", *films]
    lines = run(*words).stdout.splitlines()
    middle = f", {unsure} of those unsure have it" if unsure else ""
    said = f"{ppv} of those suspected have it (PPV){middle}, {npv} of those cleared do not have it (NPV)"
    assert lines[3] == f"covid: at prevalence 0.1, {said}"
    clear, opaque, missing = map(json.loads, run("--json", *words, "missing.png", code=1).stdout.splitlines())
    for row in (clear, opaque, missing):
        assert [share(row[name], 3) for name in ("ppv", "npv")] == [ppv, npv]
    assert share(clear["findings"]["covid"]["predictive_value"], 3) == npv
    assert share(opaque["findings"]["covid"]["predictive_value"], 3) == ppv
    assert missing["findings"] is None
    assert "predictive_value" not in clear["findings"]["pneumonia"]  # its prevalence was not stated


def test_how_often_the_answer_about_pneumonia_is_right(films):
    words = ["--pneumonia-prevalence", "0.2", *films]
    line = run(*words).stdout.splitlines()[3]
    # From the golden card: 0.18 / (0.18 + 0.08), 0.72 / (0.72 + 0.02).
    assert line.startswith(
        "pneumonia: at prevalence 0.2, 0.692 (0.500 to 0.826) of those suspected have it (PPV), 0.973 "
    )
    row = json.loads(run("--json", *words).stdout.splitlines()[0])
    assert row["pneumonia_prevalence"] == 0.2 and "prevalence" not in row
    assert row["findings"]["pneumonia"]["predictive_value"]["value"] == pytest.approx(0.72 / 0.74, abs=1e-6)
    assert "predictive_value" not in row["findings"]["covid"]


def test_without_a_prevalence_nothing_is_said_of_it(films):
    assert "at prevalence" not in run(films[0]).stdout
    assert not {"ppv", "npv"} & set(json.loads(run("--json", films[0]).stdout))


def test_csv_holds_what_json_says(films, tmp_path):
    done = run("--json", "--csv", tmp_path / "results.csv", *films, tmp_path / "missing.png", code=1)
    rows = {row["path"]: row for row in map(json.loads, done.stdout.splitlines())}
    with (tmp_path / "results.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert list(cells[0])[:5] == ["schema", "path", "sha256", "time", "verdict"]
    assert {row["path"] for row in cells} == set(rows)
    for row in cells:
        said = rows[row["path"]]
        assert row["verdict"] == (said["verdict"] or "")
        assert row["error"] == (said["error"] or "")
        for label in ("normal", "covid", "pneumonia"):
            assert row[f"score_{label}"] == (str(said["scores"][label]) if said["scores"] else "")
        assert row["heat_inside"] == (str(said["lungs"]["heat_inside"]) if said["lungs"] else "")
        assert row["heat_label"] == ("covid" if said["lungs"] else "")
        assert row["lungs_left"] == (str(said["lungs"]["box"][1]) if said["lungs"] else "")
        assert row["model_sha256"] == said["model"]["sha256"]
        assert row["sensitivity_low"] == str(said["operating_point"]["sensitivity"]["low"])
    assert sum(bool(row["heat_inside"]) for row in cells) == 2


def test_a_terminal_gets_colour_unless_it_asks_for_none(films, near_the_threshold):
    pty = pytest.importorskip("pty")

    def shown(environment, *paths, **options):
        main, child = pty.openpty()
        options |= {"env": environment, "capture_output": False, "stdout": child, "stderr": subprocess.PIPE}
        run(*(paths or films), **options)
        os.close(child)
        with os.fdopen(main, "rb") as screen:
            return screen.read1(100_000).decode()

    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    assert "\033[1;31mcovid suspected" in shown(plain)
    film, model = near_the_threshold
    assert "\033[35munsure: refer to a radiologist" in shown(plain, film, model=model)
    for columns in (80, 100):  # both findings in one line; a narrow terminal has no room for the verdict beside them
        lines = shown(plain | {"COLUMNS": str(columns), "NO_COLOR": "1"}, film, model=model).splitlines()
        row = next(line for line in lines if film.name[-5:] in line and "cleared" in line)
        assert len(row) <= columns and " unsure " in row
        assert ("unsure: refer to a radiologist" in row) == (columns == 100)
    assert "\033" not in shown(plain | {"NO_COLOR": "1"})
