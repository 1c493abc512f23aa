"""`doctor` in its own process, on models and stores that are not well; and how it chooses the number of threads."""

import itertools
import json
import os
import platform
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from edge_app.diagnostics import hardware, health, self_test, store_health, threads
from edge_app.errors import MissingPackage
from edge_app.install import model_registry
from edge_app.model import model_file
from edge_app.sources import sample
from tests.support.another_user import as_another_user
from tests.support.films import draw_film
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[3]
MODEL = GOLDEN / "tiny-int8.tflite"
# On emulated Pis these tests run in the Python of an installed bundle, which has updates; elsewhere there are none.
UPDATES = ["updates"] if Path(sys.prefix).resolve().parent.name == "releases" else []
NAMES = [
    *("system", "Python", "packages", "memory", "disk", "temperature", "card", "clock", *UPDATES, "network", "camera"),
    *(
        "DICOM",
        "runtime",
        "model",
        "fingerprint",
        "signature",
        "golden film",
        "XNNPACK",
        "threads",
        "speed",
        "site",
        "store",
    ),
]


def doctor(*words, code=0, model=MODEL):
    """Run `doctor --json`; return its checks by name."""
    line = [sys.executable, "-m", "edge_app", "doctor", "--json", "--model", str(model), *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.stderr == ""
    assert done.returncode == code, done.stdout
    told = json.loads(done.stdout)
    assert told["ok"] == (code == 0)
    return {check["name"]: check for check in told["checks"]}


def test_a_device_that_is_well(tmp_path):
    checks = doctor("--store", tmp_path / "results.db")
    assert list(checks) == NAMES
    assert {check["state"] for check in checks.values()} <= {"ok", "warning"}
    assert all(checks[name]["state"] == "ok" for name in ("Python", "packages", "runtime", "speed", "store"))
    assert "is not there yet" in checks["store"]["words"]
    assert not (tmp_path / "results.db").exists()


def test_a_line_a_check():
    line = [sys.executable, "-m", "edge_app", "doctor", "--model", str(MODEL)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    *lines, empty, last = done.stdout.splitlines()
    assert len(lines) == len(NAMES)
    assert all(line.split()[0] in ("ok", "warning") for line in lines)
    assert (empty, last) == ("", "No faults: films can be judged here.")


def test_a_model_that_is_damaged(tmp_path):
    content = bytearray(MODEL.read_bytes())
    content[3000] ^= 1
    (tmp_path / "broken.tflite").write_bytes(content)
    checks = doctor(model=tmp_path / "broken.tflite", code=1)
    assert checks["model"]["state"] == "fault"
    assert "is damaged" in checks["model"]["words"]
    assert "golden film" not in checks
    assert "store" in checks  # the checks after it are made nevertheless


def test_the_golden_film(with_golden_film):
    assert doctor(model=with_golden_film(apart=0.01))["golden film"]["state"] == "ok"
    check = doctor(model=with_golden_film(apart=0.2), code=1)["golden film"]
    assert check["state"] == "fault"
    assert "a score differs by 0.200 from the card's" in check["words"]
    check = doctor(model=with_golden_film(aside=0.05), code=1)["golden film"]
    assert check["state"] == "fault"
    assert "the box round its lungs differs by 0.050 from the card's" in check["words"]


@pytest.fixture
def store(tmp_path):
    """Return the path of a store with results."""
    path = tmp_path / "results.db"
    folder = tmp_path / "films"
    folder.mkdir()
    for seed in range(1000, 1030):
        Image.fromarray(draw_film(seed, 140, 130)).save(folder / f"{seed}.png")
    words = ["classify", "--json", "--model", str(MODEL), "--store", str(path), str(folder)]
    subprocess.run([sys.executable, "-m", "edge_app", *words], cwd=ROOT, capture_output=True, check=True)
    return path


def test_a_store_that_is_well(store):
    before = store.read_bytes()
    check = store_health.check(store)
    assert check.state == health.OK
    assert check.words.endswith("it holds 30 results")
    assert store.read_bytes() == before


def test_a_store_that_is_damaged(store):
    content = bytearray(store.read_bytes())
    content[8192:] = bytes(len(content) - 8192)
    store.write_bytes(content)
    assert store_health.check(store).state == health.FAULT
    assert doctor("--store", store, code=1)["store"]["state"] == "fault"


def test_a_database_of_another_program(tmp_path):
    path = tmp_path / "results.db"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE songs (name TEXT)")
    made.close()
    check = store_health.check(path)
    assert check.state == health.FAULT
    assert "is a database of another program" in check.words


def test_a_file_that_is_no_store(tmp_path):
    (tmp_path / "results.db").write_text("no store, but a text that is long enough to be taken for one\n" * 100)
    check = store_health.check(tmp_path / "results.db")
    assert check.state == health.FAULT
    assert str(tmp_path / "results.db") in check.words


def test_a_store_of_somebody_else(store):
    store.chmod(0o444)
    # Those that pytest made, for this user alone; tests that run beside others have one more.
    for folder in itertools.takewhile(lambda one: one.name.startswith(("test_", "popen-", "pytest-")), store.parents):
        folder.chmod(0o755)
    with as_another_user():
        check = store_health.check(store)
    assert check.state == health.FAULT


def test_signature_and_kernels(with_golden_film, monkeypatch):
    checks = doctor(model=with_golden_film())
    assert checks["signature"]["state"] == "warning"
    assert "so any model is taken" in checks["signature"]["words"]
    whole = checks["XNNPACK"]["words"] == "ai_edge_litert gives it the network in one piece"
    assert whole == checks["runtime"]["words"].startswith("ai_edge_litert")
    assert checks["XNNPACK"]["state"] == ("ok" if whole or platform.machine() in self_test.ARM else "warning")
    assert "at most 0 of 255" in checks["fingerprint"]["words"]
    assert "1: " in checks["threads"]["words"]
    keys = Path(os.environ["COVID_XRAY_KEYS"])
    keys.mkdir(parents=True)
    (keys / "site.pub").write_text("no key")
    assert doctor(model=with_golden_film(), code=1)["signature"]["state"] == "fault"


def test_the_model_of_the_release_is_trusted():
    check = self_test.signature(model_registry.released())
    assert (check.state, check.words) == (health.OK, "the model came with the program and is trusted as it is")


def test_the_number_of_threads_that_was_measured_is_used(monkeypatch):
    likely = threads.chosen()
    assert 1 <= likely <= 4
    assert threads.keep(likely + 1)
    assert threads.chosen() == likely + 1
    with monkeypatch.context() as moved:  # the card is in another device now
        moved.setattr(os, "cpu_count", lambda: 64)
        assert threads.chosen() == 4
    monkeypatch.setenv("COVID_XRAY_THREADS", "3")
    assert threads.chosen() == 3
    monkeypatch.setenv("COVID_XRAY_THREADS", "many")
    assert 1 <= threads.chosen() <= 4


@pytest.mark.parametrize("said", ["", "x86_64", "many words that are no number", "\xff"])
def test_what_is_no_number_of_threads_is_none(tmp_path, monkeypatch, said):
    monkeypatch.setenv("COVID_XRAY_STORE", str(tmp_path / "results.sqlite"))
    likely = threads.chosen()
    (tmp_path / "threads").write_bytes(said.encode("latin-1"))
    assert threads.chosen() == likely


def test_the_doctor_chooses_the_best_number_of_threads(monkeypatch, classifier, model_path):
    model, took = model_file.read(model_path), {1: 20.0, 2: 10.0, 4: 9.5}
    monkeypatch.setattr(self_test, "_invocation", lambda _, count: took[count])
    monkeypatch.setattr(hardware, "cores", lambda: 4)
    assert self_test.concurrency(model, 1).words.endswith("2 is best, 1 used; set COVID_XRAY_THREADS=2")
    assert self_test.concurrency(model, 1, choose=True).words.endswith("1 used, 2 from the next start on")
    assert threads.chosen() == 2
    assert self_test.concurrency(model, 2, choose=True).words.endswith("2 is best, 2 used")
    took[4] = 5.0
    monkeypatch.setenv("COVID_XRAY_THREADS", "1")  # a person has said otherwise
    assert self_test.concurrency(model, 1, choose=True).words.endswith("set COVID_XRAY_THREADS=4")
    assert threads.chosen() == 1
    monkeypatch.delenv("COVID_XRAY_THREADS")
    monkeypatch.setenv("COVID_XRAY_STORE", "/proc/none/results.sqlite")  # nothing can be written there
    assert self_test.concurrency(model, 1, choose=True).words.endswith("set COVID_XRAY_THREADS=4")


def test_where_the_sample_film_is_not_installed_the_golden_one_is_timed(
    with_golden_film, monkeypatch, classifier, model_path
):
    def none():
        raise MissingPackage("sample film: package 'pydicom-data' is not installed.")

    monkeypatch.setattr(sample, "path", none)
    check = self_test.speed(classifier, model_file.read(with_golden_film()))
    assert check.state == health.OK
    assert "ms for the golden film" in check.words
    assert self_test.speed(classifier, model_file.read(model_path)).state == health.WARNING


def test_decoders_of_dicom():
    assert health.decoders({"RLE": True}).state == health.OK
    check = health.decoders({"RLE": True, "JPEG-LS": False})
    assert check.state == health.WARNING
    assert "no film in JPEG-LS can be read" in check.words


def test_the_pins_are_read():
    found = health.pins()
    assert found["numpy"].count(" or ") == 1
    assert set(health.PACKAGES) <= set(found)
