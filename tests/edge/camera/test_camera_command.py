"""The command `camera`: what it accepts, what it shows, and how a person ends it."""

import json
import os
import pty
import subprocess
import sys

import cv2
import pytest

from edge_app.commands import camera as command
from edge_app.commands.cli import main
from tests.support.camera_server import Server
from tests.support.light_box import FILM, box
from tests.support.program import ROOT


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Return a folder of three pictures, each of which shows a film."""
    folder = tmp_path_factory.mktemp("films")
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), box(FILM)[..., ::-1])
    return folder


def words(folder, model, *more) -> list[str]:
    """Return the words of a run that judges each picture."""
    return ["camera", str(folder), "--json", "--frames", "1", "--model", str(model), *more]


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--size", "1280", "'1280' is not a frame size; write one such as 1280x720"),
        ("--size", "32x720", "'32x720' is not a frame size"),
        ("--size", "axb", "'axb' is not a frame size"),
        ("--frames", "0", "'0' is not a number, 1 or more"),
        ("--count", "many", "'many' is not a number, 1 or more"),
        ("--turn", "45", "invalid choice: 45"),
    ],
)
def test_a_wrong_option_is_named(capsys, option, value, said):
    with pytest.raises(SystemExit) as end:
        main(["camera", option, value])
    assert end.value.code == 2 and said in capsys.readouterr().err


def test_a_frame_size_is_width_and_height():
    assert command.size("1280x720") == command.size("1280X720") == (1280, 720)


def test_more_frames_than_are_held_are_refused(films, camera_model, capsys):
    assert main(["camera", str(films), "--frames", "13", "--screen", "none", "--model", str(camera_model)]) == 2
    assert capsys.readouterr().err == "--frames: is 13; 1 to 12 are allowed.\n"


def test_it_stops_after_a_number_of_films(films, camera_model, capsys):
    assert main(words(films, camera_model, "--screen", "none", "--count", "1")) == 0
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1 and "has ended" not in told.err


def test_a_camera_that_is_lost_ends_the_run_with_code_1(tmp_path, camera_model, capsys):
    cv2.imwrite(str(tmp_path / "0.png"), box(FILM)[..., ::-1])
    (tmp_path / "1.png").write_bytes(b"no picture")
    assert main(words(tmp_path, camera_model, "--screen", "none")) == 1
    told = capsys.readouterr()
    assert len(told.out.splitlines()) == 1 and "'1.png' in it is not a picture that can be read" in told.err


def test_the_page_is_announced_with_its_address(films, camera_model, capsys):
    assert main(words(films, camera_model, "--screen", "page", "--port", "0")) == 0
    assert "camera: open http://127.0.0.1:" in capsys.readouterr().err


def test_where_there_is_a_display_a_window_opens_by_itself(films, camera_model, capsys, monkeypatch):
    pytest.importorskip("tkinter")
    monkeypatch.setenv("DISPLAY", ":99999")  # which nothing serves: the window says so
    assert main(words(films, camera_model)) == 2
    assert "--screen page" in capsys.readouterr().err
    monkeypatch.delenv("DISPLAY")
    assert main(words(films, camera_model, "--count", "1")) == 0


def test_the_button_and_the_lights_of_a_device_without_a_screen(films, camera_model, capsys, monkeypatch):
    gpiozero = pytest.importorskip("gpiozero")
    from gpiozero.pins.mock import MockFactory

    factory = MockFactory()
    monkeypatch.setattr(gpiozero.Device, "pin_factory", factory)
    more = ("--screen", "none", "--button", "17", "--lights", "5,6,13", "--count", "1")
    assert main(words(films, camera_model, *more)) == 0
    assert [one.state for one in factory.pin(6).states][:2] == [False, True]  # judging, since a film is in view
    assert factory.pin(17).pull == "up" and len(capsys.readouterr().out.splitlines()) == 1


@pytest.fixture
def live(camera_model):
    """Return a function that starts the program at a live camera in a terminal, and types a key once it runs."""

    def typed(key: bytes, *more) -> subprocess.CompletedProcess:
        server, (outer, inner) = Server(), pty.openpty()
        line = [sys.executable, "-m", "edge_app", "camera", server.address, "--json", "--model", str(camera_model)]
        pipes = {"stdin": inner, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "cwd": ROOT}
        try:
            with subprocess.Popen([*line, "--screen", "none", "--give-up", "60", *more], **pipes) as program:
                first = next(line for line in program.stderr if line.startswith("camera: "))
                os.write(outer, key)
                out, err = program.communicate(timeout=60)
            return subprocess.CompletedProcess(line, program.returncode, out, first + err)
        finally:
            os.close(outer)
            os.close(inner)
            server.close()

    return typed


def test_a_key_ends_the_run(live):
    done = live(b"q")
    assert (done.returncode, done.stdout) == (0, "")
    assert "Traceback" not in done.stderr


def test_a_key_is_the_shutter_and_a_picture_without_a_film_is_refused(live):
    done = live(b" ", "--shutter", "key", "--count", "1")
    (row,) = map(json.loads, done.stdout.splitlines())
    assert row["verdict"] == "refused" and done.returncode == 0
