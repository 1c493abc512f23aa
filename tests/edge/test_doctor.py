"""`doctor` in its own process, and its checks on files of devices that are not well."""

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from edge_app import health, store_health
from tests.edge.another_user import as_another_user
from tests.edge.conftest import GOLDEN
from tests.films import draw_film

ROOT = Path(__file__).parents[2]
MODEL = GOLDEN / "tiny-int8.tflite"


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
    names = ["Python", "packages", "memory", "disk", "clock", "temperature", "DICOM", "runtime", "model"]
    assert list(checks) == [*names, "golden film", "speed", "store"]
    assert {check["state"] for check in checks.values()} <= {"ok", "warning"}
    assert all(checks[name]["state"] == "ok" for name in ("Python", "packages", "runtime", "speed", "store"))
    assert "is not there yet" in checks["store"]["words"]
    assert not (tmp_path / "results.db").exists()


def test_a_line_a_check():
    line = [sys.executable, "-m", "edge_app", "doctor", "--model", str(MODEL)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True, timeout=100)
    *lines, empty, last = done.stdout.splitlines()
    assert len(lines) == 12
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


# --- stores ---------------------------------------------------------------------------------------


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
    for folder in (store.parent, store.parent.parent, store.parent.parent.parent):
        folder.chmod(0o755)
    with as_another_user():
        check = store_health.check(store)
    assert check.state == health.FAULT


# --- devices --------------------------------------------------------------------------------------


def test_little_memory(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal:  950000 kB\nMemAvailable:   120000 kB\n")
    check = health.memory(tmp_path / "meminfo")
    assert check.state == health.WARNING
    assert check.words.startswith("120 MB free")
    (tmp_path / "meminfo").write_text("nothing\n")
    assert health.memory(tmp_path / "meminfo").state == health.OK


def test_a_hot_processor(tmp_path):
    for zone, text in (("thermal_zone0", "85234\n"), ("thermal_zone1", "41000\n"), ("thermal_zone2", "off")):
        (tmp_path / zone).mkdir()
        (tmp_path / zone / "temp").write_text(text)
    check = health.heat(tmp_path)
    assert check.state == health.WARNING
    assert check.words.startswith("85 degrees Celsius")
    shutil.rmtree(tmp_path / "thermal_zone0")
    assert health.heat(tmp_path) == health.Check("temperature", health.OK, "41 degrees Celsius")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("throttled=0x0\n", ""),
        ("throttled=0x50005\n", "now too little voltage, throttled"),
        ("throttled=0x80000\n", "since it was switched on: soft temperature limit"),
        ("VCHI initialization failed\n", ""),
        ("", ""),
    ],
)
def test_what_the_firmware_of_a_pi_says(answer, words):
    assert health.throttled(answer) == words


def test_a_clock_that_stands_in_the_past():
    check = health.clock(0)
    assert check.state == health.FAULT
    assert check.words.startswith("1970-01-01 00:00 UTC is long past")


def test_decoders_of_dicom():
    assert health.decoders({"RLE": True}).state == health.OK
    check = health.decoders({"RLE": True, "JPEG-LS": False})
    assert check.state == health.WARNING
    assert "no film in JPEG-LS can be read" in check.words


def test_the_pins_are_read():
    found = health.pins()
    assert found["numpy"].count(" or ") == 1
    assert set(health.PACKAGES) <= set(found)
