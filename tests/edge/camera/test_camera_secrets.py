"""A password in a camera's address is told to nobody: not in results, files, errors, the page or the process list."""

import json
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from edge_app import addresses
from edge_app.camera.capture.camera import Camera
from edge_app.commands.cli import main
from edge_app.errors import WrongUsage
from tests.support.camera_server import Server
from tests.support.light_box import FILM, box
from tests.support.program import ROOT

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    ("said", "public"),
    [
        ("http://user:s3cr3t@cam/film", "http://user:***@cam/film"),
        ("RTSP://user:s3cr3t@cam:554/ch1", "RTSP://user:***@cam:554/ch1"),
        ("rtsp://user:a/s3cr3t@b@cam/", "rtsp://user:***@cam/"),
        ("http://s3cr3t@cam/", "http://***@cam/"),
        ("http://:s3cr3t@cam/", "http://:***@cam/"),
        ("http://cam/video?user=s3cr3t&pwd=s3cr3t", "http://cam/video?user=***&pwd=***"),
        ("rtsp://cam/user=me_password=s3cr3t&channel=1", "rtsp://cam/user=***&channel=1"),
        ("http:/user:s3cr3t@cam/", "http:/user:***@cam/"),
        ("user:s3cr3t@cam/film", "user:***@cam/film"),
        ("2 of them: http://a:s3cr3t@b, http://c:s3cr3t@d.", "2 of them: http://a:***@b, http://c:***@d."),
        ("http://cam:8080/video.mjpg", "http://cam:8080/video.mjpg"),
        ("http://[fe80::1]:8080/video", "http://[fe80::1]:8080/video"),
        ("/dev/video0", "/dev/video0"),
        ("films/at@home.mp4", "films/at@home.mp4"),
    ],
)
def test_what_may_be_told_of_an_address(said, public):
    assert addresses.public(said) == public


def started(server: Server, model: Path, *more: str) -> subprocess.Popen:
    """Start the program at a camera whose address holds a user and a password."""
    address = server.address.replace("http://", f"http://nurse:{SECRET}@")
    words = [sys.executable, "-m", "edge_app", "camera", address, "--model", str(model), *more]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def test_a_judged_film_and_everything_that_is_kept_of_it_hold_no_password(camera_model, tmp_path):
    server = Server(box(FILM), f"nurse:{SECRET}")
    try:
        kept = ["--csv", "a.csv", "--report", "a.html", "--store", "a.sqlite", "--overlays", "seen"]
        kept = [word if word.startswith("--") else str(tmp_path / word) for word in kept]
        with started(server, camera_model, "--screen", "none", "--json", "--count", "1", *kept) as program:
            out, err = program.communicate(timeout=120)
    finally:
        server.close()
    assert (program.returncode, server.let_in > 0) == (0, True), err
    shown = f"http://nurse:***@127.0.0.1:{server.server.server_port}/film.mjpg"
    assert json.loads(out)["camera"]["name"] == shown
    assert SECRET not in out + err
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) >= 4 and not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_faults_the_page_and_the_process_list_hold_no_password(camera_model):
    server = Server(login="another:one")  # so the camera refuses us
    try:
        with started(server, camera_model, "--screen", "page", "--port", "0") as program:
            lines = []
            for line in program.stderr:
                lines.append(line)
                if "trying again" in line:
                    break
            page = next(line for line in lines if "open http" in line).split()[2]
            shown = [urllib.request.urlopen(page + path, timeout=60).read().decode() for path in ("", "state")]
            listed = Path(f"/proc/{program.pid}/cmdline").read_bytes()
            program.terminate()
            lines.extend(program.communicate(timeout=60))
    finally:
        server.close()
    assert "nurse:***@127.0.0.1" in lines[-3] and program.returncode == 143
    assert b"nurse:***@127.0.0.1" in listed and b"\0--screen\0page\0" in listed
    assert not [text for text in (*lines, *shown, listed.decode()) if SECRET in text]


@pytest.mark.parametrize("name", [f"nurse:{SECRET}@cam/film", f"rtmp://nurse:{SECRET}@cam/film"])
def test_an_address_that_cannot_be_used_is_named_without_its_password(name):
    with pytest.raises(WrongUsage) as fault:
        Camera(name)
    assert "nurse:***@cam/film" in str(fault.value)


def test_a_word_too_many_is_named_without_its_password(capsys):
    with pytest.raises(SystemExit):
        main(["camera", "auto", f"http://nurse:{SECRET}@cam/film"])
    said = capsys.readouterr().err
    assert "http://nurse:***@cam/film" in said and SECRET not in said


def test_a_reason_that_a_library_gives_is_told_without_the_password(monkeypatch):
    from edge_app.camera.capture import feed

    def fails(self):
        raise RuntimeError(f"cannot open http://nurse:{SECRET}@cam/film")

    monkeypatch.setattr(feed.Stream, "open", fails)
    with Camera(f"http://nurse:{SECRET}@cam/film") as camera:
        until = time.monotonic() + 100
        while not camera.status.restarts and time.monotonic() < until:
            camera.newest(0.05)
        assert SECRET not in camera.status.sentence and "RuntimeError" in camera.status.sentence
