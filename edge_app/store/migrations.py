"""The versions of the store's tables, and the steps that make each out of the one before."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import sqlite3

# "CXRS", SQLite's `PRAGMA application_id`: it tells our files from those of other programs.
APPLICATION = 0x43585253
FIRST_TABLES = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY, started TEXT NOT NULL, ended TEXT, program TEXT NOT NULL, model TEXT NOT NULL,
    model_sha256 TEXT NOT NULL, operating_point TEXT NOT NULL, prevalence REAL, terms TEXT NOT NULL
);
CREATE TABLE films (
    id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), film TEXT NOT NULL, model_sha256 TEXT NOT NULL,
    operating_point TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, verdict TEXT, refusal TEXT, error TEXT,
    row TEXT NOT NULL, UNIQUE (film, model_sha256, operating_point)
);
CREATE INDEX films_by_time ON films (time);
CREATE TABLE copies (
    film TEXT NOT NULL, path TEXT NOT NULL, time TEXT NOT NULL, PRIMARY KEY (film, path)
) WITHOUT ROWID;
"""


class Migration(NamedTuple):
    """One step: `apply` makes version `version` out of the one before; its caller opens the transaction."""

    version: int
    apply: Callable[["sqlite3.Connection"], None]


def _first_tables(base: "sqlite3.Connection") -> None:
    for statement in FIRST_TABLES.split(";"):
        base.execute(statement)
    base.execute(f"PRAGMA application_id={APPLICATION}")


# From the oldest to the newest; a new file starts at version 0. Never change a step that was released; add another.
MIGRATIONS: tuple[Migration, ...] = (Migration(1, _first_tables),)


def version(base: "sqlite3.Connection") -> int:
    """Return the version of a store's tables; 0 for a file that has none yet."""
    return base.execute("PRAGMA user_version").fetchone()[0]


def migrate(base: "sqlite3.Connection", migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Bring a store to the newest version, one transaction a step; a step that fails leaves it at the version before.

    Raises:
        sqlite3.Error: a step failed, or another program holds the file.
    """
    for step in migrations:
        if version(base) < step.version:
            with transaction(base):
                if version(base) < step.version:  # another run may have been first
                    step.apply(base)
                    base.execute(f"PRAGMA user_version={step.version}")


@contextlib.contextmanager
def transaction(base: "sqlite3.Connection") -> Iterator[None]:
    """Do all of the block or nothing of it; after the block it is on the disk."""
    base.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        with contextlib.suppress(Exception):  # SQLite rolls back by itself where the disk is full
            base.execute("ROLLBACK")
        raise
    base.execute("COMMIT")
