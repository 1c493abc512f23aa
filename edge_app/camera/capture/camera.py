"""`with Camera(name) as camera`: frames of a camera, a stream or a recording; of a live camera the newest frame counts.

A live camera is read by a thread of its own, so that a frame is never older than the last look. When it breaks off,
stalls, freezes or is black, it is opened again after pauses that grow, until it works; its status says so. A read that
hangs inside a driver cannot be interrupted: its thread is left behind, and what it may still return is thrown away.
"""

import glob
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_app import addresses
from edge_app.camera.capture import devices, feed
from edge_app.camera.capture.fault import FeedFault
from edge_app.camera.capture.frame import Frame
from edge_app.camera.capture.watchdog import Watchdog
from edge_app.errors import CameraEnded, CameraLost, MissingPackage, WrongUsage
from edge_app.sources.film_paths import IMAGE_SUFFIXES

STARTING, LIVE, RESTARTING, ENDED = "starting", "live", "restarting", "ended"
# Pauses in seconds before it is opened again, the last for ever.
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
# Seconds that its threads may take to end once the camera is closed: one that hangs in a driver is left behind, and
# the process ends all the same (`edge_app.process_end`).
FAREWELL = 2.0
STREAMS = ("rtsp://", "rtsps://", "http://", "https://")


@dataclass(frozen=True)
class Status:
    """The state of a camera.

    Attributes:
        state: `STARTING`, `LIVE`, `RESTARTING` or `ENDED`.
        sentence: what is wrong, without a full stop; empty if nothing is.
        frames: count of frames that came.
        dropped: count of frames that were replaced by newer ones before they were looked at.
        restarts: how often it was opened again.
    """

    state: str = STARTING
    sentence: str = ""
    frames: int = 0
    dropped: int = 0
    restarts: int = 0


