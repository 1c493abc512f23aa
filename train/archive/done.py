"""What a table has: by the film's name, size and time of change, so that it need not be read again, and by content.

Both are kept as sorted arrays, 16 and 24 bytes a film, so that ten million films take 0.4 GB; workers on one machine
share them.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from train.archive import table
from train.archive.storage import Store

# How many of the 32 bytes of a SHA-256 are compared: among a hundred million films the chance that two that differ have
# the same is 1e-23.
BYTES = 16


@dataclass(frozen=True)
class Done:
    """What a table has of one key.

    Attributes:
        stamps: S16 (N,), sorted, of all films that need not be looked at again.
        hashes: S16 (M,), sorted, the first bytes of the SHA-256 of the films in the results.
        places: uint32 (M, 2), the part and the row of each of `hashes`.
        parts: names of the parts.
        results, failed: how many rows the tables have.
    """

    stamps: np.ndarray
    hashes: np.ndarray
    places: np.ndarray
    parts: list[str]
    results: int = 0
    failed: int = 0

    def are_known(self, stamps: list[bytes]) -> list[bool]:
        """Say of stamps whether the table has their films."""
        return (_find(self.stamps, np.array(stamps, f"S{BYTES}")) >= 0).tolist()

    def place(self, sha256: str) -> tuple[str, int] | None:
        """Return (part, row) of the film with this content; None if it was not judged."""
        at = int(_find(self.hashes, np.array([bytes.fromhex(sha256)[:BYTES]], f"S{BYTES}"))[0])
        return None if at < 0 else (self.parts[self.places[at, 0]], int(self.places[at, 1]))


def read(store: Store, key: str, again: bool = False) -> Done:
    """Read what a table has.

    Films whose bytes could not be had are taken out of the table of failed films, so that each run tries them again.

    Args:
        store: of the table.
        key: of `table.key`.
        again: take all films out of the table of failed ones.
    """
    stamps, hashes, places, parts = [], [], [], []
    failed = _kept_failures(store, key, again)
    for name in store.names(f"{table.RESULTS}/key={key}"):
        part = _columns(store, name)
        digests = [bytes.fromhex(text)[:BYTES] for text in part["sha256"].to_pylist()]
        places += [(len(parts), row) for row in range(len(digests))]
        hashes.append(np.array(digests, f"S{BYTES}"))
        stamps.append(np.array(part[table.STAMP].to_pylist(), f"S{BYTES}"))
        parts.append(name)
    results = sum(map(len, stamps))
    digests, order = _sorted(hashes)
    placed = np.array(places, np.uint32).reshape(-1, 2)[order]
    return Done(_sorted([*stamps, *failed])[0], digests, placed, parts, results, sum(map(len, failed)))


def _kept_failures(store: Store, key: str, again: bool) -> list[np.ndarray]:
    """Return the stamps of failed films that are not to be tried again, and take the others out of the table."""
    import pyarrow as pa
    from pyarrow import parquet

    found = []
    for name in store.names(f"{table.FAILED}/key={key}"):
        if again:
            store.remove(name)
            continue
        with store.fs.open(store.path(name), "rb") as file:
            whole = parquet.read_table(file)
        kept = whole.filter(pa.array(map(bool, whole["sha256"].to_pylist()), pa.bool_()))
        if not len(kept):
            store.remove(name)
        elif len(kept) < len(whole):
            store.write(name, table.part(kept.to_pylist(), kept.schema))
        found.append(np.array(kept[table.STAMP].to_pylist(), f"S{BYTES}"))
    return found


def _columns(store: Store, name: str) -> Any:
    from pyarrow import parquet

    with store.fs.open(store.path(name), "rb") as file:
        return parquet.read_table(file, columns=["sha256", table.STAMP])


def _sorted(arrays: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return all values in their order, and which each was."""
    every = np.concatenate([np.empty(0, f"S{BYTES}"), *arrays])
    order = np.argsort(every, kind="stable")
    return every[order], order


def _find(values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return int (len(wanted),): where each is among sorted values, -1 where it is not."""
    at = np.searchsorted(values, wanted)
    inside = at < len(values)
    hit = np.zeros(len(wanted), bool)
    hit[inside] = values[at[inside]] == wanted[inside]
    return np.where(hit, at, -1)
