"""Decoders that hang, burst and crash, in real children on real files: each costs its film, and the run goes on."""

import ctypes
import faulthandler
import hashlib
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import pytest

from edge_app.errors import MissingPackage, UnreadableRadiograph
from edge_app.imaging import radiograph
from edge_app.workers.decode_pool import Decoded, DecodePool

ROOT = Path(__file__).parents[3]


def _takes(seconds):
    """Return a decoder that does something before it decodes a file whose name says so."""

    def decode(path, content, least_side):
        faulthandler.disable()  # pytest's
        if "hangs" in path.name:
            time.sleep(seconds)
        elif "spins" in path.name:
            hashlib.pbkdf2_hmac("sha256", b"", b"", 2**31 - 1)  # in C, where no Python handler of a signal would run
        elif "segv" in path.name:
            ctypes.string_at(0)
        elif "abort" in path.name:
            os.abort()
        elif "killed" in path.name:
            os.kill(os.getpid(), signal.SIGKILL)
        elif "exits" in path.name:
            os._exit(7)
        elif "guard" in path.name:
            os.kill(os.getppid(), signal.SIGKILL)
            os.kill(os.getpid(), signal.SIGKILL)
        elif "bug" in path.name:
            raise KeyError("a bug")
        elif "package" in path.name:
            raise MissingPackage(f"{path}: package 'x' is not installed; run 'pip install x'.")
        return radiograph.decode(path, content, least_side)

    return decode


def _named(films, tmp_path, name):
    """Return films among which the third is a good one with a name that harms."""
    bad = tmp_path / f"{name}.png"
    bad.write_bytes(films[1].read_bytes())
    return [*films[:2], bad, *films[2:]]


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("hangs", "took longer than 3 s to decode; export it again, as PNG."),
        ("spins", "took longer than 3 s to decode; export it again, as PNG."),
        ("segv", "crashed its decoder (signal SIGSEGV); it is damaged: copy it again from where it came from."),
        ("abort", "crashed its decoder (signal SIGABRT); it is damaged: copy it again from where it came from."),
        ("exits", "crashed its decoder (exit code 7); it is damaged: copy it again from where it came from."),
        ("killed", "its decoder was killed, most likely for want of memory (it may use 1,000 MB); export a smaller"),
        ("bug", "failed inside this program (KeyError: 'a bug'); report it."),
    ],
)
@pytest.mark.parametrize("children", [1, 2])
def test_a_decoder_that_fails_costs_its_film_alone(films, tmp_path, name, found, children):
    paths = _named(films, tmp_path, name)
    with DecodePool(children=children, awake=children, decode=_takes(60), seconds=3) as pool:
        taken = list(pool.films(paths))
    assert [path for path, _ in taken] == paths
    for path, decoded in taken:
        if path == paths[2]:
            assert type(decoded) is UnreadableRadiograph
            assert str(decoded).startswith(f"{path}: {found}")
            assert decoded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            assert np.array_equal(decoded.grey, radiograph.read(path))


def test_every_film_may_crash(films, tmp_path):
    paths = [tmp_path / f"segv{number}.png" for number in range(6)]
    for path in paths:
        path.write_bytes(films[1].read_bytes())
    before = DecodePool.deaths
    with DecodePool(children=2, awake=2, decode=_takes(0)) as pool:
        taken = [*pool.films(paths), *pool.films(films)]
    assert ["SIGSEGV" in str(fault) for _, fault in taken] == [True] * 6 + [False] * 8
    assert DecodePool.deaths - before == 6


def test_a_missing_package_stays_what_it_is(films, tmp_path):
    paths = _named(films, tmp_path, "package")
    with DecodePool(decode=_takes(0)) as pool:
        fault = list(pool.films(paths))[2][1]
    assert type(fault) is MissingPackage
    assert str(fault) == f"{paths[2]}: package 'x' is not installed; run 'pip install x'."


def test_children_and_guard_that_all_die_are_replaced(films, tmp_path):
    paths = _named(films, tmp_path, "guard")
    with DecodePool(decode=_takes(0)) as pool:
        taken = list(pool.films(paths))
    assert [path for path, _ in taken] == paths
    assert str(taken[2][1]) == f"{paths[2]}: its decoder was lost; try this film again."
    assert all(isinstance(decoded, Decoded) for path, decoded in taken if path != paths[2])


def _large_png(path, width, height, colour_type, channels) -> Path:
    """Write a real PNG of one grey, row by row."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    packer = zlib.compressobj(1)
    rows = [packer.compress(b"\0" + b"\x80" * (width * channels)) for _ in range(height)]
    head = struct.pack(">IIBBBBB", width, height, 8, colour_type, 0, 0, 0)
    body = b"".join((*rows, packer.flush()))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b""))
    return path


def test_a_hundred_megapixels_in_colour_fit(films, tmp_path):
    path = _large_png(tmp_path / "large.png", 10_000, 10_000, 2, 3)
    with DecodePool(1000, seconds=300) as pool:
        (_, decoded), (_, after) = pool.films([path, films[0]])
    assert decoded.grey.shape == (1000, 1000)
    assert np.array_equal(np.unique(decoded.grey), [128])
    assert isinstance(after, Decoded)


def test_what_does_not_fit_costs_its_film_alone(films, tmp_path):
    path = _large_png(tmp_path / "large.png", 10_000, 10_000, 0, 1)
    with DecodePool(memory_mb=60) as pool:
        taken = dict(pool.films([films[0], path, films[1]]))
    assert str(taken[path]) == f"{path}: takes more memory than there is; export a smaller picture."
    assert isinstance(taken[films[0]], Decoded)
    assert isinstance(taken[films[1]], Decoded)


def test_a_file_too_large_for_memory_is_refused(films, tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(bytes(128) + b"DICM")
    os.truncate(path, 5_000_000_000)
    with DecodePool() as pool:
        taken = dict(pool.films([path, films[0]]))
    assert str(taken[path]) == f"{path}: takes more memory than there is; export a smaller picture."
    assert isinstance(taken[films[0]], Decoded)


RUN = """
import os, sys, time
from pathlib import Path
from edge_app.workers.decode_pool import DecodePool
def decode(path, content, least_side):
    print("not to be seen")
    os.write(1, b"nor this")
    Path(sys.argv[2]).touch()
    time.sleep(60)
with DecodePool(children=2, awake=2, decode=decode) as pool:
    pool.begin(Path(sys.argv[1]))
    guard = pool._guard
    while not Path(sys.argv[2]).exists():  # a child is in the midst of the film
        time.sleep(0.01)
    children = Path(f"/proc/{guard}/task/{guard}/children").read_text().split()
    print(guard, *children, flush=True)
    {end}
"""


def _alive(pid) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize(
    "end", ["pass", "raise KeyboardInterrupt", "sys.exit(3)", "os.kill(os.getpid(), 9)", "os._exit(0)"]
)
def test_nobody_outlives_the_parent(films, tmp_path, end):
    ran = subprocess.run(
        [sys.executable, "-c", RUN.replace("{end}", end), films[0], tmp_path / "begun"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
    )
    pids = ran.stdout.split()
    assert len(pids) == 3
    # A child that is decoding when its parent is killed ends with this film or with its time; one that waits, at once.
    busy = "kill" in end or "_exit" in end
    deadline = time.monotonic() + 50  # less than the 60 s that a child takes for its film
    while sum(map(_alive, pids)) > 2 * busy and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sum(map(_alive, pids)) <= 2 * busy
    for pid in pids:
        if _alive(pid):
            os.kill(int(pid), signal.SIGKILL)
