"""The pictures of readings: drawn after the answer, kept in the store; and the films at full depth, in files."""

import contextlib
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_app.screening.run_context import RunContext
from edge_app.store.migrations import transaction
from edge_app.store.store import Store
from edge_app.web.readings.being_drawn import BeingDrawn
from edge_app.web.readings.film_file import FilmFile
from edge_app.web.readings.film_keeper import FilmKeeper

if TYPE_CHECKING:
    from edge_app.screening.result import Screened


class ReadingPictures:
    """The pictures and films of a `ReadingStore`.

    Attributes:
        being_drawn: readings whose pictures will come.
        films_awaited: readings whose film at full depth will come.
    """

    def __init__(self, store: Store, lock: threading.Lock, films: FilmKeeper | None):
        """Args: of the `ReadingStore`, open; films: where those at full depth are kept, None for nowhere."""
        self._store, self._base, self._lock, self._films = store, store.base, lock, films
        self.being_drawn, self.films_awaited = BeingDrawn(), BeingDrawn()

    @property
    def keeps_films(self) -> bool:
        """Whether films at full depth are kept."""
        return self._films is not None and self._films.keeps

    @contextlib.contextmanager
    def expected(self, id: str, drawable: bool, later: bool) -> Iterator[None]:
        """In the block a new reading is kept; before anybody can find it, note that its pictures will come.

        Args:
            id: of the reading.
            drawable: whether it has pictures: `draw` and `keep_film` will be called.
            later: whether after the block; `expect_no_more` is then the caller's.
        """
        if drawable:
            self.being_drawn.add(id)
            if self.keeps_films:
                self.films_awaited.add(id)
        try:
            yield
        except BaseException:
            self.expect_no_more(id)
            raise
        if not later:
            self.expect_no_more(id)

    def expect_no_more(self, id: str) -> None:
        """Note that nothing more will come of a reading."""
        self.being_drawn.done(id)
        self.films_awaited.done(id)

    def draw(self, id: str, result: "Screened", context: RunContext) -> None:
        """Draw and keep the pictures of a reading, unless it was deleted.

        Raises:
            StoreFault: they cannot be written.
        """
        from edge_app.web.readings.layers import layers

        try:
            drawn = layers(result, result.grey, context) if result.grey is not None else {}
            with self._lock, self._store.guarded(), transaction(self._base):
                self._base.executemany(
                    "INSERT INTO pictures SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM readings WHERE id = ?)",
                    [(id, *named, id) for named in drawn.items()],
                )
        finally:
            self.being_drawn.done(id)

    def insert(self, id: str, name: str, content: bytes) -> None:
        """Keep a picture of a reading, in the caller's transaction."""
        self._base.execute("INSERT INTO pictures VALUES (?, ?, ?)", (id, name, content))

    def get(self, id: str, name: str) -> bytes | None:
        """Return a picture by its name in `layers`; wait for it while it is being drawn; None if there is none."""
        self.being_drawn.wait(id)
        return self.kept(id, name)

    def kept(self, id: str, name: str) -> bytes | None:
        """Return a picture as `get` does, without waiting for it."""
        with self._lock, self._store.guarded():
            found = self._base.execute(
                "SELECT content FROM pictures WHERE reading = ? AND name = ?", (id, name)
            ).fetchone()
        return found and found[0]

    def keep_grey(self, id: str, result: "Screened") -> None:
        """Keep the grey levels that were judged as the film: of photographs, which are straightened."""
        from edge_app.imaging import deep_film
        from edge_app.web.readings import film_file

        if self.keeps_films and result.grey is not None:
            self.keep_film(id, film_file.pack(deep_film.plain(result.grey)))

    def keep_film(self, id: str, packed: bytes) -> None:
        """Keep a film, bytes of `film_file.pack`, unless its reading was deleted or it does not fit."""
        if self._films is not None:
            self._films.keep(id, packed, lambda: self._exists(id))

    def film(self, id: str) -> FilmFile | None:
        """Return the film at full depth of a reading; None if none is kept."""
        return self._films.open(id) if self._films is not None else None

    def has_film(self, id: str) -> bool:
        """Return whether a reading has a film at full depth, or will have one."""
        return id in self.films_awaited or self.film(id) is not None  # asked first: it may come in between

    def remove_orphans(self) -> None:
        """Delete the films whose readings are gone."""
        if self._films is not None:
            self._films.remove_all_but(self._ids)

    def _ids(self) -> set[str]:
        with self._lock, self._store.guarded():
            return {id for (id,) in self._base.execute("SELECT id FROM readings")}

    def _exists(self, id: str) -> bool:
        with self._lock, self._store.guarded():
            return self._base.execute("SELECT 1 FROM readings WHERE id = ?", (id,)).fetchone() is not None
