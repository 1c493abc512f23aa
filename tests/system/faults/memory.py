"""Each process of the page killed while it works, as the kernel kills for want of memory (SIGKILL).

A decoder that is killed costs its film at most, and the next is judged. After the program itself was killed, all that
it acknowledged is there, the next start is clean, and no decoder lives on.
"""

import json
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.support.faulty_programs import EDGE, MODEL
from tests.support.faulty_runs import integrity, until
from tests.system.faults.services import Service, png


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and theirs."""
    found = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, path.read_text().split()):
            found += [child, *descendants(child)]
    return found


def page() -> Iterator[tuple[str, list[str]]]:
    """Yield (process of `serve`, what was wrong) for each."""
    number, processes = 0, 1
    while number < processes:
        with tempfile.TemporaryDirectory(prefix="memory-") as folder:
            processes, wrong = _killed(Path(folder), number)
        yield (f"child {number} of serve" if number else "serve"), wrong
        number += 1


def _killed(folder: Path, number: int) -> tuple[int, list[str]]:
    """Kill one process of a page; return how many it has, and what was wrong."""
    state, wrong = folder / "state", []
    words = [*EDGE, "serve", "--port", "0", "--state", state, "--threads", "1", "--model", MODEL]
    service = Service(words, {}, folder / "said")
    kept = [_sent(service, 1000)]
    processes = [service.process.pid, *sorted(descendants(service.process.pid))]
    os.kill(processes[number], signal.SIGKILL)
    if number:
        if until(lambda: _sent(service, 1001), 30):
            kept.append(_sent(service, 1001))
        else:
            wrong.append("no film is judged any more")
    else:
        service.process.wait()
        if not until(lambda: not any(map(_alive, processes[1:])), 30):
            wrong.append("a decoder lives on")
    service.end()
    wrong += integrity(state / "results.sqlite")
    again = Service(words, {}, folder / "said")
    listed = {one["id"] for one in json.loads(again.ask("GET", "/api/v1/results")[2])["results"]}
    wrong += [f"gone: {one}" for one in kept if one not in listed]
    if not _sent(again, 1002):
        wrong.append("the next start judges nothing")
    again.end()
    return len(processes), wrong


def _sent(service: Service, seed: int) -> str:
    """Return the reading of a film that is sent; empty if it was not judged."""
    status, _, body = service.ask("POST", "/api/v1/classify", png(seed), Content_Type="image/png")
    time.sleep(0.05)
    return json.loads(body)["id"] if status == 200 else ""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
