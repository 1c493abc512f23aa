"""What a person at the camera uses: page, window, keys and button, each with the real thing behind it."""

import contextlib
import http.client
import json
import os
import pty
import re
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace

import cv2
import numpy as np
import pytest

from edge_app.camera.capture.camera import Status
from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect import film_view
from edge_app.camera.loop import loop
from edge_app.camera.loop.loop import Moment
from edge_app.camera.loop.stability import Good
from edge_app.camera.ui import live_view, screen, shutter
from edge_app.errors import MissingPackage, WrongUsage
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import run_context
from edge_app.web import camera_page
from edge_app.web.camera_page import CameraPage
from tests.support.camera_pictures import until
from tests.support.light_box import FILM, box


@pytest.fixture(scope="module")
def of_run(camera_model):
    """Return the context of a run, and a moment at which a film was judged."""
    model = model_file.read(camera_model).for_camera()
    frame = Frame(box(FILM), 0, 0.0)
    view = film_view.look(frame.pixels)
    result = loop.judge([Good(frame, view)], Classifier(model, 1), model.card.limits("refer"), "video0")
    return run_context.of(model, "refer"), Moment(Status(), frame, view, (), 1.0, result)


@pytest.fixture
def page(of_run):
    """Return a running page and the list of its shutter's presses."""
    pressed = []

    def press():
        pressed.append(time.monotonic())
        threading.Timer(0.1, page.show, [of_run[1]]).start()

    page = CameraPage(of_run[0], press, 0)
    yield page, pressed
    page.close()


def get(page: CameraPage, path: str, **headers) -> bytes:
    """Return what the page answers."""
    with urllib.request.urlopen(urllib.request.Request(page.address + path, headers=headers), timeout=60) as answer:
        return answer.read()


def test_the_page_says_both_findings_of_the_last_film(page, of_run):
    page, _ = page
    assert json.loads(get(page, "state"))["findings"] == []
    page.show(of_run[1])
    answers = {label: one.answer for label, one in of_run[1].result.findings.items()}
    said = {"suspected": "suspected", "unsure": "unsure", "cleared": "not suspected"}
    expected = [f"COVID-19: {said[answers['covid']]}", f"Other pneumonia: {said[answers['pneumonia']]}"]
    assert json.loads(get(page, "state"))["findings"] == expected
    assert all(f"<span>{words}</span>" in get(page, "").decode() for words in expected)


def test_the_page_shows_live_pictures_one_after_another(page, of_run):
    page, _ = page
    page.show(of_run[1])
    with urllib.request.urlopen(page.address + "live", timeout=60) as answer:
        assert answer.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        sizes = []
        for _ in range(2):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += answer.read(1)
            length = int(re.search(rb"Content-Length: (\d+)", head)[1])
            picture = cv2.imdecode(np.frombuffer(answer.read(length), np.uint8), 1)
            sizes.append(picture.shape[1])
            page.show(of_run[1])
    assert sizes == [screen.LIVE, screen.LIVE]


def test_the_shutter_of_the_page_leads_to_the_verdict(page, of_run):
    page, pressed = page
    text = get(page, "").decode()
    assert "not a diagnosis" in text and "film.jpg" not in text
    token = re.search(r'name="csrf_token" value="([^"]+)"', text)[1]
    with urllib.request.urlopen(page.address + "shutter", f"csrf_token={token}".encode(), timeout=60) as answer:
        shown = answer.read().decode()
    assert len(pressed) == 1
    assert "film.jpg" in shown and of_run[1].result.verdict in shown.lower()
    assert cv2.imdecode(np.frombuffer(get(page, "film.jpg"), np.uint8), 1).shape[1] > 400


@pytest.mark.parametrize(
    ("path", "data", "headers", "code"),
    [
        ("shutter", b"csrf_token=guessed", {}, 403),
        ("shutter", b"", {}, 403),
        ("", None, {"Host": "evil.example"}, 421),
        ("../etc/passwd", None, {}, 404),
        ("film.jpg", None, {}, 404),
    ],
)
def test_the_page_gives_nothing_to_strangers(page, path, data, headers, code):
    page, pressed = page
    request = urllib.request.Request(page.address + path, data, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=60)
    refused.value.close()
    assert refused.value.code == code and not pressed


def test_the_page_cannot_be_framed_or_run_foreign_code(page):
    page, _ = page
    connection = http.client.HTTPConnection("127.0.0.1", int(page.address.rsplit(":", 1)[1].strip("/")), timeout=60)
    connection.request("GET", "/")
    answer = connection.getresponse()
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy
    scripts = re.findall(rb"<script[^>]*>[^<]*", answer.read())
    assert scripts == [b'<script src="/static/%s.js" defer>' % name for name in (b"kiosk", b"live")]
    connection.close()


