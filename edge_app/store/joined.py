"""The page's own store of before 0.4.0 goes into the one that page, folder and camera share."""

import contextlib
from pathlib import Path

from edge_app.errors import StoreFault
from edge_app.store import reading_tables
from edge_app.store.store import Store

# Runs get new numbers; all else has names of its own. The same film by the same model is kept once, the newer.
STEPS = (
    "CREATE TEMP TABLE moved AS SELECT id AS old, id + (SELECT coalesce(max(id), 0) FROM main.runs) AS new"
    " FROM own.runs",
    "INSERT INTO main.runs SELECT new, started, ended, program, model, model_sha256, operating_point, prevalence, terms"
    " FROM own.runs JOIN moved ON old = id",
    "INSERT OR IGNORE INTO main.films (run, film, model_sha256, operating_point, path, time, verdict, refusal, error,"
    " row) SELECT new, film, model_sha256, operating_point, path, time, verdict, refusal, error, row"
    " FROM own.films JOIN moved ON old = run",
    *(
        f"INSERT OR IGNORE INTO main.{table} SELECT * FROM own.{table}"
        for table in ("copies", "readings", "pictures", "reading_origins", "batches", "batch_films")
    ),
    "DROP TABLE moved",
)


def join(own: Path, shared: Path) -> None:
    """Move what is in the page's own store into the shared one, and leave a link in its place.

    With the link an older program's page, and `results --store` with the old file, find the shared store. A second
    call does nothing. If the power fails before the end, the next call does it again: nothing is there twice.

    Args:
        own: the page's own store; it may be missing.
        shared: the store of folder and camera; it may be missing.

    Raises:
        StoreFault: one of them cannot be read or written; nothing is changed then.
    """
    try:
        if own.resolve() == shared.resolve():
            return
        if own.is_file():
            _move(own, shared)
        elif not shared.exists():
            Store(shared).close()
        for path in (own, *(own.with_name(own.name + end) for end in ("-wal", "-shm"))):
            path.unlink(missing_ok=True)
        own.symlink_to(shared.resolve())
    except OSError as error:
        raise StoreFault(f"{own}: cannot be moved to {shared} ({error.strerror}); change their permissions.") from error


def _move(own: Path, shared: Path) -> None:
    with contextlib.closing(Store(own)) as page, page.guarded():
        reading_tables.make(page.base)
    with contextlib.closing(Store(shared)) as store, store.guarded():
        reading_tables.make(store.base)
        store.base.execute("ATTACH DATABASE ? AS own", (str(own),))
        store.base.execute("BEGIN IMMEDIATE")
        for step in STEPS:
            store.base.execute(step)
        store.base.execute("COMMIT")
        store.base.execute("DETACH DATABASE own")
