"""The program that people run, in its own process: wrong words, help, versions, and how it sits in a pipeline."""

import functools
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from PIL import Image

from edge_app.commands import COMMANDS
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.processes import rest_of
from tests.support.program import MODEL, one_line, run

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x1c\0\0\0TFL3 and nothing else"])
def test_a_model_that_is_not_ours(tmp_path, films, content):
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    assert one_line(run(films[0], model=path, code=2)).startswith(f"{path}: ")


def test_a_model_that_is_missing(tmp_path, films):
    assert "there is no such model file" in one_line(run(films[0], model=tmp_path / "no.tflite", code=2))


def test_a_model_with_a_flipped_bit(tmp_path, films):
    content = bytearray(MODEL.read_bytes())
    content[3000] ^= 1
    (tmp_path / "broken.tflite").write_bytes(content)
    assert "is damaged" in one_line(run(films[0], model=tmp_path / "broken.tflite", code=2))


def test_csv_in_a_missing_folder(tmp_path, films):
    done = run("--csv", tmp_path / "no" / "results.csv", films[0], code=2)
    assert one_line(done).startswith(f"--csv: '{tmp_path / 'no' / 'results.csv'}' cannot be written (")


def test_csv_never_overwrites_a_film_or_the_model(tmp_path, films):
    before = films[0].read_bytes()
    model = tmp_path / "model.tflite"
    model.write_bytes(MODEL.read_bytes())
    assert "overwrite" in one_line(run("--csv", films[0], films[0], code=2))
    assert "overwrite" in one_line(run("--csv", model, films[0], model=model, code=2))
    assert films[0].read_bytes() == before
    assert model.read_bytes() == MODEL.read_bytes()


@pytest.mark.parametrize("prevalence", ["0", "1", "5", "-0.1", "nan", "5%", "", "five"])
def test_a_prevalence_that_is_none(films, prevalence):
    assert one_line(run("--prevalence", prevalence, films[0], code=2)) == (
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
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(line, cwd=ROOT, preexec_fn=interruptible, **pipes) as process:
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


@pytest.mark.skipif(Path(sys.prefix).name != ".venv-edge", reason="only the light environment of a checkout has it")
def test_a_checkout_has_the_command_from_any_folder(tmp_path):
    done = subprocess.run(
        [Path(sys.prefix) / "bin" / "covid-xray", "--version"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("covid-xray-edge ")


@pytest.mark.parametrize("command", ["classify", "watch", "serve", "explain"])
def test_nothing_heavy_is_imported_before_films_are_decoded(command):
    """Children are forked first: with numpy each would hold 25 MB more, and the first film would wait for it."""
    code = (
        "import sys; from edge_app.commands import cli; from edge_app.service import screening_run; "
        "cli.parser(sys.argv[1]); print({'numpy', 'cv2', 'PIL', 'pydicom'} & set(sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", code, command], cwd=ROOT, capture_output=True, text=True)
    assert (ran.stdout, ran.stderr) == ("set()\n", "")
