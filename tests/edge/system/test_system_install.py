"""What an installation puts into a system, and which programs of the system it calls for that."""

import os
from pathlib import Path

import pytest

from edge_app.system import __main__ as system
from edge_app.system import places

SERVICES = ["covid-xray-watch.service", "covid-xray-model.path"]


@pytest.fixture
def root(tmp_path) -> Path:
    """Return the root of a system that is empty."""
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def called(tmp_path, monkeypatch):
    """Put programs named as systemd's first in PATH; return what reads the calls that they wrote down.

    The real ones would change the system that the tests run on.
    """
    folder, log = tmp_path / "bin", tmp_path / "calls"
    folder.mkdir()
    for name in ("systemctl", "systemd-sysusers", "systemd-tmpfiles", "udevadm"):
        (folder / name).write_text(f'#!/bin/sh\necho {name} "$@" >> {log}\n[ "$1" != "$FAILS" ] || exit 3\n')
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return lambda: [line.split() for line in log.read_text().splitlines()]


def prepared() -> list[list[str]]:
    """Return the calls that make the user and the folders."""
    return [
        ["systemd-sysusers", "/usr/lib/sysusers.d/covid-xray.conf"],
        ["systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/covid-xray.conf"],
    ]


def test_without_a_running_systemd_services_are_enabled_and_not_started(root, called, capsys):
    assert system.install(["watch"], root) == 0
    assert called() == [*prepared(), ["systemctl", "enable", *SERVICES]]
    listed = {Path(line) for line in capsys.readouterr().out.splitlines()}
    assert listed == {path for path in root.rglob("*") if path.is_file()}
    assert root / "usr/lib/systemd/system/covid-xray-watch.service" in listed


def test_where_systemd_and_udev_run_both_are_told(root, called):
    (root / "run/systemd/system").mkdir(parents=True)
    (root / "run/udev").mkdir()
    (root / "run/udev/control").touch()
    assert system.install(["watch"], root) == 0
    assert called() == [
        *prepared(),
        ["systemctl", "daemon-reload"],
        ["udevadm", "control", "--reload"],
        ["udevadm", "trigger", "--subsystem-match=video4linux"],
        ["systemctl", "enable", *SERVICES],
        ["systemctl", "restart", *SERVICES],
    ]


def test_a_step_that_fails_is_named_and_none_follows(root, called, capsys, monkeypatch):
    (root / "run/systemd/system").mkdir(parents=True)
    monkeypatch.setenv("FAILS", "daemon-reload")
    assert system.install(["watch"], root) == 1
    assert called()[-1] == ["systemctl", "daemon-reload"]
    assert "'systemctl daemon-reload' failed with exit code 3; fix what it reported" in capsys.readouterr().err


def test_only_root_installs_services(capsys, monkeypatch):
    monkeypatch.setattr(system.os, "geteuid", lambda: 1000)
    assert system.main([]) == 2
    assert "only root can install services; run it with sudo" in capsys.readouterr().err


def test_a_system_without_systemd_is_refused(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(system.os, "geteuid", lambda: 0)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert system.main(["--enable", "page"]) == 1
    assert "there is no systemctl, systemd-sysusers, systemd-tmpfiles" in capsys.readouterr().err


def test_a_configuration_that_is_there_stays(tmp_path):
    places.put(tmp_path)
    mine = tmp_path / places.CONFIG
    mine.write_text("INBOX=/mine\n")
    written = places.put(tmp_path)
    assert mine.read_text() == "INBOX=/mine\n"
    assert mine not in written
    assert (tmp_path / "usr/lib/systemd/system/covid-xray-watch.service").is_file()
    assert (tmp_path / places.COMMAND).stat().st_mode & 0o111
