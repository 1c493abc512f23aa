"""The tables of readings: what the page shows of a film, beside the tables of a store's version.

They leave the version as it is, and table `readings` as version 0.1.0 made it, so that a program that is rolled back
finds its results and writes new ones: what came later stands in tables of its own, which triggers clear.
"""

from typing import TYPE_CHECKING

from edge_app.store.migrations import transaction

if TYPE_CHECKING:
    import sqlite3

# Where a film came from: `reading_origins.source`.
SOURCES = PAGE, API, FOLDER, CAMERA, DICOM = "page", "api", "folder", "camera", "dicom"
TABLES = (
    """CREATE TABLE IF NOT EXISTS readings (
        id TEXT PRIMARY KEY, film TEXT NOT NULL, time TEXT NOT NULL, label TEXT NOT NULL, verdict TEXT,
        kept_until TEXT NOT NULL, photograph INTEGER NOT NULL, row TEXT NOT NULL, checks TEXT NOT NULL
    )""",
    "CREATE INDEX IF NOT EXISTS readings_by_time ON readings (time)",
    "CREATE INDEX IF NOT EXISTS readings_by_label ON readings (label, time)",
    "CREATE INDEX IF NOT EXISTS readings_by_film ON readings (film)",
    """CREATE TABLE IF NOT EXISTS pictures (
        reading TEXT NOT NULL REFERENCES readings (id), name TEXT NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (reading, name)
    )""",
    """CREATE TABLE IF NOT EXISTS reading_origins (
        reading TEXT PRIMARY KEY REFERENCES readings (id), source TEXT NOT NULL, name TEXT NOT NULL DEFAULT '',
        batch TEXT NOT NULL DEFAULT '', facts TEXT NOT NULL DEFAULT '{}'
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS reading_origins_by_batch ON reading_origins (batch)",
    """CREATE TABLE IF NOT EXISTS batches (id TEXT PRIMARY KEY, time TEXT NOT NULL, kept_until TEXT NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS batch_films (
        batch TEXT NOT NULL REFERENCES batches (id), number INTEGER NOT NULL, name TEXT NOT NULL, label TEXT NOT NULL,
        state TEXT NOT NULL, since TEXT NOT NULL DEFAULT '', reading TEXT NOT NULL DEFAULT '',
        sentence TEXT NOT NULL DEFAULT '', PRIMARY KEY (batch, number)
    ) WITHOUT ROWID""",
    "CREATE INDEX IF NOT EXISTS batch_films_by_reading ON batch_films (reading)",
    """CREATE TRIGGER IF NOT EXISTS forget_readings AFTER DELETE ON films BEGIN
        DELETE FROM readings WHERE film = OLD.film AND NOT EXISTS (SELECT 1 FROM films WHERE film = OLD.film);
    END""",
    """CREATE TRIGGER IF NOT EXISTS forget_pictures AFTER DELETE ON readings BEGIN
        DELETE FROM pictures WHERE reading = OLD.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS forget_origins AFTER DELETE ON readings BEGIN
        DELETE FROM reading_origins WHERE reading = OLD.id;
        DELETE FROM batch_films WHERE reading = OLD.id;
    END""",
    # Where the films of a run come from, for those that get their reading later (`adopted`).
    "CREATE TABLE IF NOT EXISTS run_sources (run INTEGER PRIMARY KEY REFERENCES runs (id), source TEXT NOT NULL)",
    # Readings whose event may not be queued yet: see `untold`.
    "CREATE TABLE IF NOT EXISTS untold (reading TEXT PRIMARY KEY REFERENCES readings (id)) WITHOUT ROWID",
    """CREATE TRIGGER IF NOT EXISTS forget_untold AFTER DELETE ON readings BEGIN
        DELETE FROM untold WHERE reading = OLD.id;
    END""",
    """CREATE TRIGGER IF NOT EXISTS forget_batch_films AFTER DELETE ON batches BEGIN
        DELETE FROM batch_films WHERE batch = OLD.id;
    END""",
)
# Readings that a program before 0.4.0 kept, also one that was rolled back: its page and its camera were the sources.
ORIGINS = f"""INSERT INTO reading_origins (reading, source)
    SELECT id, CASE WHEN photograph = 0 AND json_extract(row, '$.camera') IS NOT NULL THEN '{CAMERA}' ELSE '{PAGE}' END
    FROM readings WHERE id NOT IN (SELECT reading FROM reading_origins)"""


def make(base: "sqlite3.Connection") -> None:
    """Make the tables that are missing, and bring the readings of an older program up to date, in one transaction.

    Raises:
        sqlite3.Error: they cannot be made, or another program holds the file.
    """
    with transaction(base):
        for statement in TABLES:
            base.execute(statement)
        base.execute(ORIGINS)
