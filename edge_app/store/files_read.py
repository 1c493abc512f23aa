"""The memory of a watch: what its files held when they were read last. Nothing here depends on the time of day."""

import contextlib

from edge_app.errors import StoreFault
from edge_app.sources.folder_scan import Stamp
from edge_app.sources.watching import Earlier
from edge_app.store import replaced
from edge_app.store.migrations import transaction
from edge_app.store.replaced import text
from edge_app.store.store import Store

# What a path held by the results that are kept of it; a film that could not even be hashed is known by its path alone.
KEPT = """SELECT film FROM (
    SELECT film, id FROM films WHERE path = :path AND film NOT LIKE 'path:%'
    AND NOT EXISTS (SELECT 1 FROM replaced WHERE replaced.film = films.film AND replaced.path = films.path)
    UNION ALL SELECT film, 0 FROM copies WHERE path = :path
) ORDER BY id DESC LIMIT 1"""
# Equal to the stamp of no file.
NO_STAMP = Stamp(-1, 0, 0, 0)
# Files that are noted in one transaction: each costs an SD card milliseconds.
AT_ONCE = 50


class FilesRead:
    """Remembers in a store what the files of a watch held: the `Memory` of a `FolderWatcher`."""

    def __init__(self, store: Store, ask: bool = True):
        """Make the tables if they are missing.

        Args:
            store: after `begin`.
            ask: tell what was read before this run; else only remember.

        Raises:
            StoreFault: they cannot be made.
        """
        self._store, self._ask = store, ask
        self._noted: dict[str, Earlier] = {}
        with store.guarded(), transaction(store.base):
            replaced.make(store.base)

    def earlier(self, path: str) -> Earlier | None:
        """Return what a path held; it counts as judged if this run's model and operating point judged it.

        Where that was not noted, since the run before was killed or is of an older program, its results tell.
        """
        if not self._ask:
            return None
        try:
            with self._store.guarded():
                found = self._store.base.execute(
                    "SELECT stamp, film, EXISTS (SELECT 1 FROM films WHERE films.film = files_read.film"
                    " AND model_sha256 = ? AND operating_point = ? AND error IS NULL) FROM files_read WHERE path = ?",
                    (*self._store.key, text(path)),
                ).fetchone()
                kept = None if found else self._store.base.execute(KEPT, {"path": text(path)}).fetchone()
        except StoreFault:  # the run tells of it with the next film, and goes on
            return None
        if kept:
            return Earlier(NO_STAMP, kept[0], judged=False)
        return found and Earlier(Stamp.parse(found[0]), found[1], bool(found[2]))

    def note(self, path: str, found: Earlier) -> None:
        """Remember what a path holds."""
        self._noted[path] = found
        if len(self._noted) >= AT_ONCE:
            self.save()

    def save(self) -> None:
        """Write what was noted; what cannot be written is read again after the next start."""
        noted, self._noted = self._noted, {}
        if not noted:
            return
        with contextlib.suppress(StoreFault), self._store.guarded(), transaction(self._store.base):
            self._store.base.executemany(
                "INSERT OR REPLACE INTO files_read VALUES (?, ?, ?)",
                [(text(path), found.sha256, str(found.stamp)) for path, found in noted.items()],
            )
