"""Where frames come from: each feed is opened, read and closed. A fault is a `FeedFault` with a reason."""

import os
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np

from edge_app.camera.capture.fault import FeedFault, checked


class Feed(Protocol):
    """Frames, one after another.

    Attributes:
        live: whether frames come by themselves and the newest counts; a recording gives every frame.
        noisy: whether no two frames are the same, as with a sensor.
    """

    live: bool
    noisy: bool

    def open(self) -> None:
        """Open it, or raise `FeedFault`."""
        ...

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame, uint8 RGB (H, W, 3), and its time in seconds: as of `Frame.time`.

        Raises:
            FeedFault: it broke off.
            EOFError: a recording is at its end.
        """
        ...

    def close(self) -> None:
        """Close it; may be called twice."""
        ...


class OpenCvFeed(ABC):
    """What OpenCV reads: V4L2 devices, video files, streams."""

    live, noisy = True, False

    def __init__(self, source, backend: int, settings: tuple[tuple[int, float], ...] = ()):
        """Prepare a feed.

        Args:
            source: file, device or address, as `cv2.VideoCapture` takes it.
            backend: of OpenCV.
            settings: properties and their values to set once it is open.
        """
        self._source, self._backend, self._settings = source, backend, settings
        self._capture: cv2.VideoCapture | None = None

    def open(self) -> None:
        """Open it."""
        # A fault is told here in one sentence; OpenCV and FFmpeg would print many lines.
        cv2.setLogLevel(0)
        os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
        self._capture = capture = cv2.VideoCapture(self._source, self._backend, self._opening())
        if not capture.isOpened():
            raise FeedFault(self._why_closed())
        for name, value in self._settings:
            capture.set(name, value)

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame."""
        capture = self._capture
        done, pixels = capture.read() if capture else (False, None)
        if not done or pixels is None:
            raise self._end()
        return cv2.cvtColor(checked(pixels), cv2.COLOR_BGR2RGB), time.monotonic()

    def close(self) -> None:
        """Close it."""
        capture, self._capture = self._capture, None
        if capture is not None:
            capture.release()

    def _opening(self) -> list[int]:
        return []

    @abstractmethod
    def _why_closed(self) -> str:
        """Return why it cannot be opened, without a full stop."""

    @abstractmethod
    def _end(self) -> FeedFault | EOFError:
        """Return why no frame followed: a fault, or the end of a recording."""


class Usb(OpenCvFeed):
    """A camera under V4L2, most of which are on USB."""

    noisy = True

    def __init__(self, device: str, size: tuple[int, int]):
        """Prepare `/dev/videoN`; the camera may give frames of another size than asked for."""
        # YUYV first: OpenCV decodes it itself, and a device that cannot give it at this size says so by its own choice.
        wanted = (
            (cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*("MJPG" if size[0] > MOST_RAW else "YUYV"))),
            (cv2.CAP_PROP_FRAME_WIDTH, size[0]),
            (cv2.CAP_PROP_FRAME_HEIGHT, size[1]),
            (cv2.CAP_PROP_BUFFERSIZE, 2),
        )
        super().__init__(device, cv2.CAP_V4L2, wanted)
        self._device = device

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame, and when the kernel has it that it was taken."""
        pixels, now = super().read()
        stamp = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._capture else 0.0
        return pixels, taken_at(stamp, now)

    def _why_closed(self) -> str:
        from edge_app.camera.capture import devices

        return devices.problem(Path(self._device)) or "it cannot be opened: another program may hold it"

    def _end(self) -> FeedFault:
        from edge_app.camera.capture import devices

        return FeedFault(devices.problem(Path(self._device)) or "it gives no more pictures")


# Seconds that a frame may have waited in the kernel's buffers.
MOST_WAITED = 1.0


def taken_at(stamp: float, came: float) -> float:
    """Return when a frame was taken, in seconds of `time.monotonic`.

    Args:
        stamp: the driver's stamp of it. Most drivers use the clock of `time.monotonic` (in the kernel's documents:
            V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC). One that uses another clock, or none, gives a stamp far from `came`.
        came: when it came.
    """
    return stamp if 0 <= came - stamp <= MOST_WAITED else came


# Wider than this, USB 2 carries only some 10 raw pictures a second, so the camera is set to JPEG.
MOST_RAW = 640
# Frames a second of a video file that does not state them.
USUAL_RATE = 25.0
# Seconds between two frames of a video file beyond which its times are taken for damaged.
MOST_PAUSE = 60.0


class Stream(OpenCvFeed):
    """A stream over the network: RTSP, or HTTP with MJPEG or a video; by FFmpeg, which is in OpenCV's wheels."""

    def __init__(self, address: str, patience: float = 5.0):
        """Prepare a stream; opening it, and each frame, may take `patience` seconds."""
        super().__init__(address, cv2.CAP_FFMPEG)
        self._patience = patience

    def _opening(self) -> list[int]:
        ms = int(self._patience * 1000)
        return [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, ms, cv2.CAP_PROP_READ_TIMEOUT_MSEC, ms]

    def _why_closed(self) -> str:
        return "it cannot be reached, or is not a video; check address, password and network"

    def _end(self) -> FeedFault:
        return FeedFault("the stream broke off")


class Video(OpenCvFeed):
    """A video file."""

    live = False

    def __init__(self, path: Path):
        """Prepare a video file."""
        super().__init__(str(path), cv2.CAP_FFMPEG)
        self._frames, self._rate, self._now = 0, USUAL_RATE, -1.0

    def open(self) -> None:
        """Open it."""
        super().open()
        rate = self._capture.get(cv2.CAP_PROP_FPS) if self._capture else 0.0
        self._rate = rate if 0 < rate <= 1000 else USUAL_RATE

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next frame, and the time that the file gives it: a phone's rate changes with the light."""
        pixels, _ = super().read()
        given = self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000 if self._capture else 0.0
        # A file without times, or with damaged ones, gives the same again, or none.
        self._now = given if self._now < given <= self._now + MOST_PAUSE else self._now + 1 / self._rate
        self._now = max(self._now, 0.0)
        self._frames += 1
        return pixels, self._now

    def _why_closed(self) -> str:
        return "it is not a video that can be read"

    def _end(self) -> FeedFault | EOFError:
        return EOFError() if self._frames else FeedFault("it holds no picture that can be read")


class Pictures:
    """Picture files in the order of their names, read as a video."""

    live = noisy = False
    RATE = 10.0

    def __init__(self, paths: list[Path]):
        """Prepare picture files."""
        self._paths, self._at = paths, 0

    def open(self) -> None:
        """Start at the first picture."""
        self._at = 0

    def read(self) -> tuple[np.ndarray, float]:
        """Return the next picture."""
        if self._at == len(self._paths):
            raise EOFError
        path = self._paths[self._at]
        try:
            pixels = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR)
        except (OSError, cv2.error):
            pixels = None
        if pixels is None:
            raise FeedFault(f"'{path.name}' in it is not a picture that can be read")
        self._at += 1
        return cv2.cvtColor(checked(pixels), cv2.COLOR_BGR2RGB), (self._at - 1) / self.RATE

    def close(self) -> None:
        """Do nothing: no file stays open."""
