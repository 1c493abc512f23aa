"""A model on many devices in waves, by real programs through a real ssh server: halted, gone on with, taken back."""

import json
import os
import signal
import subprocess

import pytest

from edge_app.install import model_registry
from tests.support.receiver import until
from tests.support.signing import sign
from tests.support.ssh_server import ROOT, needed

pytestmark = needed


def in_use(place) -> str:
    """Return the name of the model that a device uses, by its own list."""
    entries = model_registry.read(place / "models").in_effect
    return entries[0].name if entries else ""


@pytest.fixture
def model(fleet, with_golden_film):
    """Return a signed model."""
    return sign(with_golden_film("new"), fleet.key)


def test_all_waves_get_it_and_go_back(fleet, model):
    places = [fleet.add(name) for name in ("one", "two", "three")]
    rows, said = fleet.run("rollout", model, "--watch", "0", "--waves", "1,100%")
    assert [(name, row["state"], row["name"]) for name, row in rows.items()] == [
        ("one", "done", "new.tflite"),
        ("two", "done", "new.tflite"),
        ("three", "done", "new.tflite"),
    ]
    assert said.index("wave 1 of 2: 127.0.0.1:9\n") < said.index("wave 2 of 2: 127.0.0.2:9, 127.0.0.3:9\n")
    assert [in_use(place) for place in places] == ["new.tflite"] * 3
    _, said = fleet.run("rollout", model, "--watch", "0", "--waves", "1,100%")
    assert said == ""  # nothing is left to do
    rows, _ = fleet.run("rollback", model)
    assert {row["state"] for row in rows.values()} == {"back"}
    assert [in_use(place) for place in places] == [""] * 3
    rows, _ = fleet.run("rollback", model)  # twice does not come back, unlike `model rollback`
    assert [in_use(place) for place in places] == [""] * 3


def test_a_device_whose_disk_fails_halts_its_wave(fleet, model):
    one = fleet.add("one")
    broken = fleet.add("broken")
    fleet.add("three")
    (broken / "models").write_text("a file where a folder must be, as on a disk that went read-only")
    rows, said = fleet.run("rollout", model, "--watch", "0", "--waves", "1,2,100%", code=1)
    assert [row["state"] for row in rows.values()] == ["done", "failed", "waiting"]
    assert "halted: wave 2: 127.0.0.2:9 failed" in said
    assert rows["broken"]["words"]
    assert in_use(one) == "new.tflite"
    (broken / "models").unlink()  # a person came
    rows, _ = fleet.run("rollout", model, "--watch", "0", "--waves", "1,2,100%")
    assert [row["state"] for row in rows.values()] == ["done"] * 3


def test_a_device_whose_doctor_finds_a_fault_keeps_its_model(fleet, model, with_golden_film):
    sound = fleet.add("sound")
    # The doctor calls a store a fault that is none of this program's.
    ill = fleet.add("ill")
    (ill / "results.sqlite").write_text("not a store")
    rows, _ = fleet.run("rollout", model, "--watch", "0", "--waves", "100%", code=1)
    assert rows["ill"]["state"] == "failed" and "store" in rows["ill"]["words"]
    assert in_use(ill) == ""
    rows, _ = fleet.run("rollback", model)
    assert [in_use(place) for place in (sound, ill)] == ["", ""]
    assert rows["ill"]["state"] == "back" and "store" in rows["ill"]["words"]


def test_what_is_not_signed_by_the_site_is_refused_everywhere(fleet, with_golden_film, model):
    place = fleet.add("one")
    unsigned = with_golden_film("unsigned")
    _, said = fleet.run("rollout", unsigned, code=2)
    assert "has no signature beside it" in said
    unsigned.with_name("unsigned.tflite.sig").write_bytes(b"x" * 64)
    rows, _ = fleet.run("rollout", unsigned, "--watch", "0", code=1)
    assert "none of the site's keys (site.pub) signed it" in rows["one"]["words"]
    assert in_use(place) == ""


def test_a_device_without_a_key_installs_nothing_from_afar(fleet, model):
    place = fleet.add("open", trusts=False)
    rows, _ = fleet.run("rollout", model, "--watch", "0", code=1)
    assert "holds no key" in rows["open"]["words"]
    assert in_use(place) == ""


def test_a_device_that_is_switched_off_is_asked_again_later(fleet, model):
    fleet.add("one")
    fleet.add_gone("off")
    rows, _ = fleet.run("rollout", model, "--watch", "0", "--waves", "100%", code=1)
    assert [row["state"] for row in rows.values()] == ["done", "gone"]
    assert "ssh cannot log in there" in rows["off"]["words"]


def test_a_dry_run_says_what_would_happen_and_changes_nothing(fleet, model):
    place = fleet.add("one")
    fleet.add("open", trusts=False)
    fleet.add_gone("off")
    rows, _ = fleet.run("rollout", model, "--dry-run", "--waves", "1,100%", code=1)
    assert [(row["wave"], row["ready"]) for row in rows.values()] == [(1, True), (2, False), (2, False)]
    assert rows["one"]["words"] == "uses the model of the release; it would be installed"
    assert in_use(place) == "" and list(fleet.inventory.parent.glob("*.rollout")) == []


def test_a_roll_out_goes_on_after_the_desk_died(fleet, model):
    places = [fleet.add(name) for name in ("one", "two", "three")]
    words = ("rollout", model, "--watch", "600", "--waves", "1,100%")
    desk = subprocess.Popen(
        fleet.line(*words), cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    record = fleet.inventory.parent
    until(lambda: any("done" in path.read_text() for path in record.glob("*.rollout")), seconds=300)
    os.killpg(desk.pid, signal.SIGKILL)
    desk.communicate()
    assert [in_use(place) for place in places] == ["new.tflite", "", ""]
    (path,) = record.glob("*.rollout")
    assert json.loads(path.read_text())["watched"] == 0
    rows, said = fleet.run(*words[:2], "--watch", "0")
    assert [row["state"] for row in rows.values()] == ["done"] * 3
    assert said.startswith("wave 1 of 2: 127.0.0.1:9\nwatching")  # what it has is not sent again, but watched


def test_two_desks_at_once_are_told(fleet, model):
    from edge_app.fleet import record

    fleet.add("one")
    with record.held(fleet.inventory):
        _, said = fleet.run("rollout", model, code=2)
    assert "another roll-out with a record there is under way" in said


def test_the_server_lets_nothing_else_be_run(fleet):
    place = fleet.add("one")
    line = ["ssh", "-F", fleet.server.config, "-o", "BatchMode=yes", "one", f"touch {place}/owned; cat /etc/passwd"]
    done = subprocess.run(list(map(str, line)), input=b"not a request\n", capture_output=True)
    assert done.returncode == 1
    assert "is not a line of JSON" in json.loads(done.stdout)["error"]
    assert not (place / "owned").exists()
