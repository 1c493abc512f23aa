"""The Pi's own camera on its ribbon, by picamera2, which comes from apt on Raspberry Pi OS only.

OpenCV opens these cameras under libcamera, says yes and reads nothing (opencv/opencv#22820, closed as won't fix).
"""

import numpy as np

from edge_app.camera.capture.fault import FeedFault, checked
from edge_app.errors import MissingPackage

INSTALL = (
    "run 'sudo apt install python3-picamera2', in an environment made with 'python3 -m venv --system-site-packages'"
)


def library():
    """Return the module picamera2.

    Raises:
        MissingPackage: it is not installed, or what is beneath it is not.
    """
    try:
        import picamera2
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
    """A camera on the ribbon."""

    live = noisy = True

    def __init__(self, number: int, size: tuple[int, int]):
        """Take which of `cameras`, and the size of frames."""
        self._number, self._size, self._camera = number, size, None

    def open(self) -> None:
        """Open and start it."""
        try:
            picamera2 = library()
        except MissingPackage as error:
            raise FeedFault(str(error).rstrip(".")) from error
        try:
            self._camera = picamera2.Picamera2(self._number)
            # picamera2 names formats by the order of the bits: BGR888 lies in memory as red, green, blue (its manual,
            # appendix A). No transform: a mirrored chest is another patient's.
            wanted = self._camera.create_video_configuration(main={"size": self._size, "format": "BGR888"})
            self._camera.configure(wanted)
            self._camera.start()
            if "AfMode" in getattr(self._camera, "camera_controls", {}):
                self._camera.set_controls({"AfMode": 2})  # continuous (libcamera's AfModeEnum)
        except FeedFault:
            raise
        except Exception as error:  # RuntimeError, IndexError and whatever libcamera raises
            self.close()
            raise FeedFault(f"it cannot be opened ({error or type(error).__name__})") from error

    def read(self) -> tuple[np.ndarray, float | None]:
        """Return the next frame."""
        try:
            pixels = self._camera.capture_array("main")
        except Exception as error:
            raise FeedFault(f"it gives no more pictures ({error or type(error).__name__})") from error
        # Rows may be padded to a multiple of 32 bytes.
        return np.ascontiguousarray(checked(pixels)[:, : self._size[0]]), None

    def close(self) -> None:
        """Stop and close it."""
        camera, self._camera = self._camera, None
        if camera is not None:
            try:
                camera.stop()
                camera.close()
            except Exception:
                pass
