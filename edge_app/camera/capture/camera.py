"""`with Camera(name) as camera`: frames from whatever the name means, and the newest one wins.

A live camera is read by a thread of its own, so that a frame is never older than the last look. When it breaks off,
stalls, freezes or is black it is opened again, after a pause that grows, for as long as it takes; its status says so.
A read that hangs inside a driver cannot be interrupted: its thread is left behind, and what it may still bring is
thrown away.
"""

import glob
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edge_app.camera.capture import devices, feed
from edge_app.camera.capture.fault import FeedFault
from edge_app.camera.capture.frame import Frame
from edge_app.camera.capture.watchdog import Watch
from edge_app.errors import CameraEnded, CameraLost, MissingPackage, WrongUsage
from edge_app.sources.film_paths import IMAGE_SUFFIXES

STARTING, LIVE, RESTARTING, ENDED = "starting", "live", "restarting", "ended"
# Pauses in seconds before it is opened again, the last for ever.
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
STREAMS = ("rtsp://", "rtsps://", "http://", "https://")


@dataclass(frozen=True)
class Status:
    """How a camera does.

    Attributes:
        state: `STARTING`, `LIVE`, `RESTARTING` or `ENDED`.
        sentence: what is to be said of it; empty if all is well.
        frames: how many came.
        dropped: how many of them were replaced by newer ones before they were looked at.
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
        name: as it was named, or what `auto` found.
        live: whether frames come by themselves; those of a recording are given one by one, as fast as they are taken.
    """

    def __init__(self, name: str = "auto", size: tuple[int, int] = (1280, 720), give_up: float | None = None):
        """Take its name.

        Args:
            name: `auto`, `pi` or `pi:N`, a number or `/dev/videoN`, a video file, a folder or pattern of pictures, or
                an address that begins with rtsp:// or http://.
            size: width and height of the frames to ask for.
            give_up: seconds without a frame after which `newest` raises; None: never.

        Raises:
            WrongUsage: the name means no camera.
        """
        self.name = automatic() if name == "auto" else name
        self._size, self._give_up = size, give_up
        self._feed = named(self.name, size)
        self.live = self._feed.live
        self._news = threading.Condition()
        self._status = Status()
        self._frame: Frame | None = None
        self._handed = -1
        self._round = 0  # of opening: what an earlier round still brings is not wanted
        self._fault = ""
        self._came = time.monotonic()
        self._closed = False

    @property
    def status(self) -> Status:
        """How it does now."""
        return self._status

    def __enter__(self) -> "Camera":
        """Open it.

        Raises:
            CameraLost: a recording cannot be opened. A live camera is waited for, as `newest` says.
        """
        if self.live:
            self._came = time.monotonic()
            threading.Thread(target=self._supervise, daemon=True).start()
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

    def newest(self, wait: float) -> Frame | None:
        """Return the newest frame that was not returned before, or of a recording the next one.

        Args:
            wait: seconds to wait for one.

        Returns:
            None if none came.

        Raises:
            CameraEnded: a recording is at its end.
            CameraLost: none came for `give_up` seconds, or a recording is damaged.
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
        """Keep a thread reading; whenever it fails begin again, later and later as long as no frame comes."""
        failed = 0
        while not self._closed:
            with self._news:
                self._round += 1
                begun, frames = self._round, self._status.frames
                watch = Watch(self._feed.noisy)
            threading.Thread(target=self._read, args=(begun, watch), daemon=True).start()
            self._fault = self._until_fault(begun, watch)
            if self._closed:
                return
            failed = 0 if self._status.frames > frames and not watch.black else failed + 1
            pause = PAUSES[min(failed, len(PAUSES) - 1)]
            with self._news:
                self._round += 1
                said = f"{self.name}: {self._fault}; trying again"
                self._status = replace(
                    self._status, state=RESTARTING, sentence=said, restarts=self._status.restarts + 1
                )
                self._news.notify_all()
                self._news.wait_for(lambda: self._closed, pause)
            if not self._closed:
                self._feed = named(self.name, self._size)

    def _until_fault(self, begun: int, watch: "Watch") -> str:
        """Wait until this round's thread has failed, or must be taken for dead; return why."""
        while True:
            with self._news:
                self._news.wait_for(lambda: self._closed or watch.fault or self._round != begun, 0.2)
                if self._closed or watch.fault:
                    return watch.fault
                why = watch.overdue(time.monotonic())
                if why:
                    return why

    def _read(self, begun: int, watch: "Watch") -> None:
        """Read one opening of the feed until it fails or is not wanted any more."""
        source = self._feed
        try:
            source.open()
            while self._round == begun:
                pixels, _ = source.read()
                if not self._take(begun, pixels, watch):
                    break
        except (FeedFault, EOFError) as fault:
            self._fail(watch, str(fault) or "it has ended")
        except Exception as error:  # a driver's library may raise anything, and the loop must go on
            self._fail(watch, f"it failed ({type(error).__name__}: {error})")
        finally:
            source.close()

    def _take(self, begun: int, pixels: np.ndarray, watch: "Watch") -> bool:
        now = time.monotonic()
        watch.see(pixels, now)
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

    def _fail(self, watch: "Watch", why: str) -> None:
        with self._news:
            watch.fault = why
            self._news.notify_all()


def automatic() -> str:
    """Return the name of the first camera that can be used, the Pi's own before others.

    Raises:
        WrongUsage: there is none.
    """
    usable = [one for one in devices.found() if one.problem is None]
    if not usable:
        raise WrongUsage(
            "camera: none can be used here; plug one in, name a video file or a stream, or see "
            "'python -m edge_app cameras'."
        )
    return min(usable, key=lambda one: not one.name.startswith("pi")).name


def named(name: str, size: tuple[int, int]) -> feed.Feed:
    """Return what a name means; arguments and errors as of `Camera`."""
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
        pictures = sorted(one for one in path.iterdir() if one.suffix.lower() in IMAGE_SUFFIXES)
    elif path.is_file():
        return feed.Video(path) if path.suffix.lower() not in IMAGE_SUFFIXES else feed.Pictures([path])
    else:
        pictures = sorted(map(Path, glob.glob(name)))  # noqa: PTH207 (a pattern with its folders)
    if not pictures:
        raise WrongUsage(
            f"camera: '{name}' is neither a camera nor a video nor a folder or pattern of pictures; "
            "see 'python -m edge_app cameras'."
        )
    return feed.Pictures(pictures)