class Camera:
    """Frames of one camera.

    Attributes:
        name: as the user named it, without a password, or what `auto` found.
        live: whether frames come by themselves; a recording gives one frame at each call.
    """

    def __init__(self, name: str = "auto", size: tuple[int, int] = (1280, 720), give_up: float | None = None):
        """Prepare a camera; `with` opens it.

        Args:
            name: `auto`, `pi` or `pi:N`, a number or `/dev/videoN`, a video file, a folder or pattern of pictures, or
                an address that begins with rtsp:// or http://.
            size: width and height of the frames to ask for, in pixels.
            give_up: seconds without a frame after which `newest` raises; None for never.

        Raises:
            WrongUsage: there is no camera of this name.
        """
        self._source = automatic() if name == "auto" else name
        self.name = addresses.public(self._source)
        self._size, self._give_up = size, give_up
        self._feed = named(self._source, size)
        self.live = self._feed.live
        self._news = threading.Condition()
        self._status = Status()
        self._frame: Frame | None = None
        self._handed = -1
        self._round = 0  # counts openings: frames of an earlier one are thrown away
        self._fault = ""
        self._came = time.monotonic()
        self._closed = False
        self._supervisor = threading.Thread(target=self._supervise, name="camera", daemon=True)
        self._readers: list[threading.Thread] = []  # the last one, and those before it that still hang

    @property
    def status(self) -> Status:
        """Its state now."""
        return self._status

    def __enter__(self) -> "Camera":
        """Open it.

        Raises:
            CameraLost: a recording cannot be opened. A live camera is waited for; see `newest`.
        """
        if self.live:
            self._came = time.monotonic()
            self._supervisor.start()
            return self
        try:
            self._feed.open()
        except FeedFault as fault:
            raise CameraLost(f"{self.name}: {fault}.") from fault
        return self

    def __exit__(self, *_):
        with self._news:
            self._closed = True
            self._round += 1
            self._news.notify_all()
        if not self.live:
            self._feed.close()
            return
        until = time.monotonic() + FAREWELL
        for thread in (self._supervisor, *self._readers):
            if thread.is_alive():
                thread.join(max(0.0, until - time.monotonic()))

    def newest(self, wait: float) -> Frame | None:
        """Return the newest frame that was not returned before; of a recording the next frame.

        Args:
            wait: seconds to wait for a frame.

        Returns:
            The frame; None if none came.

        Raises:
            CameraEnded: a recording is at its end.
            CameraLost: no frame came for `give_up` seconds, or a recording is damaged.
        """
        if not self.live:
            return self._next()
        with self._news:
            self._news.wait_for(lambda: self._closed or (self._frame and self._frame.number > self._handed), wait)
            if self._frame and self._frame.number > self._handed:
                dropped = self._frame.number - self._handed - 1
                self._handed = self._frame.number
                self._status = replace(self._status, dropped=self._status.dropped + dropped)
                return self._frame
            silent = time.monotonic() - self._came
        if self._give_up is not None and silent > self._give_up:
            why = self._fault or "it gives no picture"
            raise CameraLost(f"{self.name}: no picture for {silent:.0f} s; {why}.")
        return None

    def _next(self) -> Frame:
        try:
            pixels, at = self._feed.read()
        except FeedFault as fault:
            raise CameraLost(f"{self.name}: {fault}.") from fault
        except EOFError:
            count = self._status.frames
            self._status = replace(self._status, state=ENDED)
            raise CameraEnded(f"{self.name}: has ended after {count} picture{'s' * (count != 1)}.") from None
        frame = Frame(pixels, self._status.frames, at)
        self._status = replace(self._status, state=LIVE, frames=frame.number + 1)
        return frame

    def _supervise(self) -> None:
        """Keep a thread reading; when it fails, start another after a pause that grows while no frame comes."""
        failed = 0
        while not self._closed:
            with self._news:
                self._round += 1
                begun, frames = self._round, self._status.frames
                watchdog = Watchdog(self._feed.noisy)
            reader = threading.Thread(target=self._read, args=(begun, watchdog), name="frames", daemon=True)
            self._readers = [*(thread for thread in self._readers if thread.is_alive()), reader]
            reader.start()
            self._fault = self._until_fault(begun, watchdog)
            if self._closed:
                return
            failed = 0 if self._status.frames > frames and not watchdog.black else failed + 1
            pause = PAUSES[min(failed, len(PAUSES) - 1)]
            with self._news:
                self._round += 1
                sentence, restarts = f"{self.name}: {self._fault}; trying again", self._status.restarts + 1
                self._status = replace(self._status, state=RESTARTING, sentence=sentence, restarts=restarts)
                self._news.notify_all()
                self._news.wait_for(lambda: self._closed, pause)
            if not self._closed:
                self._feed = named(self._source, self._size)

    def _until_fault(self, begun: int, watchdog: Watchdog) -> str:
        """Wait until this round's thread has failed or counts as dead; return why."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._closed or watchdog.fault or self._round != begun, 0.2)
                if self._closed or watchdog.fault:
                    return watchdog.fault
                why = watchdog.overdue(time.monotonic())
                if why:
                    return why

    def _read(self, begun: int, watchdog: Watchdog) -> None:
        """Read one opening of the feed until it fails or its frames are no longer wanted."""
        source = self._feed
        try:
            source.open()
            while self._round == begun:
                pixels, now = source.read()
                if not self._take(begun, pixels, now, watchdog):
                    break
        except (FeedFault, EOFError) as fault:
            self._fail(watchdog, str(fault) or "it has ended")
        except Exception as error:  # a driver's library may raise any type, and the loop must go on
            self._fail(watchdog, f"it failed ({type(error).__name__}: {error})")
        finally:
            source.close()

    def _take(self, begun: int, pixels: np.ndarray, now: float, watchdog: Watchdog) -> bool:
        watchdog.see(pixels, now)
        with self._news:
            if self._round != begun or self._closed:
                return False
            status = self._status
            self._frame = Frame(pixels, status.frames, now)
            self._came = now
            wanted, given = self._size, pixels.shape[1::-1]
            note = "" if given == wanted else f"{self.name}: gives {given[0]} x {given[1]} pixels"
            self._status = replace(status, state=LIVE, frames=status.frames + 1, sentence=note)
            self._news.notify_all()
        return True

    def _fail(self, watchdog: Watchdog, why: str) -> None:
        with self._news:
            watchdog.fault = addresses.public(why)
            self._news.notify_all()


def automatic() -> str:
    """Return the name of the first camera that can be used; the Pi's own comes first.

    Raises:
        WrongUsage: no camera can be used.
    """
    usable = [device for device in devices.found() if device.problem is None]
    if not usable:
        raise WrongUsage(
            "camera: none can be used here; plug one in, name a video file or a stream, or see "
            "'python -m edge_app cameras'."
        )
    return min(usable, key=lambda device: not device.name.startswith("pi")).name


def named(name: str, size: tuple[int, int]) -> feed.Feed:
    """Return the feed of a camera's name; arguments and errors as of `Camera`."""
    if name.lower().startswith(STREAMS):
        return feed.Stream(name)
    if name == "pi" or name.startswith("pi:"):
        from edge_app.camera.capture import pi

        number = name[3:] or "0"
        if not number.isdigit():
            raise WrongUsage(f"camera: '{name}' is not a camera of the Pi; write pi, or pi:1 for the second one.")
        try:
            pi.library()
        except MissingPackage as error:
            raise WrongUsage(str(error)) from error
        return pi.PiCamera(int(number), size)
    path = Path(f"/dev/video{name}" if name.isdigit() else name)
    if path.parent == Path("/dev"):
        return feed.Usb(str(path), size)
    if path.is_dir():
        pictures = sorted(file for file in path.iterdir() if file.suffix.lower() in IMAGE_SUFFIXES)
    elif path.is_file():
        return feed.Video(path) if path.suffix.lower() not in IMAGE_SUFFIXES else feed.Pictures([path])
    else:
        pictures = sorted(map(Path, glob.glob(name)))  # noqa: PTH207 (a pattern with its folders)
    if not pictures:
        raise WrongUsage(
            f"camera: '{addresses.public(name)}' is not a camera, a video, or a folder or pattern of pictures; "
            "see 'python -m edge_app cameras'."
        )
    return feed.Pictures(pictures)
