"""The Pi's own camera on its ribbon cable, read with picamera2, which only apt on Raspberry Pi OS provides.

OpenCV reports such a camera as open under libcamera and then reads nothing (opencv/opencv#22820, closed as won't fix).
"""

import time

import numpy as np

from edge_app.camera.capture.fault import FeedFault, checked
from edge_app.errors import MissingPackage

INSTALL = (
    "run 'sudo apt install python3-picamera2', in an environment made with 'python3 -m venv --system-site-packages'"
)


def library():
    """Return the module picamera2.

    Raises:
        MissingPackage: it, or libcamera beneath it, is not installed.
    """
    try:
        import picamera2  # pyright: ignore[reportMissingImports]  (on Raspberry Pi OS only)
    except Exception as error:  # libcamera beneath it fails in ways of its own
        raise MissingPackage(f"the Pi's camera: picamera2 cannot be imported ({error}); {INSTALL}.") from error
    return picamera2


def cameras() -> list[dict]:
    """Return what picamera2 knows of each camera: `Num`, `Model`, `Location`.

    Raises:
        MissingPackage: see `library`.
    """
    return library().Picamera2.global_camera_info()


class PiCamera:
    """A camera on the ribbon cable, as `feed.Feed`."""

    live = noisy = True

    def __init__(self, number: int, size: tuple[int, int]):
        """Prepare the camera with this number of `cameras`, for frames of this width and height."""
        self._number, self._size = number, size
        self._camera = None  # picamera2.Picamera2

    def open(self) -> None:
        """Open and start it."""
        try:
            picamera2 = library()
        except MissingPackage as error:
            raise FeedFault(str(error).rstrip(".")) from error
        try:
            self._camera = camera = picamera2.Picamera2(self._number)
            # picamera2 names formats by the order of the bits: BGR888 lies in memory as red, green, blue (its manual,
            # appendix A). No transform: a mirrored chest is another patient's.
            wanted = camera.create_video_configuration(main={"size": self._size, "format": "BGR888"})
            camera.configure(wanted)
            camera.start()
            if "AfMode" in getattr(camera, "camera_controls", {}):
                camera.set_controls({"AfMode": 2})  # continuous (libcamera's AfModeEnum)
        except Exception as error:  # libcamera raises RuntimeError, IndexError and more
            self.close()
            raise FeedFault(f"it cannot be opened ({str(error) or type(error).__name__})") from error

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame."""
        if self._camera is None:
            raise FeedFault("it is not open")
        try:
            pixels = self._camera.capture_array("main")
        except Exception as error:
            raise FeedFault(f"it gives no more pictures ({str(error) or type(error).__name__})") from error
        # Rows may be padded to a multiple of 32 bytes.
        return np.ascontiguousarray(checked(pixels)[:, : self._size[0]]), time.monotonic()

    def close(self) -> None:
        """Stop and close it."""
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                camera.stop()
                camera.close()
            except Exception:
                pass
