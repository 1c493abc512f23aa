"""Which cameras this device has, and why one cannot be opened."""

import errno
import fcntl
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from edge_app.camera.capture import pi
from edge_app.errors import MissingPackage

SYSTEM, DEVICES = Path("/sys/class/video4linux"), Path("/dev")
MODEL = Path("/proc/device-tree/model")
# VIDIOC_QUERYCAP and v4l2_capability of linux/videodev2.h: driver, card, bus, version, capabilities, of this node.
QUERY, CAPABILITY = 0x80685600, struct.Struct("=16s32s32s6I")
CAPTURES, SEVERAL_PLANES, BY_NODE = 0x1, 0x1000, 0x80000000
# Drivers of the Pi's ribbon camera and of its codecs, by the beginning of their names.
OF_THE_PI = ("unicam", "rp1-cfe", "bcm2835", "pispbe", "rpivid", "rpi-hevc", "bm2835")


@dataclass(frozen=True)
class Device:
    """A camera.

    Attributes:
        name: as `camera` takes it: `pi:0` or `/dev/video0`.
        model: the name that it reports.
        problem: why it cannot be used, as one sentence without a full stop; None if it can be used.
    """

    name: str
    model: str
    problem: str | None = None


def found() -> list[Device]:
    """Return all cameras of this device, those that can be used first."""
    devices = [*_of_the_pi(), *_of_v4l2()]
    return sorted(devices, key=lambda device: device.problem is not None)


def problem(path: Path) -> str | None:
    """Return why a V4L2 device cannot be used; None if it can be used."""
    try:
        number = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except FileNotFoundError:
        return "there is no such device: plug the camera in, or see 'python -m edge_app cameras'"
    except PermissionError:
        return "this user may not open it; run 'sudo usermod -aG video $USER' and log in again"
    except OSError as error:
        if error.errno == errno.EBUSY:
            return "another program holds it; end that first"
        return f"it cannot be opened ({error.strerror})"
    try:
        answer = bytearray(CAPABILITY.size)
        fcntl.ioctl(number, QUERY, answer)
    except OSError:
        return "it is not a video device"
    finally:
        os.close(number)
    return unsuitable(bytes(answer))


def unsuitable(answer: bytes) -> str | None:
    """Return why a V4L2 device is not a camera to use; None if it is one.

    Args:
        answer: the device's `v4l2_capability`, of the size of `CAPABILITY`.
    """
    driver, _, _, _, whole, node, *_ = CAPABILITY.unpack(answer)
    if driver.decode(errors="replace").startswith(OF_THE_PI):
        return "it belongs to the Pi's own camera or its codecs; use 'pi'"
    if not (node if whole & BY_NODE else whole) & (CAPTURES | SEVERAL_PLANES):
        return "it gives data, not pictures; use the camera's other device"
    return None


def _of_v4l2() -> list[Device]:
    nodes = sorted(SYSTEM.glob("video*"), key=lambda node: int(node.name[5:] or 0)) if SYSTEM.is_dir() else []
    return [Device(f"{DEVICES / node.name}", _name(node), problem(DEVICES / node.name)) for node in nodes]


def _of_the_pi() -> list[Device]:
    try:
        known = enumerate(pi.cameras())
        return [Device(f"pi:{camera.get('Num', at)}", str(camera.get("Model", ""))) for at, camera in known]
    except MissingPackage as error:
        why = str(error).rstrip(".")
    except Exception as error:  # libcamera raises exceptions of many types
        why = f"libcamera fails ({str(error) or type(error).__name__})"
    return [Device("pi", "the Pi's own camera", why)] if on_a_pi() else []


def on_a_pi() -> bool:
    """Return whether this is a Raspberry Pi."""
    try:
        return b"Raspberry Pi" in MODEL.read_bytes()
    except OSError:
        return False


def _name(node: Path) -> str:
    try:
        return (node / "name").read_text().strip()
    except OSError:
        return ""
