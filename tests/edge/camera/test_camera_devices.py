"""Why a device under /dev cannot be used as a camera: found with real files, terminals and the kernel's own answers."""

import fcntl
import os
import termios
from pathlib import Path

import pytest

from edge_app.camera.capture import devices, feed
from edge_app.camera.capture.camera import Camera
from edge_app.camera.capture.devices import BY_NODE, CAPABILITY, CAPTURES, SEVERAL_PLANES
from edge_app.camera.capture.fault import FeedFault
from edge_app.errors import CameraLost
from tests.support.another_user import as_another_user
from tests.support.camera_pictures import SIZE


def capability(driver: bytes, whole: int, node: int = 0) -> bytes:
    """Return what the kernel answers of a device: its driver and what it, and this node of it, can do."""
    return CAPABILITY.pack(driver, b"a card", b"a bus", 0x60000, whole, node, 0, 0, 0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (capability(b"uvcvideo", CAPTURES), None),
        (capability(b"uvcvideo", SEVERAL_PLANES), None),
        (capability(b"uvcvideo", BY_NODE | CAPTURES, CAPTURES), None),
        (capability(b"uvcvideo", BY_NODE | CAPTURES, 0x800000), "it gives data, not pictures"),
        (capability(b"uvcvideo", 0x2), "it gives data, not pictures"),
        (capability(b"bcm2835-codec", CAPTURES), "it belongs to the Pi's own camera or its codecs; use 'pi'"),
        (capability(b"unicam", CAPTURES), "it belongs to the Pi's own camera or its codecs; use 'pi'"),
    ],
)
def test_what_the_kernel_says_of_a_device_decides(answer, said):
    found = devices.unsuitable(answer)
    assert found is None if said is None else found.startswith(said)


@pytest.fixture
def node():
    """Return a device that exists on every machine: a terminal of our own, open under this number and this path."""
    outer, inner = os.openpty()
    yield inner, Path(os.ttyname(inner))
    os.close(inner)
    os.close(outer)


def test_a_device_that_this_user_may_not_open_is_said_with_the_command_that_helps(node):
    number, path = node
    os.fchmod(number, 0)
    with as_another_user():
        assert devices.problem(path) == "this user may not open it; run 'sudo usermod -aG video $USER' and log in again"


def test_a_device_that_another_program_holds_is_said(node):
    number, path = node
    os.fchmod(number, 0o666)
    fcntl.ioctl(number, termios.TIOCEXCL)  # the kernel answers EBUSY to whoever else opens it, except root
    with as_another_user():
        assert devices.problem(path) == "another program holds it; end that first"


def test_any_other_fault_of_opening_is_named(tmp_path):
    (tmp_path / "video0").symlink_to("video0")
    assert devices.problem(tmp_path / "video0") == "it cannot be opened (Too many levels of symbolic links)"


def test_a_device_without_a_name_is_listed_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "video0").mkdir()
    monkeypatch.setattr(devices, "SYSTEM", tmp_path)
    monkeypatch.setattr(devices, "DEVICES", tmp_path / "dev")
    (found,) = devices.found()
    assert (found.name, found.model) == (f"{tmp_path / 'dev/video0'}", "")


@pytest.mark.parametrize(("model", "one"), [(b"Raspberry Pi 4 Model B Rev 1.5\0", True), (b"ROCK 5B\0", False)])
def test_a_pi_is_known_by_its_device_tree(tmp_path, monkeypatch, model, one):
    (tmp_path / "model").write_bytes(model)
    monkeypatch.setattr(devices, "MODEL", tmp_path / "model")
    assert devices.on_a_pi() is one


def test_a_camera_that_was_unplugged_is_said():
    usb = feed.Usb("/dev/no-such-video", SIZE)
    for use in (usb.open, usb.read):
        with pytest.raises(FeedFault, match="there is no such device: plug the camera in"):
            use()
    usb.close()
    with Camera("/dev/video987", SIZE, give_up=0.3) as one, pytest.raises(CameraLost, match="there is no such device"):
        while True:
            one.newest(0.1)
