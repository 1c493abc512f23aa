"""Measures how long the page works on a film, in seconds of processor time, with real films, one after the other.

Processor time of all its processes, with one thread for each network: on a machine that does nothing else it is what
the film takes, and other load here moves it little, as it would the time of a clock. `python -m train service-times`.
"""

import http.client
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from edge_app import __version__, atomic_io
from edge_app.bench import process_stats
from edge_app.errors import WrongUsage
from edge_app.sources import film_paths

# Films as digital radiography hands them over (`edge_app.bench.session.LARGE`): name, width, height, ending.
LARGE = {"png": (2566, 2566, ".png"), "jpeg": (3000, 2500, ".jpg")}
# Grey levels of a sensor's noise, without which an enlarged film is smaller and decoded faster than any real one.
NOISE = 2.0
# Seconds without work after which all that follows an answer (pictures, the film kept for the viewer) is done.
QUIET = 0.3
PATIENCE = 120


def add_parser(subparsers) -> None:
    """Declare the command."""
    parser = subparsers.add_parser(
        "service-times", help="measure how long the page works on a film", description=__doc__
    )
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER", help="films, or folders of them")
    parser.add_argument("--films", type=int, default=100, help="films, evenly spread (default %(default)s)")
    parser.add_argument("--size", choices=tuple(LARGE), help="enlarge them to this first (default: as they are)")
    parser.add_argument("--name", required=True, help="of this measurement in the file")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON that it joins")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    import json

    found = film_paths.expand(args.folders).films
    if not found:
        raise WrongUsage(f"{args.folders[0]}: holds no film; name folders of films.")
    some = found[:: max(1, len(found) // args.films)][: args.films]
    answers, rest = measured([_content(path, args.size) for path in some])
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.exists() else {}
    kept[args.name] = {
        "version": __version__,
        "answer_ms": [round(1000 * seconds, 1) for seconds in answers],
        "after_ms": [round(1000 * seconds, 1) for seconds in rest],
    }
    atomic_io.write_json(args.out, kept)
    for name, times in (("to its answer", answers), ("after it", rest)):
        print(f"{name}: mean {1000 * np.mean(times):.0f} ms, SD {1000 * np.std(times):.0f} ms of processor time")
    return 0


def measured(films: list[bytes]) -> tuple[list[float], list[float]]:
    """Have a page of its own read films, one after the other; two more go before, which are not counted.

    Returns:
        Seconds of processor time of each film to its answer, and after it, for pictures and the film that is kept.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "edge_app", "serve", "--port", "0", "--threads", "1", "--state", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as page:
            try:
                assert page.stdout  # since it is a pipe
                port = int(page.stdout.readline().strip().rstrip("/").rpartition(":")[2])
                times = list(_times(port, page.pid, [*films[:2], *films]))[2:]
            finally:
                page.terminate()
    return [first for first, _ in times], [second for _, second in times]


def _times(port: int, pid: int, films: list[bytes]) -> Iterator[tuple[float, float]]:
    before = _quiet(pid)
    for number, film in enumerate(films):
        # Films of one address are limited; RFC 1122: all of 127.0.0.0/8 is this machine.
        source = (f"127.0.2.{number % 250 + 1}", 0)
        asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=source)
        asked.request("POST", "/api/v1/classify", film, {"Content-Type": "application/octet-stream"})
        status = asked.getresponse().status
        answered = _used(pid)
        asked.close()
        if status not in (200, 422):  # 422: it cannot be read, which takes time too
            raise WrongUsage(f"the page answers {status}; send fewer films at a time.")
        after = _quiet(pid)
        yield answered - before, after - answered
        before = after


def _quiet(pid: int) -> float:
    """Wait until the processes do nothing; return the processor time that they have used."""
    used = _used(pid)
    while True:
        time.sleep(QUIET)
        now = _used(pid)
        if now - used < 0.01 * QUIET:  # its threads look round once a second, which takes less than a hundredth
            return now
        used = now


def _used(pid: int) -> float:
    """Return seconds of processor time of a process and all its children, to the nanosecond."""
    total = 0.0
    for member in process_stats.members(pid):
        try:
            # The clock of another process's processor time (clock_getcpuclockid(3)), as Linux numbers it.
            total += time.clock_gettime((~member << 3) | 2)
        except OSError:  # it has ended
            continue
    return total


def _content(path: Path, size: str | None) -> bytes:
    """Return the bytes of a film's file, enlarged if that is asked for."""
    if size is None:
        return path.read_bytes()
    import cv2

    from edge_app.imaging import radiograph

    width, height, ending = LARGE[size]
    large = cv2.resize(radiograph.read(path), (width, height), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    large += np.random.default_rng(0).normal(0, NOISE, large.shape)
    done, content = cv2.imencode(ending, np.clip(large, 0, 255).astype(np.uint8))
    assert done
    return content.tobytes()
