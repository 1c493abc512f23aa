"""`python -m edge_app.bench.page_load [FILM...]`: many clients send films to the page at once, over the loopback.

Each client has an address of its own, so that the page's limit per address does not protect its queue, and waits as
long as the page tells it to. Exit code 1 if an answer was neither a verdict nor 429 or 503 with a time to wait, if
answers took longer than the queue explains, or if the server's memory grew.
"""

import argparse
import http.client
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

from edge_app.bench import process_stats
from edge_app.sources import sample

CLIENTS, SECONDS = 50, 120
# Films taken of a folder: clients send different ones, and all of them fit into memory.
OF_A_FOLDER = 10
# Seconds for an answer; the page gives up after `inference_queue.PATIENCE` itself.
PATIENCE = 180
# The most that the 95th percentile may be, in times of what a full queue takes on average: films differ.
TIMES_THE_QUEUE = 2
# The most memory, in times of the peak of the first quarter: allocators keep some, but a leak would exceed this.
TIMES_THE_MEMORY = 1.15


def main() -> int:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m edge_app.bench.page_load", description=__doc__)
    parser.add_argument(
        "films", nargs="*", type=Path, metavar="FILM", help="films or folders of films (default: the sample film)"
    )
    parser.add_argument("--clients", type=int, default=CLIENTS, help="clients at a time (default %(default)s)")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for which films are sent (default %(default)s)")
    args = parser.parse_args()
    films = [path.read_bytes() for path in chosen(args.films or [sample.path()])]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "edge_app", "serve", "--port", "0", "--state", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                assert server.stdout  # since it is a pipe
                port = int(server.stdout.readline().strip().rstrip("/").rpartition(":")[2])
                told, memory = load(port, films, args.clients, args.seconds, server.pid)
            finally:
                server.terminate()
    from edge_app.web.readings.inference_queue import MOST_WAITING

    return report(told, memory, args.seconds, MOST_WAITING)


def chosen(paths: list[Path]) -> list[Path]:
    """Return the films to send, in turn: files that are named, and some of each folder, evenly spread."""
    found = []
    for path in paths:
        inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        found += inside[:: max(1, len(inside) // OF_A_FOLDER)]
    return found


def load(port: int, films: list[bytes], clients: int, seconds: float, server: int) -> tuple[list, list[float]]:
    """Send films from many clients.

    Args:
        port: of the page on the loopback, without a password.
        films: bytes of files.
        clients: at a time, at most 250.
        seconds: for which a new film is sent.
        server: id of the process.

    Returns:
        (status, or the name of a fault; seconds; whether a time to wait was told) of each request, and MB of all the
        server's processes, some ten times a second.
    """
    told, memory = [], []
    end = time.monotonic() + seconds

    def client(number: int) -> None:
        # RFC 1122: all of 127.0.0.0/8 is this machine.
        address = f"127.0.1.{number + 1}"
        turn = number
        while (started := time.monotonic()) < end:
            status, wait = _send(port, films[turn % len(films)], address)
            told.append((status, time.monotonic() - started, wait > 0))
            turn += 1
            time.sleep(max(0, min(wait, end - time.monotonic())))

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        memory.append(process_stats.memory_mb(server)[1])
        time.sleep(0.1)
    return told, memory


def _send(port: int, film: bytes, address: str) -> tuple[int | str, int]:
    """Send a film; return the status, or the name of a fault, and how many seconds to wait."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE, source_address=(address, 0))
    try:
        asked.request("POST", "/api/v1/classify", film, {"Content-Type": "application/octet-stream"})
        answer = asked.getresponse()
        answer.read()
        return answer.status, int(answer.getheader("Retry-After", "0"))
    except (OSError, http.client.HTTPException) as error:
        return type(error).__name__, 0
    finally:
        asked.close()


def report(told: list, memory: list[float], seconds: float, queue: int) -> int:
    """Print what was found; return the exit code."""
    statuses = Counter(status if wait or status == 200 else f"{status} without Retry-After" for status, _, wait in told)
    read = sorted(took for status, took, _ in told if status == 200)
    if len(read) < queue:
        print(f"only {len(read)} films were read: too few to say anything")
        return 1
    p95, full = read[int(0.95 * (len(read) - 1))], queue * seconds / len(read)
    quarter = len(memory) // 4
    first, last = max(memory[:quarter]), max(memory[-quarter:])
    print(", ".join(f"{count} x {status}" for status, count in sorted(statuses.items(), key=str)))
    print(f"{len(read)} films in {seconds:.0f} s; a full queue of {queue} takes {full:.1f} s")
    print(f"a film took {statistics.median(read):.1f} s, 95 of 100 at most {p95:.1f} s, the slowest {read[-1]:.1f} s")
    print(f"memory of all processes: {first:.0f} MB at most in the first quarter, {last:.0f} MB in the last")
    fine = set(statuses) <= {200, 429, 503} and p95 <= TIMES_THE_QUEUE * full and last <= TIMES_THE_MEMORY * first
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
