"""Copies as slow networks and stalling programs make them, many at a time: `python -m tests.support.slow_copies`.

A copy grows, or has its full size first; its zeros are holes, or were written; it is renamed when it is whole, or not;
and in the middle of it nothing may come for seconds.
"""

import hashlib
import importlib
import io
import os
import random
import sys
import time
from pathlib import Path
from typing import Protocol

import numpy as np
from PIL import Image

from tests.support.dicom_files import write_dicom
from tests.support.films import draw_film

HOWS = ("grows", "full", "full, old time", "zeros", "part", "hidden")
KINDS = ("dcm", "png", "jpg", "pgm")
# Pieces of a film, copies under way at once in one process, and the share of the copies that stall.
PIECES, TOGETHER, STALLING = 6, 16, 0.4
LONG_AGO = 1_600_000_000


class Writer(Protocol):
    """A place that files are written to; names are relative to it."""

    def open(self, name: str):
        """Make a file, and return a handle of it."""

    def write(self, handle, offset: int, content: bytes) -> None:
        """Write at an offset."""

    def resize(self, handle, size: int) -> None:
        """Give it a size."""

    def close(self, handle) -> None:
        """Close it."""

    def rename(self, name: str, other: str) -> None:
        """Rename a file."""

    def touch(self, name: str, seconds: int) -> None:
        """Set the time of its last writing."""


class Folder:
    """A folder of this machine: a `Writer`."""

    def __init__(self, folder: str):
        self._folder = Path(folder)

    def open(self, name: str) -> int:
        """As of `Writer`."""
        return os.open(self._folder / name, os.O_CREAT | os.O_RDWR, 0o644)

    def write(self, handle: int, offset: int, content: bytes) -> None:
        """As of `Writer`."""
        os.pwrite(handle, content, offset)

    def resize(self, handle: int, size: int) -> None:
        """As of `Writer`."""
        os.truncate(handle, size)

    def close(self, handle: int) -> None:
        """As of `Writer`."""
        os.close(handle)

    def rename(self, name: str, other: str) -> None:
        """As of `Writer`."""
        (self._folder / name).rename(self._folder / other)

    def touch(self, name: str, seconds: int) -> None:
        """As of `Writer`."""
        os.utime(self._folder / name, (seconds, seconds))


def film(number: int) -> tuple[str, bytes]:
    """Return the name of a drawn film and its bytes, always the same for a number."""
    kind, drawn, content = KINDS[number % len(KINDS)], draw_film(number, 150, 130), io.BytesIO()
    if kind == "dcm":
        write_dicom(content, np.ascontiguousarray(drawn))
    else:
        Image.fromarray(drawn).save(content, {"png": "PNG", "jpg": "JPEG", "pgm": "PPM"}[kind])
    return f"{number:05d}.{kind}", content.getvalue()


def hashes(first: int, count: int) -> dict[str, str]:
    """Return the sha256 by name of films."""
    return {name: hashlib.sha256(content).hexdigest() for name, content in map(film, range(first, first + count))}


class Copy:
    """One film on its way."""

    def __init__(self, writer: Writer, number: int, stall: float):
        """Make the file.

        Args:
            writer: where to.
            number: of the film.
            stall: the most seconds for which a copy stands still.
        """
        rng = random.Random(number)
        self._writer, self._how = writer, HOWS[number // len(KINDS) % len(HOWS)]
        self._name, self._content = film(number)
        self._now = {"part": f"{self._name}.part", "hidden": f".{self._name}.x"}.get(self._how, self._name)
        self._handle, self._done, self._step = writer.open(self._now), 0, -(-len(self._content) // PIECES)
        self._stalls = {rng.randrange(PIECES): rng.uniform(0.3, 1) * stall} if rng.random() < STALLING else {}
        self._due = 0.0
        if self._how.startswith("full"):
            writer.resize(self._handle, len(self._content))
        if self._how == "zeros":
            writer.write(self._handle, 0, bytes(len(self._content)))

    def go_on(self) -> bool:
        """Write the next piece, unless it stalls; say whether that was the last."""
        if time.monotonic() < self._due:
            return False
        if self._done * self._step < len(self._content):
            start = self._done * self._step
            self._writer.write(self._handle, start, self._content[start : start + self._step])
            if self._how == "full, old time":
                self._writer.touch(self._now, LONG_AGO)
            self._due = time.monotonic() + self._stalls.get(self._done, 0.05)
            self._done += 1
            return False
        self._writer.close(self._handle)
        if self._how == "full, old time":
            self._writer.touch(self._now, LONG_AGO)
        if self._now != self._name:
            self._writer.rename(self._now, self._name)
        return True


def copy(writer: Writer, first: int, count: int, stall: float) -> None:
    """Copy films, some at a time."""
    waiting, under_way = list(range(first, first + count)), []
    while waiting or under_way:
        while waiting and len(under_way) < TOGETHER:
            under_way.append(Copy(writer, waiting.pop(0), stall))
        under_way = [one for one in under_way if not one.go_on()]
        time.sleep(0.02)


def main() -> None:
    """Copy: MODULE:CLASS of a writer, its target, number of the first film, how many, the longest stall in seconds."""
    place, target, first, count, stall = sys.argv[1:]
    module, _, name = place.partition(":")
    copy(getattr(importlib.import_module(module), name)(target), int(first), int(count), float(stall))


if __name__ == "__main__":
    main()
