"""The store of results: it holds every film once, whatever happens, and is searched, exported and cleared.

A film is known by the hash of its bytes, whatever its name; its result belongs to one model and one operating point.
The store holds no picture and no patient's name, and no path if the run keeps none.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app import __version__
from edge_app.errors import StoreFault, WrongUsage
from edge_app.screening import decision
from edge_app.store import replaced
from edge_app.store.migrations import transaction
from edge_app.store.query import EVERYTHING, Query, literal
from edge_app.store.replaced import text
from edge_app.store.store_file import connect, fault

if TYPE_CHECKING:
    import sqlite3

    from edge_app.screening.result import Known, Result
    from edge_app.screening.run_context import RunContext


class Store:
    """One file of results: a sink of a run, and what the command `results` searches.

    After `begin`, `add` returns when the result is on the disk: only then may it be shown.
    """

    def __init__(self, path: Path, create: bool = True, shared: bool = False):
        """Open it; arguments and errors as of `store_file.connect`."""
        self.path = path
        self._base = connect(path, create, shared)
        self._identity = self._on_disk()
        self._run: int | None = None
        self._key: tuple[str, str] = ("", "")
        self._replace = False

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_):
        self.close()

    def begin(self, context: "RunContext", replace: bool = False) -> None:
        """Begin a run; with `replace`, a film that is judged again gets its new row."""
        self._key = context.key
        self._replace = replace
        with self.guarded(), transaction(self._base):
            done = self._base.execute(
                "INSERT INTO runs (started, program, model, model_sha256, operating_point, prevalence, terms)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (_now(), __version__, context.card.name, *self._key, context.prevalence, json.dumps(context.row())),
            )
            self._run = done.lastrowid

    def add(
        self,
        result: "Result | Known",
        key: tuple[str, str] | None = None,
        also: Callable[[], object] = lambda: None,
    ) -> None:
        """Keep a result; a film that is in the store already keeps its row, and its other path is noted.

        Args:
            result: of a film.
            key: by what it was judged, of `RunContext.key`; None: that of the run.
            also: writes into other tables of the file, in the same transaction.

        Raises:
            StoreFault: it cannot be written; all earlier results are kept.
        """
        row = result.row()
        # A film that could not be read has no hash; it is tried again, and is known by its path until then.
        path, error = text(row["path"]), row["error"] and text(row["error"])
        film = row["sha256"] or f"path:{path or row['time']}"
        refusal = row["refusal"] and row["refusal"]["kind"]
        values = (self._run, film, *(key or self._key), path, row["time"], row["verdict"], refusal, error)
        with self.guarded():
            self._still_there()
            with transaction(self._base):
                self._base.execute(
                    "INSERT INTO films (run, film, model_sha256, operating_point, path, time, verdict, refusal, error,"
                    " row) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET run=excluded.run,"
                    " path=excluded.path, time=excluded.time, verdict=excluded.verdict, refusal=excluded.refusal,"
                    " error=excluded.error, row=excluded.row WHERE films.error IS NOT NULL OR ?",
                    (*values, json.dumps(row | {"replaces": None}), self._replace and not row["error"]),
                )
                if row["verdict"] and path:
                    # A film that could not be read under this path has been read now.
                    self._base.execute("DELETE FROM films WHERE film = ?", (f"path:{path}",))
                    self._base.execute(
                        "INSERT OR IGNORE INTO copies SELECT film, ?, ? FROM films WHERE film = ? AND path <> ?",
                        (path, _now(), film, path),
                    )
                if row["replaces"]:
                    replaced.replace(self._base, row["replaces"], path, film)
                also()

    def known(self, sha256: str) -> dict | None:
        """Return the row of a film under this run's model and operating point; None if it was not judged."""
        with self.guarded():
            found = self._base.execute(
                "SELECT row, terms FROM films JOIN runs ON runs.id = run"
                " WHERE film = ? AND films.model_sha256 = ? AND films.operating_point = ? AND error IS NULL",
                (sha256, *self._key),
            ).fetchone()
        return found and _whole(*found)

    def search(self, query: Query = EVERYTHING) -> Iterator[dict]:
        """Yield rows as `Result.row` gave them, newest first, each with the fields of docs/results.md."""
        return islice(filter(query.meets, self._found(query)), query.limit)

    def _found(self, query: Query) -> Iterator[dict]:
        """Yield what `search` does, of all findings."""
        every = query.limit is None or query.findings
        where, values = query.where()
        with self.guarded():
            replacements = replaced.replacements(self._base)
            found = self._base.execute(
                "SELECT row, terms, run, runs.model, films.operating_point, film, CASE films.operating_point WHEN"
                " runs.operating_point THEN json_extract(terms, '$.site') END FROM films JOIN runs ON runs.id = run"
                f"{where} ORDER BY films.time DESC, films.id DESC LIMIT ?",
                (*values, -1 if every else query.limit),
            )
            for row, terms, number, model, rule, key, site in found:
                copies = self._base.execute("SELECT path FROM copies WHERE film = ? ORDER BY time", (key,)).fetchall()
                whole = _whole(row, terms)
                yield whole | {
                    "run": number,
                    "model": model,
                    "operating_point": rule,
                    "site": site and json.loads(site),
                    "copies": [path for (path,) in copies],
                    **replacements(key, text(whole["path"])),
                }

    def runs(self) -> list[dict]:
        """Return the runs, newest first: id, started, ended, program, model, operating_point, prevalence, films."""
        names = ("id", "started", "ended", "program", "model", "operating_point", "prevalence", "films")
        with self.guarded():
            found = self._base.execute(
                "SELECT id, started, ended, program, model, operating_point, prevalence,"
                " (SELECT count(*) FROM films WHERE run = runs.id) FROM runs ORDER BY id DESC"
            ).fetchall()
        return [dict(zip(names, row, strict=True)) for row in found]

    def forget(self, older_than_days: float | None = None, film: str | None = None) -> int:
        """Delete results so that nothing of them stays in the file; return how many.

        Args:
            older_than_days: all results that are older.
            film: its hash, a beginning of it that no other hash has, or its path.

        Raises:
            WrongUsage: `film` is the beginning of more than one hash.
        """
        where, value = "time < ?", _ago(older_than_days) if older_than_days is not None else ""
        with self.guarded():
            if film is not None:
                where, value = "film = ?", self._hash_of(film)
            with transaction(self._base):
                gone = self._base.execute(f"SELECT DISTINCT film FROM films WHERE {where}", (value,)).fetchall()
                count = self._base.execute(f"DELETE FROM films WHERE {where}", (value,)).rowcount
                for (key,) in gone:
                    self._base.execute(
                        "DELETE FROM copies WHERE film = ? AND film NOT IN (SELECT film FROM films)", (key,)
                    )
            self._base.execute("VACUUM")
            self._base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count

    def count(self) -> int:
        """Return how many results there are."""
        with self.guarded():
            return self._base.execute("SELECT count(*) FROM films").fetchone()[0]

    def check(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        with self.guarded():
            return self._base.execute("PRAGMA integrity_check(1)").fetchone()[0]

    def close(self) -> None:
        """End the run and close the file."""
        try:
            if self._run is not None:
                with self.guarded(), transaction(self._base):
                    self._base.execute("UPDATE runs SET ended = ? WHERE id = ?", (_now(), self._run))
        finally:
            self._run = None
            self._base.close()

    def _hash_of(self, film: str) -> str:
        found = self._base.execute(
            "SELECT DISTINCT film FROM films WHERE film LIKE ? ESCAPE '\\' OR path = ? LIMIT 2",
            (f"{literal(film)}%", film),
        ).fetchall()
        if len(found) > 1:
            raise WrongUsage(f"{film}: is the beginning of several hashes; write more of it.")
        return found[0][0] if found else film

    def _on_disk(self) -> tuple[int, int]:
        status = self.path.stat()
        return status.st_dev, status.st_ino

    def _still_there(self) -> None:
        """Notice a file that was removed or replaced: SQLite would go on writing into a file that has no name."""
        try:
            same = self._on_disk() == self._identity
        except OSError:
            same = False
        if not same:
            raise StoreFault(f"{self.path}: the store was removed while it was in use; start again to make a new one.")

    @property
    def run(self) -> int | None:
        """The number of this run in table `runs`; None before `begin`."""
        return self._run

    @property
    def key(self) -> tuple[str, str]:
        """By what this run judges, of `RunContext.key`."""
        return self._key

    @property
    def base(self) -> "sqlite3.Connection":
        """The connection, for other tables in the same file; use it within `guarded`."""
        return self._base

    def guarded(self) -> "_Guard":
        """Return a context that turns errors of SQLite into `StoreFault`."""
        return _Guard(self.path)


class _Guard:
    """Turn errors of SQLite into `StoreFault`."""

    def __init__(self, path: Path):
        self._path = path

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        import sqlite3

        if kind is not None and issubclass(kind, sqlite3.Error):
            raise fault(self._path, error) from error


def _whole(row: str, terms: str) -> dict:
    """Return a row; one that an older version wrote gets the findings that follow from what holds for its run."""
    return decision.with_findings(json.loads(row), json.loads(terms).get("operating_point", {}))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="milliseconds")
