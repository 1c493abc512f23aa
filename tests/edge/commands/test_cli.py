"""The program that people run, in its own process, on real files."""

import csv
import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image

from edge_app.commands import COMMANDS
from edge_app.model import model_file
from edge_app.sources import sample
from tests.support.another_user import without_override
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.processes import rest_of

ROOT = Path(__file__).parents[3]
MODEL = GOLDEN / "tiny-int8.tflite"


def run(*words, code=0, command="classify", model=MODEL, before=(), **options):
    """Run the program, check its exit code and return what it printed; a traceback is never an answer."""
    line = [*before, sys.executable, "-m", "edge_app", command, *(["--model", model] if model else []), *words]
    options = {"cwd": ROOT, "capture_output": True, "text": True, "timeout": 60} | options
    done = subprocess.run([str(word) for word in line], check=False, **options)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture
def films(tmp_path):
    """Return the paths of a film with clear lungs and one with opaque lungs."""
    paths = [tmp_path / "clear.png", tmp_path / "opaque.jpg"]
    for path, opacity in zip(paths, (0.0, 1.0), strict=True):
        Image.fromarray(draw_film(1000, 300, 260, opacity=opacity)).save(path)
    return paths


def _noise() -> Image.Image:
    """A picture that can be read, is not blank, and shows nothing."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (300, 260)).astype(np.uint8))


@pytest.fixture
def leg(tmp_path):
    """Return the path of a radiograph that shows no chest and does not say so: pydicom-data's film of a limb."""
    dataset = pydicom.dcmread(sample.path().with_name("RG3_UNCR.dcm"))
    del dataset.BodyPartExamined  # 'EXTREMITY'; with it `dicom.read` refuses the file
    dataset.save_as(tmp_path / "leg.dcm")
    return tmp_path / "leg.dcm"


