"""Make shards of the films of an index: each is a function of its task alone, so any engine may make them in any order.

A shard that is finished has a small JSON file beside it; a run that was stopped makes those that have none. The same
index, films and settings give the same bytes.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.errors import EdgeError, NoLungField
from edge_app.imaging import preprocess
from edge_app.model.classifier import LungFinder
from train.films import pixels, shards, treatments
from train.films.indexed_films import IndexedFilms
from train.films.treatments import Treatment
from train.index import index

# Films of a shard: 150 MB at 192 pixels, the hundreds of MB that object stores and Linux' read-ahead like.
FILMS_OF_A_SHARD = 4096
# Of the order in which films go into shards, so that each shard is a fair part of all collections.
ORDER_SEED = 0
WHOLE = np.array([0, 0, 1, 1], shards.CROP)


@dataclass(frozen=True)
class Task:
    """One shard to be made.

    Attributes:
        key: hash of everything that decides its bytes.
        path: of the shard.
        rows: positions of its films in the index.
        films: their paths in `data`, in the same order.
        data: the folder of the collections.
        size: side in pixels.
        treatment: how films are shown.
        lungs: the lung-field network.
    """

    key: str
    path: Path
    rows: tuple[int, ...]
    films: tuple[str, ...]
    data: Path
    size: int
    treatment: Treatment
    lungs: Path


# Runs a function on every task and yields the answers as they come, in any order.
Engine = Callable[[Callable[[Task], dict], Sequence[Task]], Iterable[dict]]


def here(function: Callable[[Task], dict], tasks: Sequence[Task]) -> Iterator[dict]:
    """Make one shard after the other in this process."""
    return map(function, tasks)


def make(
    indexed: IndexedFilms,
    size: int,
    treatment: Treatment,
    folder: Path,
    *,
    made_by: dict[str, Any],
    engine: Engine = here,
    films_of_a_shard: int = FILMS_OF_A_SHARD,
) -> dict:
    """Make the shards that are not made yet, then `films.csv`, `places.npy` and the manifest, which is returned.

    Args:
        indexed: the films.
        size: side of the network's input in pixels.
        treatment: how films are shown.
        folder: made if missing; shards of other films or settings in it are refused.
        made_by: what the manifest says of commit and versions.
        engine: who makes them.
        films_of_a_shard: as many or fewer.

    Raises:
        EdgeError: a film of the index cannot be read, or `folder` holds other shards.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tasks = _tasks(indexed, size, treatment, folder, films_of_a_shard)
    strangers = {path.name for path in folder.glob("*.array_record")} - {task.path.name for task in tasks}
    if strangers or any(_is_other(task) for task in tasks):
        raise EdgeError(f"{folder}: holds shards of another index or recipe; remove the folder, or choose another one.")
    missing = [task for task in tasks if finished(task) is None]
    for _ in tqdm(engine(make_shard, missing), total=len(missing), desc="shards", unit="shard", disable=None):
        pass
    records = [_demanded(task) for task in tasks]
    rows = np.concatenate([np.array(record["rows"], np.int64) for record in records])
    order = np.argsort(rows)
    films = indexed.table.iloc[rows[order]].reset_index(drop=True)
    _write_table(films, order, folder)
    manifest = {"format": shards.FORMAT, "index_sha256": indexed.index_sha256, "films": len(rows)}
    manifest |= shards.expected(size, treatment) | {"lungs_sha256": _lungs_hash(treatment, indexed.lungs)} | made_by
    kept = ("name", "films", "bytes", "sha256")
    manifest["shards"] = [{name: record[name] for name in kept} for record in records]
    atomic_io.write_json(folder / shards.MANIFEST, manifest)
    return manifest


def make_shard(task: Task) -> dict:
    """Make one shard and say in a JSON file beside it what it holds; return that. A pure function of the task.

    Films on which no lungs are found are left out, as in training from an index.

    Raises:
        EdgeError: a film cannot be read.
    """
    finder = LungFinder(task.lungs) if task.treatment.crop != "none" else None
    part = task.path.with_name(f".{task.path.name}.part")
    writer, rows = shards.module().ArrayRecordWriter(str(part), shards.WRITING), []
    for row, name in zip(task.rows, task.films, strict=True):
        seen = _seen(pixels.read_film(task.data / name, task.size), task, finder)
        if seen is not None:
            crop, shown = seen
            writer.write(crop.astype(shards.CROP).tobytes() + np.ascontiguousarray(shown).tobytes())
            rows.append(row)
    writer.close()
    with part.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    record = {"key": task.key, "name": task.path.name, "films": len(rows), "bytes": part.stat().st_size}
    atomic_io.rename(part, task.path)
    atomic_io.write_json(_beside(task), record | {"sha256": sha256, "rows": rows})
    return record


def finished(task: Task) -> dict | None:
    """Return what a shard that is made holds; None if it has to be made."""
    try:
        record = json.loads(_beside(task).read_text(encoding="utf-8"))
        whole = record["key"] == task.key and task.path.stat().st_size == record["bytes"]
    except (OSError, ValueError, KeyError):
        return None
    return record if whole else None


def _seen(grey: np.ndarray, task: Task, finder: LungFinder | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the crop, float (4,), and what a network sees of a film, uint8 (H, W); None if no lungs are found."""
    if finder is None:
        return WHOLE, preprocess.to_pixels(grey, task.size)
    try:
        parts = pixels.cropped(grey, finder.find_lungs(grey), task.size)
    except NoLungField:
        return None
    shown = treatments.finish(parts["pictures"], parts["masks"], task.treatment.outside, task.treatment.levels)
    return np.asarray(parts["boxes"]), shown


def _tasks(indexed: IndexedFilms, size: int, treatment: Treatment, folder: Path, most: int) -> list[Task]:
    films = indexed.table["path"].tolist()
    order = np.random.default_rng(ORDER_SEED).permutation(len(films))
    count = max(1, -(-len(films) // most))
    made_of = {"index": indexed.index_sha256, "lungs": _lungs_hash(treatment, indexed.lungs), "of": most}
    decides = json.dumps(made_of | {"format": shards.FORMAT, "order": ORDER_SEED} | shards.expected(size, treatment))
    key = hashlib.sha256(decides.encode()).hexdigest()
    tasks = []
    for name, rows in zip(shards.names(count), np.array_split(order, count), strict=True):
        some = tuple(films[row] for row in rows)
        # Whole paths: a worker may run in another folder.
        where = ((folder / name).resolve(), tuple(rows.tolist()), some, indexed.data.resolve())
        tasks.append(Task(key, *where, size, treatment, indexed.lungs.resolve()))
    return tasks


def _lungs_hash(treatment: Treatment, lungs: Path) -> str | None:
    return pixels.lungs_hash(lungs) if treatment.crop != "none" else None


def _beside(task: Task) -> Path:
    return task.path.with_suffix(".json")


def _is_other(task: Task) -> bool:
    """Return whether a shard of that name was made of other films or in another way."""
    try:
        return json.loads(_beside(task).read_text(encoding="utf-8"))["key"] != task.key
    except (OSError, ValueError, KeyError):
        return False


def _demanded(task: Task) -> dict:
    record = finished(task)
    if record is None:
        raise EdgeError(f"{task.path}: was not made, or not kept; look at the worker that made it, then go on.")
    return record


def _write_table(films: pd.DataFrame, order: np.ndarray, folder: Path) -> None:
    """Write the films in the order of the index, and where each is: `order` int (N,), the record of each row."""
    index.write(films, folder / shards.FILMS)
    with atomic_io.writing(folder / shards.PLACES) as file:
        np.save(file, order.astype(np.int64))
