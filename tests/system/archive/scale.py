"""20,000 films: how fast two workers are, that they say what `classify` says, and that kills cost nothing.

    python -m tests.system.archive.scale ../shared/data

On an idle machine of two cores this takes 12 minutes. Turns are paired: in each, the edge's own folder run and two
workers on all cores, and one worker on one core, take the same films one after another. A demand that is not met is
named at the end, and the exit code is 1.
"""

import argparse
import itertools
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from edge_app.bench import process_stats
from edge_app.sources import film_paths
from tests.support import archives

# What must be reached: of one worker's speed, of the edge's own on the same cores.
LEAST_OF_ONE, LEAST_OF_EDGE = 1.7, 0.85
# Films that are done when a worker and then the driver are killed, as shares of all.
WORKER_AT, DRIVER_AT = 0.1, 0.2
# Memory may grow by this from a quarter of the films to all: what parts in hand differ by from one moment to another.
MOST_GROWTH = 1.1


def main() -> int:
    """Run all, print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, help="folder of collections")
    parser.add_argument("--films", type=int, default=20_000)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--turn-films", type=int, default=2_000)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scale-") as place:
        base = Path(place)
        films = gather(args.data, args.films)
        found: dict = {"films": len(films), "cores": len(os.sched_getaffinity(0)), "turns": []}
        for number in range(args.turns):
            folder = link(base / f"turn{number}", films[number * args.turn_films :][: args.turn_films])
            found["turns"].append(turn(folder, base / f"table{number}"))
            print(json.dumps(found["turns"][-1]), flush=True)
        whole = link(base / "all", films)
        found |= killed(whole, base / "table", len(films))
        found["seconds_of_classify"], lines = classify(whole)
        found |= compared(lines, base / "table")
        quarter = link(base / "quarter", films[: len(films) // 4])
        found["pss_mb_of_a_quarter"] = memory(quarter, base / "table of a quarter")
        found["pss_mb_of_all"] = memory(whole, base / "table of all")
        print(json.dumps(found, indent=1))
    return verdict(found)


def gather(data: Path, count: int) -> list[tuple[Path, bool]]:
    """Return films in a fixed random order; those met again are marked, and will differ by a byte behind their end."""
    films = film_paths.expand([data]).films
    random.Random(1).shuffle(films)
    return [(film, at >= len(films)) for at, film in zip(range(count), itertools.cycle(films), strict=False)]


def link(folder: Path, films: list[tuple[Path, bool]]) -> Path:
    """Make a folder of links to films, a hundred in each of its folders, and of copies of those met again."""
    for at, (film, again) in enumerate(films):
        path = folder / f"{at // 100:04d}" / f"{at:06d}{film.suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if again:
            path.write_bytes(film.read_bytes() + b"\0" * (at // 1000 + 1))
        else:
            path.symlink_to(film.resolve())
    return folder


def classify(folder: Path) -> tuple[float, dict[str, dict]]:
    """Let the edge judge a folder; return seconds, and a line a path."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "edge_app", "classify", "--json", str(folder)]
    ran = subprocess.run(command, cwd=archives.ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return time.perf_counter() - started, {line["path"]: line for line in map(json.loads, ran.stdout.splitlines())}


def command(folder: Path, table: Path, workers: int) -> list[str]:
    """Return the command."""
    return [sys.executable, "-m", "train", "archive", str(folder), "--out", str(table), "--workers", str(workers)]


def turn(folder: Path, table: Path) -> dict:
    """Return films a second of the edge, of two workers, and of one worker on one core, over the same films."""
    seconds, lines = classify(folder)
    found = {"edge": len(lines) / seconds}
    for name, workers, before in (("two", 2, []), ("one", 1, ["taskset", "-c", "0"])):
        ran = subprocess.run(
            [*before, *command(folder, table.with_name(f"{table.name}-{name}"), workers)],
            cwd=archives.ROOT,
            capture_output=True,
            text=True,
        )
        told = re.search(r"([\d.]+) films a second", ran.stdout)
        assert told, ran.stderr
        found[name] = float(told[1])
    return found | {"two_of_one": found["two"] / found["one"], "two_of_edge": found["two"] / found["edge"]}


def killed(folder: Path, table: Path, films: int) -> dict:
    """Kill a worker and then the driver in the middle, and go on."""
    count = Counted(table)
    run = subprocess.Popen(command(folder, table, 2), cwd=archives.ROOT, stderr=subprocess.DEVNULL)
    count.wait(run, WORKER_AT * films)
    os.kill(next(pid for pid in process_stats.members(run.pid) if _is_worker(pid)), 9)
    count.wait(run, DRIVER_AT * films)
    run.kill()
    run.wait()
    kept = count.films()
    run = subprocess.Popen(command(folder, table, 2), cwd=archives.ROOT, stdout=subprocess.PIPE, text=True)
    told, _ = run.communicate()
    return {"kept_at_the_kill": kept, "told": told.strip()}


def memory(folder: Path, table: Path) -> float:
    """Return the most memory that a whole run of two workers has, all its processes, PSS in MB."""
    run, most = subprocess.Popen(command(folder, table, 2), cwd=archives.ROOT, stdout=subprocess.DEVNULL), 0.0
    while run.poll() is None:
        most = max(most, process_stats.memory_mb(run.pid)[1])
        time.sleep(1)
    return most


class Counted:
    """How many films a table has, part by part."""

    def __init__(self, table: Path):
        """Begin with none."""
        self._table, self._rows = table, {}

    def films(self) -> int:
        """Return how many films both tables have."""
        from pyarrow import parquet

        for path in self._table.glob("[rf]*/key=*/*.parquet"):
            if path not in self._rows:
                self._rows[path] = parquet.read_metadata(path).num_rows
        return sum(self._rows.values())

    def wait(self, run: subprocess.Popen, films: float) -> None:
        """Wait until `films` films are there, or the run has ended."""
        while self.films() < films and run.poll() is None:
            time.sleep(1)


def _is_worker(pid: int) -> bool:
    try:
        return b"ray::Worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def compared(lines: dict[str, dict], table: Path) -> dict:
    """Compare a table with what the edge says, film for film."""
    rows = [row for kind in ("results", "failed") for row in archives.rows(table, kind)]
    times = Counter(row["path"] for row in rows)
    told = ("verdict", "sha256", "error", "refusal_kind", "score_covid", "score_pneumonia")
    differ = [row["path"] for row in rows if [row[one] for one in told] != _edge(lines.get(row["path"]))]
    return {
        "lost": len(set(lines) - set(times)),
        "doubled": sum(count > 1 for count in times.values()),
        "differ": len(differ),
        "such_as": differ[:3],
        "outcomes": Counter(row["verdict"] or "not read" for row in rows),
    }


def _edge(line: dict | None) -> list:
    if line is None:
        return []
    scores = line["scores"] or {}
    kind = (line["refusal"] or {}).get("kind")
    return [line["verdict"], line["sha256"], line["error"], kind, scores.get("covid"), scores.get("pneumonia")]


def verdict(found: dict) -> int:
    """Name the demands that are not met; return the exit code."""
    turns = found["turns"]
    middle = {name: sorted(one[name] for one in turns)[len(turns) // 2] for name in turns[0]}
    unmet = [
        sentence
        for met, sentence in (
            (middle["two_of_one"] >= LEAST_OF_ONE, f"two workers are {middle['two_of_one']:.2f} times one"),
            (middle["two_of_edge"] >= LEAST_OF_EDGE, f"two workers are {middle['two_of_edge']:.2f} of the edge"),
            (not found["lost"] and not found["doubled"], f"{found['lost']} lost, {found['doubled']} doubled"),
            (not found["differ"], f"{found['differ']} films differ from classify"),
            (
                found["pss_mb_of_all"] <= MOST_GROWTH * found["pss_mb_of_a_quarter"],
                f"memory grows from {found['pss_mb_of_a_quarter']:.0f} to {found['pss_mb_of_all']:.0f} MB",
            ),
        )
        if not met
    ]
    print("\n".join(unmet) or "all demands are met")
    return int(bool(unmet))


if __name__ == "__main__":
    sys.exit(main())