def test_browsers_that_stall_give_their_places_up_without_a_word(page, of_run, monkeypatch, capfd):
    page, _ = page
    monkeypatch.setattr(camera_page._Handler, "timeout", 0.3)
    monkeypatch.setattr(live_view, "RATE", 1000)
    host = ("127.0.0.1", int(page.address.rsplit(":", 1)[1].strip("/")))
    request = b"GET /live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    page.show(of_run[1])
    with contextlib.ExitStack() as opened:
        stalled = [opened.enter_context(socket.create_connection(host, 60)) for _ in range(camera_page.MOST_WATCHING)]
        for connection in stalled:
            connection.sendall(request)
            assert connection.recv(12).endswith(b"200")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            get(page, "live")
        noise = np.random.default_rng(0).integers(0, 256, of_run[1].frame.pixels.shape, np.uint8)
        large = replace(of_run[1], frame=replace(of_run[1].frame, pixels=noise), result=None)
        end, code = time.monotonic() + 300, b""  # an emulated Pi draws slowly
        while not code.endswith(b"200") and time.monotonic() < end:
            for _ in range(20):  # until the stalled connections are full
                page.show(large)
                time.sleep(0.005)
            with socket.create_connection(host, 60) as another:
                another.sendall(request)
                code = another.recv(12)
        assert code.endswith(b"200")
        silent = opened.enter_context(socket.create_connection(host, 60))  # as browsers open some ahead
        assert silent.recv(1) == b""
    assert capfd.readouterr().err == ""


def test_a_port_in_use_is_named(page, of_run):
    with pytest.raises(WrongUsage, match="cannot be listened on"):
        CameraPage(of_run[0], None, int(page[0].address.rsplit(":", 1)[1].strip("/")))


def test_a_browser_shows_the_page(page, of_run, tmp_path):
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no Chromium on this machine")
    page, _ = page
    page.show(of_run[1])
    picture = tmp_path / "page.png"
    words = ["--headless", "--no-sandbox", "--disable-gpu", f"--screenshot={picture}", "--window-size=800,1400"]
    # The live picture never ends, so the browser is given a time.
    subprocess.run(
        [browser, *words, f"--user-data-dir={tmp_path}", "--virtual-time-budget=3000", "--timeout=5000", page.address],
        capture_output=True,
        timeout=90,
    )
    shown = cv2.imread(str(picture))
    assert shown is not None and shown.std() > 20


@contextlib.contextmanager
def display():
    """Run a display without a screen, by Xvfb."""
    if not shutil.which("Xvfb"):
        pytest.skip("no Xvfb on this machine")
    read, write = os.pipe()
    with subprocess.Popen(
        ["Xvfb", "-displayfd", f"{write}", "-screen", "0", "1280x1024x24"], pass_fds=[write], stderr=subprocess.DEVNULL
    ) as server:
        os.close(write)
        number = ""
        while not number.endswith("\n"):
            number += os.read(read, 10).decode()
        try:
            yield f":{number.strip()}"
        finally:
            server.terminate()
            os.close(read)


def test_the_window_shows_a_film_and_closes(of_run, monkeypatch):
    pytest.importorskip("tkinter")
    from edge_app.camera.ui.window import Window

    with display() as number:
        monkeypatch.setenv("DISPLAY", number)
        meant = []
        window = Window(of_run[0], lambda: meant.append("press"), lambda: meant.append("leave"))
        for _ in range(3):
            window.show(of_run[1])
        root = window._root
        root.focus_force()
        for key in ("<space>", "<Escape>"):
            root.event_generate(key)
        root.update()
        assert root.winfo_width() > screen.LIVE
        assert meant == ["press", "leave"]
        window.close()


def test_without_a_display_the_window_says_what_to_do(of_run, monkeypatch):
    pytest.importorskip("tkinter")
    from edge_app.camera.ui.window import Window

    monkeypatch.setenv("DISPLAY", ":99999")
    with pytest.raises(WrongUsage, match="--screen page"):
        Window(of_run[0], None, None)


def test_keys_of_a_terminal_are_read_without_return():
    outer, inner = pty.openpty()
    with os.fdopen(inner, "r") as terminal:
        keys = shutter.Keys(terminal)
        assert keys.pressed() == set()
        os.write(outer, b" x")
        assert until(lambda: keys.pressed() == {"press"})
        os.write(outer, b"q")
        assert until(lambda: keys.pressed() == {"leave"})
        keys.close()
    os.close(outer)


def test_where_stdin_is_no_terminal_no_key_is_waited_for(tmp_path):
    (tmp_path / "in").write_text("q")
    with (tmp_path / "in").open() as stream:
        keys = shutter.Keys(stream)
        assert keys.pressed() == set()
        keys.close()


def test_a_button_presses_the_shutter(monkeypatch):
    gpiozero = pytest.importorskip("gpiozero")
    from gpiozero.pins.mock import MockFactory

    monkeypatch.setattr(gpiozero.Device, "pin_factory", MockFactory())
    pressed = threading.Event()
    button = shutter.button("17", pressed.set)
    pin = gpiozero.Device.pin_factory.pin(17)
    pin.drive_low()
    assert pressed.wait(60)
    button.close()
    with pytest.raises(WrongUsage, match="pin 'no-pin' cannot be used"):
        shutter.button("no-pin", pressed.set)


def test_without_gpiozero_the_button_says_what_to_install(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "gpiozero", None)
    with pytest.raises(MissingPackage, match="python3-gpiozero"):
        shutter.button("17", None)
