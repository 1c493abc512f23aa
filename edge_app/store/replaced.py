"""What watched files held when they were read last, and which film took the place of which: two tables of a store.

They stand beside the tables of its version, as those of the page do, so that older programs read the store as before:
a program that is rolled back must find its results.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import sqlite3

TABLES = (
    """CREATE TABLE IF NOT EXISTS files_read (
        path TEXT PRIMARY KEY, film TEXT NOT NULL, stamp TEXT NOT NULL
    ) WITHOUT ROWID""",
    """CREATE TABLE IF NOT EXISTS replaced (
        film TEXT NOT NULL, path TEXT NOT NULL, by TEXT NOT NULL, PRIMARY KEY (film, path)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS replaced_by ON replaced (by, path)",
    "CREATE INDEX IF NOT EXISTS films_by_path ON films (path)",
    "CREATE INDEX IF NOT EXISTS copies_by_path ON copies (path)",
    # Older programs forget films too.
    """CREATE TRIGGER IF NOT EXISTS forget_files_read AFTER DELETE ON films
    WHEN NOT EXISTS (SELECT 1 FROM films WHERE film = OLD.film) BEGIN
        DELETE FROM files_read WHERE film = OLD.film;
        DELETE FROM replaced WHERE OLD.film IN (film, by);
    END""",
)


def text(name: str) -> str:
    """Escape the bytes of a file's name that are not text: SQLite holds text only; a row, as JSON, keeps them."""
    return name.encode(errors="backslashreplace").decode()


def make(base: "sqlite3.Connection") -> None:
    """Make the tables if they are missing, in a transaction."""
    for statement in TABLES:
        base.execute(statement)


def replace(base: "sqlite3.Connection", film: str, path: str, by: str) -> None:
    """Note, in a transaction, that the file at a path held one film and now holds another.

    Args:
        base: of a store.
        film, by: the sha256 of what it held, and of what it holds.
        path: as the store holds it.
    """
    make(base)
    base.execute("DELETE FROM replaced WHERE film = ? AND path = ?", (by, path))  # it has come back
    base.execute("INSERT OR REPLACE INTO replaced VALUES (?, ?, ?)", (film, path, by))
    base.execute("DELETE FROM copies WHERE film = ? AND path = ?", (film, path))


def replacements(base: "sqlite3.Connection") -> Callable[[str, str], dict[str, str | None]]:
    """Return a function of a film and its path: the sha256 of what it `replaces` there, and is `replaced_by`."""
    if not base.execute("SELECT 1 FROM sqlite_schema WHERE name = 'replaced'").fetchone():
        return lambda film, path: {"replaces": None, "replaced_by": None}

    def of(film: str, path: str) -> dict[str, str | None]:
        before = base.execute("SELECT film FROM replaced WHERE by = ? AND path = ?", (film, path)).fetchone()
        after = base.execute("SELECT by FROM replaced WHERE film = ? AND path = ?", (film, path)).fetchone()
        return {"replaces": before and before[0], "replaced_by": after and after[0]}

    return of
