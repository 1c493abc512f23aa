"""The Pi's camera by its documented interface, and cameras that are not there."""

import sys
import time
import types

import numpy as np
import pytest

from edge_app.camera.capture import camera, devices, pi
from edge_app.camera.capture.camera import Camera
from edge_app.camera.capture.fault import FeedFault
from edge_app.commands.cli import main
from edge_app.errors import CameraLost, WrongUsage
from tests.support.camera_pictures import SIZE, picture, until


class FakePicamera2:
    """What the manual of picamera2 says of it, as far as it is used."""

    info = ({"Num": 0, "Model": "imx708", "Location": 2},)
    opened = 0

    def __init__(self, number=0):
        if number >= len(self.info):
            raise IndexError("list index out of range")
        type(self).opened += 1
        self.camera_controls = {"AfMode": (0, 2, 0)}
        self.running, self.controls = False, {}

    @classmethod
    def global_camera_info(cls):
        return list(cls.info)

    def create_video_configuration(self, main):
        return {"main": main}

    def configure(self, configuration):
        self.main = configuration["main"]

    def start(self):
        self.running = True

    def set_controls(self, controls):
        self.controls |= controls

    def capture_array(self, name):
        assert self.running and name == "main"
        time.sleep(0.01)
        pixels = picture(int(time.monotonic() * 100), self.main["size"])
        # "BGR888" lies in memory as red, green, blue; "RGB888" the other way round. Rows are padded.
        ordered = pixels if self.main["format"] == "BGR888" else pixels[..., ::-1]
        return np.pad(ordered, ((0, 0), (0, 32), (0, 0)))

    def stop(self):
        self.running = False

    def close(self):
        type(self).opened -= 1


@pytest.fixture
def picamera2(monkeypatch):
    """Let the Pi's library be there."""
    module = types.ModuleType("picamera2")
    module.Picamera2 = FakePicamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)


def test_the_cameras_of_a_pi(picamera2):
    assert devices.found()[0] == devices.Device("pi:0", "imx708")
    assert camera.automatic() == "pi:0"
    with Camera("auto", SIZE) as one:
        pixels = one.newest(10).pixels
        assert pixels.shape == (360, 640, 3)
        assert pixels[0, 0].tolist()[0] > pixels[0, 0].tolist()[2]
    assert until(lambda: FakePicamera2.opened == 0)


def test_a_camera_of_the_pi_that_is_not_there_is_waited_for_and_named(picamera2):
    with Camera("pi:3", SIZE, give_up=0.5) as one, pytest.raises(CameraLost, match="list index out of range"):
        while True:
            one.newest(0.1)


def test_without_picamera2_the_pi_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(WrongUsage, match="sudo apt install python3-picamera2"):
        Camera("pi")
    monkeypatch.setattr(devices, "on_a_pi", lambda: True)
    assert "python3-picamera2" in devices.found()[0].problem


def test_a_device_says_why_it_cannot_be_used(tmp_path, monkeypatch, capsys):
    system, nodes = tmp_path / "sys", tmp_path / "dev"
    for folder in (system / "video0", nodes):
        folder.mkdir(parents=True)
    (system / "video0/name").write_text("HD Webcam\n")
    monkeypatch.setattr(devices, "SYSTEM", system)
    monkeypatch.setattr(devices, "DEVICES", nodes)
    assert "there is no such device" in devices.found()[0].problem
    (nodes / "video0").write_bytes(b"")
    assert devices.found() == [devices.Device(f"{nodes / 'video0'}", "HD Webcam", "it is not a video device")]
    assert main(["cameras"]) == 1
    assert "HD Webcam" in capsys.readouterr().out


def test_no_camera_at_all(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(devices, "SYSTEM", tmp_path)
    assert main(["cameras"]) == 1
    assert "no camera was found" in capsys.readouterr().out
    with pytest.raises(WrongUsage, match="none can be used here"):
        Camera("auto")


@pytest.mark.parametrize(
    ("error", "said"), [(RuntimeError("no tuning file"), "no tuning file"), (OSError(), "OSError")]
)
def test_a_libcamera_that_fails_is_said_of_the_pi(picamera2, monkeypatch, tmp_path, error, said):
    def fail():
        raise error

    monkeypatch.setattr(FakePicamera2, "global_camera_info", fail)
    monkeypatch.setattr(devices, "SYSTEM", tmp_path)
    monkeypatch.setattr(devices, "on_a_pi", lambda: True)
    assert devices.found() == [devices.Device("pi", "the Pi's own camera", f"libcamera fails ({said})")]


def test_a_camera_of_the_pi_tells_what_it_cannot_do(picamera2, monkeypatch):
    def fail(*_):
        raise RuntimeError

    monkeypatch.setattr(FakePicamera2, "opened", 0)  # it is never closed
    one = pi.PiCamera(0, SIZE)
    with pytest.raises(FeedFault, match=r"^it is not open$"):
        one.read()
    one.open()
    monkeypatch.setattr(FakePicamera2, "capture_array", fail)
    monkeypatch.setattr(FakePicamera2, "stop", fail)
    with pytest.raises(FeedFault, match=r"^it gives no more pictures \(RuntimeError\)$"):
        one.read()
    one.close()  # a camera that cannot be stopped is left
    with pytest.raises(FeedFault, match=r"^it is not open$"):
        one.read()
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(FeedFault, match=r"picamera2 cannot be imported .*--system-site-packages'$"):
        one.open()
