"""Measure what indexing costs by the number of films: `python -m train index-scale`, on synthetic rows.

Each size is measured in a process of its own, so that the greatest memory is that size's. What is measured is what
`train index` does once films are decoded: near-duplicates, settling, groups, splits, writing the index and reading it.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from train.experiments import synthetic_rows as synthetic
from train.index import index
from train.index.components import components
from train.index.thumbnails import Thumbnails

SIZES = (10_000, 100_000, 1_000_000)


def add_parser(subparsers) -> None:
    """Declare `train index-scale`."""
    parser = subparsers.add_parser("index-scale", help="measure time and memory of the index on synthetic rows")
    parser.add_argument("--films", type=int, nargs="+", default=SIZES, help="sizes, thousands (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/index-scale"), help="folder (%(default)s)")
    parser.add_argument("--scratch", type=Path, help="folder for thumbnails, 16 kB a film (default: the system's)")
    parser.add_argument("--one", action="store_true", help="measure one size in this process and print it")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Measure each size that is not measured yet, and draw the plot."""
    if wrong := [films for films in args.films if films < synthetic.BLOCK or films % synthetic.BLOCK]:
        raise WrongUsage(f"--films: {wrong[0]} is not a number of thousands; give such as 10000.")
    if args.one:
        print(json.dumps(measure(args.films[0], args.scratch)))
        return 0
    args.out.mkdir(parents=True, exist_ok=True)
    record_path = args.out / "scale.json"
    sizes = json.loads(record_path.read_text())["sizes"] if record_path.exists() else {}
    for films in args.films:
        if str(films) not in sizes:
            words = [sys.executable, "-m", "train", "index-scale", "--one", "--films", str(films)]
            words += ["--scratch", str(args.scratch)] if args.scratch else []
            ran = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=True)
            sizes[str(films)] = json.loads(ran.stdout.splitlines()[-1])
            atomic_io.write_json(record_path, _record(sizes))
        print(films, json.dumps(sizes[str(films)]))
    from train.reporting import plots

    plots.scale({int(films): figures for films, figures in sizes.items()}, args.out / "scale.png")
    return 0


def _record(sizes: dict) -> dict:
    from train.reporting import provenance

    return {"commit": provenance.commit(), "versions": provenance.versions(), "sizes": sizes}


def measure(films: int, scratch: Path | None = None) -> dict:
    """Index synthetic films and return the figures, in seconds and MiB.

    Args:
        films: how many, a multiple of `synthetic.BLOCK`.
        scratch: folder for their thumbnails; None: the system's.
    """
    painter, spent = synthetic.Painter(), {}
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        with _timed("drawing", spent):
            drawn, origin = _draw(painter, films, Path(folder))
            table = synthetic.rows(origin)
        with _timed("near-duplicates", spent):
            alike = index.near_duplicates(table, drawn)
        drawn.close()
        with _timed("split", spent):
            table = index.settled(table, alike, before=None)
        with _timed("writing and reading", spent):
            index.write(table, Path(folder) / "index.csv")
            table = index.read(Path(folder) / "index.csv")
        # KiB in Linux (getrusage(2)); before what follows, which is not a part of indexing.
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures = {"films": films, "cores": len(os.sched_getaffinity(0)), "peak_mib": round(most), **_sums(spent)}
        return figures | _quality(table, origin, alike)


def _draw(painter, films: int, folder: Path) -> tuple[Thumbnails, synthetic.Origin]:
    drawn = Thumbnails(folder / "thumbnails", synthetic.SIDE)
    origins, equals = [], []
    for number in range(films // synthetic.BLOCK):
        block = painter.block(number)
        drawn.append(block.thumbnails)
        origins.append(block.origin + number * synthetic.BLOCK)
        equals.append(block.equal)
    return drawn, synthetic.Origin(np.concatenate(origins), np.concatenate(equals))


@contextmanager
def _timed(name: str, spent: dict):
    """Note the seconds that a part takes, by the clock and of all cores together."""
    wall, busy = time.perf_counter(), time.process_time()
    yield
    spent[name] = {"s": time.perf_counter() - wall, "cpu_s": time.process_time() - busy}


def _sums(spent: dict) -> dict:
    parts = {name: {unit: round(value, 1) for unit, value in both.items()} for name, both in spent.items()}
    counted = [both for name, both in spent.items() if name != "drawing"]
    return {unit: round(sum(both[unit] for both in counted), 1) for unit in ("s", "cpu_s")} | {"parts": parts}


def _quality(table: pd.DataFrame, origin: synthetic.Origin, alike) -> dict:
    """Return how many planted copies were found, pairs that were not planted, and groups on two sides (none may be)."""
    copies = [(int(source), at) for at, source in enumerate(origin.of) if source != at]
    planted = components((f"{one:09d}", f"{other:09d}") for one, other in copies)
    found = {(pair.one, pair.other) for pair in alike}
    wrong = sum(planted.get(f"{a:09d}", a) != planted.get(f"{b:09d}", b) for a, b in found)
    group = table["group"].to_numpy()
    used = table.loc[table["split"] != ""]
    return {
        "copies": len(copies),
        "copies_found": int(sum(group[one] == group[other] for one, other in copies)),
        "pairs_not_planted": int(wrong),
        "groups_on_two_sides": int((used.groupby("group")["split"].nunique() > 1).sum()),
    }
