"""Figures of one moment: memory, descriptors, threads and children of each service, files, the store, what waits."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from edge_app.bench import process_stats
from tests.system.soak.kept import opened

# Folders of a run whose files are counted and weighed.
FOLDERS = ("state/page", "state/dicom", "run")


def of_service(name: str, pid: int) -> dict[str, float]:
    """Return what a service holds, with its children: MB, descriptors, threads; and how many children it has."""
    members = process_stats.members(pid)
    rss, pss = process_stats.memory_mb(pid)
    return {
        f"{name}_rss_mb": round(rss, 2),
        f"{name}_pss_mb": round(pss, 2),
        f"{name}_descriptors": sum(_entries(f"/proc/{one}/fd") for one in members),
        f"{name}_threads": sum(_entries(f"/proc/{one}/task") for one in members),
        f"{name}_children": len(members) - 1,
    }


def of_folder(folder: Path) -> dict[str, float]:
    """Return files and MB of a run's folders, and of the store with its log."""
    found: dict[str, float] = {}
    for name in FOLDERS:
        sizes = [size for path in (folder / name).rglob("*") if (size := _size(path)) is not None]
        found |= {f"{name}_files": len(sizes), f"{name}_mb": round(sum(sizes) / 1e6, 3)}
    store = folder / "state" / "results.sqlite"
    found["store_mb"] = round((_size(store) or 0) / 1e6, 3)
    found["store_log_mb"] = round((_size(store.with_name(store.name + "-wal")) or 0) / 1e6, 3)
    found["kept_films_mb"] = round(sum(_size(one) or 0 for one in (folder / "state/page/films").glob("*")) / 1e6, 3)
    return found


def of_queues(folder: Path) -> dict[str, float]:
    """Return what waits, and how many readings the store has."""
    state = folder / "state"
    return {
        "readings": _count(state / "results.sqlite", "readings"),
        "events_waiting": _count(state / "page" / "events.sqlite", "waiting"),
        "films_waiting": _count(state / "dicom" / "node.sqlite", "films WHERE NOT judged"),
        "results_waiting": _count(state / "dicom" / "node.sqlite", "results"),
        "machine_load": os.getloadavg()[0],
    }


def _count(path: Path, table: str) -> int:
    try:
        with closing(opened(path)) as base:
            return base.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    except sqlite3.Error:  # not made yet
        return 0


def _entries(folder: str) -> int:
    try:
        return len(os.listdir(folder))  # noqa: PTH208 (thousands of times)
    except OSError:  # it has ended
        return 0


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None