@pytest.fixture
def inbox():
    """A folder with everything that goes wrong, between two good films; and the names of what cannot be read.

    Two more can be read and are refused: 'black.png' and 'noise.png'.

    Not in tmp_path: its folders are kept after the test, and these may be hard to remove.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "inbox"
        folder.mkdir()
        film = Image.fromarray(draw_film(1000, 300, 260))
        film.save(folder / "a-good.png")
        film.save(folder / "z-good.jpg")
        Image.fromarray(np.asarray(film).astype(np.uint16) * 16).save(folder / "deep.png")
        (folder / "text.png").write_text("no picture\n")
        (folder / "cut.jpg").write_bytes((folder / "z-good.jpg").read_bytes()[:2000])
        (folder / "empty.png").touch()
        Image.new("L", (1, 1)).save(folder / "one.png")
        film.save(folder / "moving.gif", save_all=True, append_images=[Image.new("L", film.size)])
        Image.new("L", (300, 300)).save(folder / "black.png")
        _noise().save(folder / "noise.png")
        film.save(folder / "secret.png")
        (folder / "secret.png").chmod(0)
        (folder / "metadata.csv").write_text("path,label\n")
        (folder / "locked").mkdir()
        film.save(folder / "locked" / "film.png")
        (folder / "locked").chmod(0)
        Path(name).chmod(0o755)
        folder.chmod(0o755)
        bad = ["cut.jpg", "empty.png", "locked", "moving.gif", "one.png", "secret.png"]
        yield folder, [*bad, "text.png"]
        (folder / "locked").chmod(0o755)


def _unprivileged(*words, **options):
    """Run the program so that permissions bind it, whoever runs the tests."""
    return run(*words, before=without_override(), **options)


def test_the_table(films):
    done = run(*films)
    lines = done.stdout.splitlines()
    assert done.stderr == ""
    assert lines[0].startswith("model drawn-int8 on ")
    assert lines[0].endswith(", operating point 'refer'")
    assert lines[1] == (
        "covid: unsure from score 0.200, suspected from 0.800; on test films 0.98 (0.90 to 0.99) of the sick suspected "
        "or unsure, 0.70 (0.60 to 0.80) of the others neither, 0.30 (0.20 to 0.40) of all unsure"
    )
    assert lines[2].startswith("pneumonia: suspected from score 0.500; on test films sensitivity 0.90 (0.80 to 0.95)")
    head = next(line for line in lines if line.startswith("film "))
    assert head.split() == ["film", "verdict", "normal", "covid", "pneumonia", "in", "lungs", "ms"]
    clear, opaque = (next(line for line in lines if path.name in line) for path in films)
    place = slice(head.index("in lungs") - 2, head.index("in lungs") + len("in lungs"))
    assert all(
        line[place].strip().endswith("%") and 0 <= int(line[place].strip()[:-1]) <= 100 for line in (clear, opaque)
    )
    assert "no finding suspected" in clear
    assert "covid suspected" in opaque
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
        assert list(row["lungs"]) == ["box", "share", "heat_inside"]
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
    ("rule", "ppv", "npv", "others"),
    [
        # From the golden card, at prevalence 0.1. sensitive: 0.098 / (0.098 + 0.27), 0.63 / (0.63 + 0.002).
        ("sensitive", "0.266 (0.200 to 0.355)", "0.997 (0.982 to 0.999)", "the others"),
        # balanced: 0.09 / (0.09 + 0.09), 0.81 / (0.81 + 0.01).
        ("balanced", "0.500 (0.308 to 0.679)", "0.988 (0.973 to 0.994)", "the others"),
        # refer: of the suspected 0.06 / (0.06 + 0.018); of those not even unsure 0.63 / (0.63 + 0.002).
        ("refer", "0.769 (0.357 to 0.886)", "0.997 (0.982 to 0.999)", "those neither suspected nor unsure"),
    ],
)
def test_what_a_verdict_is_worth_at_a_prevalence(films, rule, ppv, npv, others):
    words = ["--operating-point", rule, "--prevalence", "0.1", *films]
    lines = run(*words).stdout.splitlines()
    said = f"at prevalence 0.1: PPV {ppv}, the share of 'covid suspected' who have it; NPV {npv}, the share of "
    assert lines[3] == f"{said}{others} who do not"
    for row in map(json.loads, run("--json", *words, "missing.png", code=1).stdout.splitlines()):
        for name, figure in (("ppv", ppv), ("npv", npv)):
            value = row[name]
            assert f"{value['value']:.3f} ({value['low']:.3f} to {value['high']:.3f})" == figure


def test_without_a_prevalence_nothing_is_said_of_it(films):
    assert "prevalence" not in run(films[0]).stdout
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
        assert row["lungs_left"] == (str(said["lungs"]["box"][1]) if said["lungs"] else "")
        assert row["model_sha256"] == said["model"]["sha256"]
        assert row["sensitivity_low"] == str(said["operating_point"]["sensitivity"]["low"])
    assert sum(bool(row["heat_inside"]) for row in cells) == 2


def test_one_bad_film_never_stops_a_folder(inbox):
    folder, bad = inbox
    done = _unprivileged("--json", folder, code=1)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert sorted(Path(row["path"]).name for row in rows if row["error"]) == bad
    good = {Path(row["path"]).name: row["verdict"] for row in rows if row["verdict"]}
    refused = dict.fromkeys(["black.png", "noise.png"], "refused")
    assert good == refused | dict.fromkeys(["a-good.png", "deep.png", "z-good.jpg"], "no finding suspected")
    unjudged = [bool(row["error"] or row["refusal"]) for row in rows]
    assert unjudged == [row["scores"] is None for row in rows] == [row["lungs"] is None for row in rows]
    # One complaint a line, each about one path and with what to do; then what was passed over.
    complaints = [line for line in done.stderr.splitlines() if line.startswith(str(folder))]
    assert sorted(complaints) == sorted(row["error"] for row in rows if row["error"])
    assert all(line.endswith(".") for line in complaints)
    rest = [line for line in done.stderr.splitlines() if line not in complaints]
    assert len(rest) == 1
    assert rest[0].startswith("1 ")


def test_each_fault_has_its_own_words(inbox):
    faults = {
        "text.png": "is text that begins 'no picture'",
        "cut.jpg": "is damaged or cut off",
        "empty.png": "is empty",
        "one.png": "is 1 x 1 pixels",
        "moving.gif": "is a GIF picture",
        "secret.png": "may not be read by this user",
        "locked": "may not be read",
        "locked/film.png": "may not be read by this user",
        "missing.png": "there is no such file",
    }
    done = _unprivileged("--json", *(inbox[0] / name for name in faults), code=1)
    rows = {row["path"]: row["error"] for row in map(json.loads, done.stdout.splitlines())}
    assert len(rows) == len(faults)
    for name, words in faults.items():
        sentence = rows[str(inbox[0] / name)]
        assert sentence.startswith(f"{inbox[0] / name}: ")
        assert words in sentence
    assert sorted(done.stderr.splitlines()) == sorted(rows.values())


def test_pictures_without_lungs_are_refused_and_the_films_beside_them_read(tmp_path, films, leg):
    _noise().save(tmp_path / "noise.png")
    done = run("--json", films[0], tmp_path / "noise.png", leg, films[1])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["verdict"] for row in rows] == ["no finding suspected", "refused", "refused", "covid suspected"]
    assert done.stderr == ""
    assert rows[0]["refusal"] is None
    assert [row["refusal"]["kind"] for row in rows[1:3]] == ["no lungs found"] * 2
    assert all(row["scores"] is None and row["sha256"] for row in rows[1:3])
    lines = run(films[0], leg).stdout.splitlines()
    place = next(i for i, line in enumerate(lines) if leg.name in line)
    assert lines[place].endswith("  refused: no lungs found")
    assert lines[place + 1] == f"    {rows[2]['refusal']['sentence']}"
    assert lines[-1].startswith("2 films: 1 no finding suspected, 1 refused: no lungs found.")


def test_the_table_keeps_complaints_off_stdout(inbox):
    folder, bad = inbox
    done = _unprivileged(folder, code=1)
    assert [name for name in bad if name in done.stdout] == []
    assert f"{len(bad)} could not be read" in done.stdout.splitlines()[-1]


def test_patterns_and_lists_on_stdin(films, tmp_path):
    """A pattern is for shells that expand none; the list comes as from `find`, and may name what is not there."""

    def names(*words, code=0, **options):
        rows = [json.loads(line) for line in run("--json", *words, code=code, **options).stdout.splitlines()]
        return [Path(row["path"]).name for row in rows]

    assert names(f"{tmp_path}/*.png") == ["clear.png"]
    assert names("-", input=f"{films[1]}\n{films[0]}\n") == ["opaque.jpg", "clear.png"]
    assert names("-0", "-", input=f"{films[1]}\0{tmp_path}") == ["opaque.jpg", "clear.png"]
    assert names("-", "--null", input=f"{films[1]}\0{tmp_path}") == ["opaque.jpg", "clear.png"]
    assert sorted(names(f"{tmp_path}/*.tif", "-", code=1, input=f"missing.png\n{films[0]}\n")) == [
        "*.tif", "clear.png", "missing.png"
    ]  # fmt: skip


def test_films_of_a_list_are_judged_while_it_is_still_written(films):
    line = [sys.executable, "-m", "edge_app", "classify", "--json", "--model", str(MODEL), "-"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(line, cwd=ROOT, **pipes) as process:
        for film in films:
            process.stdin.write(f"{film}\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["path"] == str(film)
        process.stdin.close()
    assert process.returncode == 0


def test_empty_folder(tmp_path):
    (tmp_path / "empty").mkdir()
    assert "holds no PNG, JPEG or DICOM file" in run(tmp_path / "empty", code=1).stderr


def test_a_name_too_long_for_the_system(films):
    done = run("a" * 5000, films[0], code=1)
    assert "no finding suspected" in done.stdout
    assert done.stderr.startswith("aaaa")


def test_a_link_that_goes_round(tmp_path):
    (tmp_path / "round.png").symlink_to(tmp_path / "round.png")
    done = run(tmp_path / "round.png", "--csv", tmp_path / "out.csv", code=1)
    assert done.stderr.count("\n") == 1


# --- wrong usage ----------------------------------------------------------------------------------


def _one_line(done) -> str:
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1c\0\0\0TFL3 and nothing else"])
def test_a_model_that_is_not_ours(tmp_path, films, content):
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    assert _one_line(run(films[0], model=path, code=2)).startswith(f"{path}: ")


def test_a_model_that_is_missing(tmp_path, films):
    assert "there is no such model file" in _one_line(run(films[0], model=tmp_path / "no.tflite", code=2))


def test_a_model_with_a_flipped_bit(tmp_path, films):
    content = bytearray(MODEL.read_bytes())
    content[3000] ^= 1
    (tmp_path / "broken.tflite").write_bytes(content)
    assert "is damaged" in _one_line(run(films[0], model=tmp_path / "broken.tflite", code=2))


def test_csv_in_a_missing_folder(tmp_path, films):
    done = run("--csv", tmp_path / "no" / "results.csv", films[0], code=2)
    assert _one_line(done).startswith(f"--csv: '{tmp_path / 'no' / 'results.csv'}' cannot be written (")


def test_csv_never_overwrites_a_film_or_the_model(tmp_path, films):
    before = films[0].read_bytes()
    model = tmp_path / "model.tflite"
    model.write_bytes(MODEL.read_bytes())
    assert "overwrite" in _one_line(run("--csv", films[0], films[0], code=2))
    assert "overwrite" in _one_line(run("--csv", model, films[0], model=model, code=2))
    assert films[0].read_bytes() == before
    assert model.read_bytes() == MODEL.read_bytes()


@pytest.mark.parametrize("prevalence", ["0", "1", "5", "-0.1", "nan", "5%", "", "five"])
def test_a_prevalence_that_is_none(films, prevalence):
    assert _one_line(run("--prevalence", prevalence, films[0], code=2)) == (
        f"--prevalence: '{prevalence}' is not between 0 and 1; write 5 in 100 as 0.05.\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is a device of Linux")
def test_a_full_disk_is_said_in_one_line(films):
    done = run("--csv", "/dev/full", films[0], code=2)  # not even the names of the columns
    assert done.stderr.count("\n") == 1
    with Path("/dev/full").open("w") as full:
        done = run("--json", films[0], code=2, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert done.stderr.count("\n") == 1
    assert "cannot be written" in done.stderr


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["diagnose"],
        ["classify", "--jsn"],
        ["classify", "--threads", "0"],
        ["classify", "--threads", "many"],
        ["classify", "--operating-point", "bold"],
    ],
)
def test_wrong_words_are_answered_with_the_usage(words):
    line = [sys.executable, "-m", "edge_app", *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("usage: python -m edge_app")
    if "many" in words:
        assert "'many' is not a number of threads; 1 to 64 are allowed" in done.stderr


def test_help_names_options_and_exit_codes():
    text = run("--help", model=None).stdout
    flags = ("--model", "--csv", "--json", "--operating-point {refer,sensitive,balanced}", "--prevalence")
    for words in (*flags, "examples:", "exit code: 0"):
        assert words in text


def test_help_lists_every_command_and_each_has_examples():
    line = [sys.executable, "-m", "edge_app"]
    text = subprocess.run([*line, "--help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name, said in COMMANDS.items():
        assert re.search(rf"^ +{name}\s+{said}$", text, re.MULTILINE)
        done = subprocess.run([*line, name, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert f"  python -m edge_app {name}" in done.stdout
        assert "exit code: 0" in done.stdout


def test_versions():
    done = subprocess.run([sys.executable, "-m", "edge_app", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    program, python, model = done.stdout.splitlines()
    assert re.fullmatch(r"covid-xray-edge \d+\.\d+\.\d+", program)
    assert re.search(r"^Python 3\.\d+\.\d+ on \w+, .*(tflite-runtime|ai-edge-litert) \d", python)
    assert re.search(r"^model \S+, sha256 [0-9a-f]{64}, |models/covid-xray-lite0-int8.tflite: ", model)


# --- how it sits in a pipeline --------------------------------------------------------------------


@pytest.mark.parametrize("form", [[], ["--json"]])
@pytest.mark.parametrize("reader", ["head -1", "true"])
def test_a_reader_that_goes_is_no_fault(films, form, reader):
    words = [sys.executable, "-m", "edge_app", "classify", "--model", MODEL, *form, *films * 3]
    with subprocess.Popen(
        ["/bin/sh", "-c", f'"$@" | {reader}', "sh", *map(str, words)],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as shell:  # fmt: skip
        out, err = shell.communicate(timeout=60)
    assert err == ""
    assert out.count("\n") == (reader == "head -1")


def test_names_that_are_no_text_or_move_the_cursor(tmp_path):
    film = Image.fromarray(draw_film(1000, 300, 260))
    for name in (b"r\xf6ntgen.png", b"red\x1b[31m.png", b"two\nlines.png"):
        film.save(tmp_path / "film.png")
        (tmp_path / "film.png").rename(tmp_path / os.fsdecode(name))
        (tmp_path / os.fsdecode(b"bad " + name)).touch()
    done = run(tmp_path, "--csv", tmp_path / "out.csv", code=1)
    assert done.stdout.count("no finding suspected") == 3 + 1  # three rows and the count
    assert done.stderr.count("\n") == 3
    assert "\x1b" not in done.stdout + done.stderr
    rows = [json.loads(line) for line in run(tmp_path, "--json", code=1).stdout.splitlines()]
    assert len(rows) == 6
    assert {Path(row["path"]).name for row in rows} == {path.name for path in tmp_path.glob("*.png")}
    with tempfile.TemporaryDirectory() as name:
        kept = [Path(name) / part for part in ("results.db", "overlays", "report.html")]
        sinks = ["--store", kept[0], "--overlays", kept[1], "--report", kept[2], "--report-images"]
        for more in ([], ["--again"], ["--no-paths", "--again"]):
            assert "Traceback" not in run(tmp_path, *sinks, *more, code=1).stderr
        assert len(list(kept[1].iterdir())) >= 1
        assert len(run("--store", kept[0], "--json", command="results", model=None).stdout.splitlines()) >= 4


def test_a_locale_that_lacks_the_letters(tmp_path):
    path = tmp_path / "röntgen-胸.png"
    Image.fromarray(draw_film(1000, 300, 260)).save(path)
    plain = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    assert "no finding suspected" in run(path, env=plain).stdout


def test_interrupted_from_the_keyboard_it_says_nothing(tmp_path):
    for i in range(150):
        (tmp_path / f"{i}.png").symlink_to(GOLDEN / "films" / "grey.png")
    line = [sys.executable, "-m", "edge_app", "classify", "--json", "--model", str(MODEL), str(tmp_path)]
    # A background job, as a test run may be one, is started with SIGINT ignored and hands that on; a terminal does not.
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    heed = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(line, cwd=ROOT, preexec_fn=heed, **pipes) as process:
        first = process.stdout.readline()  # 149 films are left to do
        process.send_signal(signal.SIGINT)
        rest, err = rest_of(process)
    assert err == b""
    assert process.returncode in (130, -signal.SIGINT)  # the second if it ends while shutting down; a shell shows 130
    assert all(json.loads(row)["verdict"] for row in (first + rest).splitlines())


def test_nothing_heavy_is_imported(films):
    script = (
        "import sys; from edge_app.commands.cli import main; code = main(sys.argv[1:])\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'train', 'convert', 'pydicom', 'pandas', 'matplotlib'}\n"
        "print(code, sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    line = [sys.executable, "-c", script, "classify", "--model", MODEL, *films]
    done = subprocess.run(list(map(str, line)), cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stderr == "0 []\n"


def test_without_a_path_the_sample_film_is_classified():
    rows = [json.loads(line) for line in run("--json").stdout.splitlines()]
    assert len(rows) == 1
    assert rows[0]["path"].endswith("RG1_UNCR.dcm")
    assert rows[0]["verdict"]


def test_a_terminal_gets_colour_unless_it_asks_for_none(films, near_the_threshold):
    pty = pytest.importorskip("pty")

    def shown(environment, *paths, **options):
        main, child = pty.openpty()
        options |= {"env": environment, "capture_output": False, "stdout": child, "stderr": subprocess.PIPE}
        run(*(paths or films), **options)
        os.close(child)
        with os.fdopen(main, "rb") as screen:
            return screen.read1(100_000).decode()

    plain = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    assert "\033[1;31mcovid suspected" in shown(plain)
    film, model = near_the_threshold
    assert "\033[35munsure: refer to a radiologist" in shown(plain, film, model=model)
    assert "\033" not in shown(plain | {"NO_COLOR": "1"})


# --- bench ----------------------------------------------------------------------------------------


def test_bench_tells_the_steps_apart(films):
    told = json.loads(run("--json", *films, command="bench").stdout)
    assert set(told) == {"runtime", "films", "peak_memory_mb"}
    assert told["peak_memory_mb"] > 10
    assert [row["film"] for row in told["films"]] == ["clear.png", "opaque.jpg"]
    for row in told["films"]:
        assert list(row) == ["film", "decode_ms", "lungs_ms", "crop_ms", "invoke_ms"]
        for step in list(row)[1:]:
            assert 0 < row[step]["median"] <= row[step]["slowest"]


def test_bench_prints_a_table(films):
    text = run(films[0], command="bench").stdout
    head = next(line for line in text.splitlines() if line.startswith("film "))
    assert head.split()[:5] == ["film", "decode", "lungs", "crop", "invoke"]
    assert "clear.png" in text
    assert "peak memory" in text


def test_bench_of_what_cannot_be_read(tmp_path, leg):
    (tmp_path / "text.png").write_text("no picture")
    assert "is text" in _one_line(run(tmp_path / "text.png", command="bench", code=2))
    Image.new("L", (300, 300)).save(tmp_path / "black.png")
    assert _one_line(run(tmp_path / "black.png", command="bench", code=2)).startswith(f"{tmp_path / 'black.png'}: ")
    done = run(leg, command="bench", code=2)
    assert _one_line(done).startswith(f"{leg}: no lung field is to be seen: ")


@pytest.mark.skipif(Path(sys.prefix).name != ".venv-edge", reason="only the light environment of a checkout has it")
def test_a_checkout_has_the_command_from_any_folder(tmp_path):
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "covid-xray", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("covid-xray-edge ")
