"""Runs `edge_app.camera` on a real /dev/video0 of the kernel's driver vivid, which injects faults."""

import subprocess
import time

from edge_app.camera.capture import devices, watchdog
from edge_app.camera.capture.camera import LIVE, RESTARTING, Camera

SLOW = 10  # an emulated processor: seconds are many


def main() -> None:
    """Run all checks; a failed assertion sets the exit code."""
    found = devices.found()
    print("found", found, flush=True)
    (one,) = [device for device in found if device.name == "/dev/video0"]
    assert one.problem is None and "vivid" in one.model
    assert any(device.problem and "no pictures" in device.problem for device in found), "outputs give no pictures"
    watchdog.STALLED, watchdog.OPENING = 5.0 * SLOW, 15.0 * SLOW
    takes_pictures()
    for fault, control in {
        "60 of 100 buffers dropped": "percentage_dropped_buffers=60",
        "buffers flagged as broken": "inject_v4l2_buf_flag_error=1",
        "streaming fails for good": "inject_fatal_streaming_error=1",
        "dequeuing fails": "inject_vidioc_streamon_error=1",
        "unplugged": "disconnect=1",
    }.items():
        recovers(fault, control)


def takes_pictures() -> None:
    """Frames come in the size asked for, in colour, each newer than the one before."""
    with Camera("/dev/video0", (640, 360)) as camera:
        first, second = wanted(camera), wanted(camera)
        print("frame", first.pixels.shape, camera.status, flush=True)
        assert first.pixels.shape == (360, 640, 3) and second.number > first.number
        # vivid's bars begin with white, yellow, cyan at the left: never mirrored, red before blue.
        height, width = first.pixels.shape[:2]
        white, yellow = (first.pixels[height // 2, round(width * share)].tolist() for share in (0.06, 0.18))
        assert min(white) > 150 and min(yellow[:2]) > 120 > yellow[2], (white, yellow)


def recovers(fault: str, control: str) -> None:
    """Frames come again after an injected fault."""
    with Camera("/dev/video0", (640, 360)) as camera:
        wanted(camera)
        said = subprocess.run(["v4l2-ctl", "-d", "/dev/video0", "-c", control], capture_output=True, text=True)
        if said.returncode:
            print(
                f"{fault}: left out, this kernel's vivid has no such control ({said.stderr.strip()[:80]})", flush=True
            )
            return
        states, end = set(), time.monotonic() + 12 * SLOW
        frames = camera.status.frames
        while time.monotonic() < end:
            camera.newest(0.2)
            states.add((camera.status.state, camera.status.sentence))
            if camera.status.state == LIVE and camera.status.frames > frames + 5:
                break
        print(f"{fault}: restarts {camera.status.restarts}, {sorted(states)}", flush=True)
        assert camera.status.state == LIVE and camera.status.frames > frames + 5, camera.status
        if fault in ("streaming fails for good", "unplugged"):
            assert any(state == RESTARTING for state, _ in states) and camera.status.restarts
    subprocess.run(["v4l2-ctl", "-d", "/dev/video0", "-c", "percentage_dropped_buffers=0"], capture_output=True)


def wanted(camera: Camera):
    """Return the next frame; fail if none comes."""
    end = time.monotonic() + 20 * SLOW
    while time.monotonic() < end:
        if frame := camera.newest(1):
            return frame
    raise AssertionError(f"no frame: {camera.status}")


main()
