"""A roll-out that is watched by real pages, and one of the whole program, through a real ssh server."""

import subprocess
import sys
import threading

import pytest

from edge_app.install import model_registry
from tests.support.drawn_bundle import archive
from tests.support.fleet_pages import TOKEN, FleetPage
from tests.support.program import ROOT
from tests.support.receiver import until
from tests.support.signing import sign, trust
from tests.support.ssh_server import environment, needed

pytestmark = needed


@pytest.fixture
def paged(fleet, tmp_path, with_golden_film):
    """Return a device with a page, its folder, and the words by which a desk rolls a signed model out to it."""
    place = tmp_path / "fleet" / "one"
    (tmp_path / "state").mkdir(mode=0o700)
    place.mkdir(parents=True)
    page = FleetPage(tmp_path / "state", None, environment(place))
    fleet.add("one", target=page.target)
    (tmp_path / "token").write_text(TOKEN)
    access = ("--token-file", tmp_path / "token", "--certificates", page.certificate)
    yield page, place, ("rollout", sign(with_golden_film("new"), fleet.key), *access)
    page.stop()


def test_a_page_that_starts_anew_with_the_model_passes(fleet, paged):
    page, place, words = paged

    def restart_with_another_model() -> None:  # as covid-xray-model.path does, once the doctor has passed it
        until(lambda: any(one.sha256 for one in model_registry.read(place / "models").in_effect), seconds=300)
        page.stop()
        page.start()

    unit = threading.Thread(target=restart_with_another_model)
    unit.start()
    rows, said = fleet.run(*words, "--watch", "1")
    unit.join()
    assert rows["one"]["state"] == "done"
    assert "watching 1 of 1 by their pages" in said


def test_a_page_that_keeps_the_old_model_halts_it(fleet, paged):
    _, place, words = paged
    # Its services are not restarted. The two minutes that a page has for it are not waited for here.
    code = "from edge_app.fleet import watching; watching.RESTART = 1; from edge_app.__main__ import run; run()"
    line = [sys.executable, "-c", code, *fleet.line(*words, "--watch", "1")[3:]]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=500)
    assert done.returncode == 1, done.stderr
    assert "its page still uses lite0-int8" in done.stdout and "halted: wave 1" in done.stderr
    assert model_registry.read(place / "models").in_effect[0].name == "new.tflite"  # until somebody rolls it back
    rows, _ = fleet.run("rollback", *words[1:])
    assert rows["one"]["state"] == "back"
    assert [one.sha256 for one in model_registry.read(place / "models").in_effect[:1]] == [""]


def test_the_whole_program_is_rolled_out_and_taken_back(fleet, tmp_path):
    place = tmp_path / "fleet" / "pi"
    prefix = place / "prefix"
    fleet.add("pi", python=prefix / "current" / "bin" / "python")
    first = sign(archive(tmp_path / "1.tar.gz", "1"), fleet.key)
    line = [sys.executable, "-m", "edge_app", "update", "install", str(first), "--prefix", str(prefix)]
    with pytest.MonkeyPatch.context() as patched:
        for name, value in environment(place).items():
            patched.setenv(name, value)
        trust(place / "models", fleet.key)
        subprocess.run(line, cwd=ROOT, capture_output=True, check=True)
    second = sign(archive(tmp_path / "2.tar.gz", "2"), fleet.key)
    rows, _ = fleet.run("rollout", second, "--watch", "0")
    assert rows["pi"]["state"] == "done" and rows["pi"]["name"].startswith("2-")
    assert (prefix / "current").resolve().name.startswith("2-")
    assert not (prefix / "fleet-incoming").exists()
    rows, _ = fleet.run("rollback", second)
    assert rows["pi"]["state"] == "back" and (prefix / "current").resolve().name.startswith("1-")
