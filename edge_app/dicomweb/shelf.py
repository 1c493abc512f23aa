"""Films and their results that stay for some days, so that viewers can show them: files, and a list of them in SQLite.

What is here names patients, as the films do. It is deleted, list and file, when its days are over. A row counts if its
file is there; at the start, files that no row names are removed.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app import atomic_io
from edge_app.errors import StoreFault, WrongUsage
from edge_app.store.listing import Listing

if TYPE_CHECKING:
    import numpy as np
    from pydicom import Dataset

    from edge_app.dicom_network.judging import Made, Make
    from edge_app.screening.result import Screened

VERSION, SECONDS_OF_A_DAY = 1, 86400
# Seconds between two searches for what has been here for its days.
EXPIRES = 3600
# Instances that go at once where the disk is full: some films with their results.
AT_ONCE = 20
TABLES = """
CREATE TABLE shown (
    number INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, study TEXT NOT NULL, series TEXT NOT NULL,
    head TEXT NOT NULL, file TEXT NOT NULL, day INTEGER NOT NULL
);
CREATE INDEX shown_by_study ON shown (study, series);
"""
# What QIDO-RS may ask for and is answered with, of studies, series and instances (PS3.18 tables 10.6.3-3 to -5).
OF_STUDY = ("StudyDate", "StudyTime", "AccessionNumber", "ReferringPhysicianName", "PatientName", "PatientID")
OF_STUDY += ("PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyID", "StudyDescription")
OF_SERIES = ("Modality", "SeriesInstanceUID", "SeriesNumber", "SeriesDescription", "SeriesDate", "SeriesTime")
OF_INSTANCE = ("SOPClassUID", "SOPInstanceUID", "InstanceNumber", "Rows", "Columns", "BitsAllocated", "NumberOfFrames")
# Of all of them, how their texts are to be read: not in DICOM JSON, which is UTF-8 (PS3.18 F.2).
HEAD = OF_STUDY + OF_SERIES + OF_INSTANCE


class Instance(NamedTuple):
    """An instance that is here: its UIDs, what `HEAD` names of it as DICOM JSON, and its file."""

    study: str
    series: str
    uid: str
    head: dict
    path: Path


class Shelf:
    """What is shown; any thread may use it."""

    def __init__(self, folder: Path, days: int, free: int = 0):
        """Open or make it, and delete what is too old.

        Args:
            folder: of the node's state, which no other node uses.
            days: for which an instance stays at least, by this device's clock; below 0 none stays.
            free: bytes that stay free on the disk: where there are fewer, the oldest go first, since films that are to
                be judged need the room more.

        Raises:
            WrongUsage: the folder cannot be used.
            StoreFault: the list is damaged.
        """
        self._days, self._free, self.folder = days, free, folder / "shown"
        self._list = Listing(folder / "shown.sqlite", VERSION, TABLES)
        try:
            self.folder.mkdir(exist_ok=True, mode=0o700)
        except OSError as error:
            raise WrongUsage(f"{folder}: cannot be used ({error.strerror}); name a folder of yours.") from error
        self.expire()
        self._tidy()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._keep_expiring, name="dicom-shown", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Close the list."""
        self._ended.set()
        self._thread.join()
        self._list.close()

    def keeping(self, make: "Make", film: Callable[[], Path | None], is_sent: bool) -> "Make":
        """Return a function that makes results, keeps them here with their film, and returns what leaves.

        Args:
            make: makes results.
            film: returns the file of the film whose results are made.
            is_sent: whether they go to a PACS too.
        """

        def made(header: "Dataset", result: "Screened", grey: "np.ndarray") -> "Made":
            found = make(header, result, grey)
            objects = list(found.objects)
            self.put(film(), objects)
            return found._replace(objects=objects if is_sent else ())

        return made

    def put(self, film: Path | None, results: "Iterable[Dataset]") -> None:
        """Keep a film, under another name for the same bytes, and its results; they replace those of the same UIDs.

        Raises:
            OSError, StoreFault: they cannot be kept.
        """
        from pydicom import dcmread

        rows = []
        if film is not None:
            name = f"{uuid.uuid4().hex}.dcm"
            os.link(film, self.folder / name)
            rows.append(_row(dcmread(film, stop_before_pixels=True), name))
        for data_set in results:
            name = f"{uuid.uuid4().hex}.dcm"
            with atomic_io.writing(self.folder / name, 0o600) as file:
                data_set.save_as(file, enforce_file_format=True)
            rows.append(_row(data_set, name))
        atomic_io.fsync_dir(self.folder)
        with self._list.changing() as base:
            _remove(base, self.folder, "uid IN (SELECT value FROM json_each(?))", json.dumps([row[0] for row in rows]))
            base.executemany("INSERT INTO shown (uid, study, series, head, file, day) VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.expire()

    def expire(self) -> None:
        """Delete what has been here for its days, and the oldest while the disk has too little room."""
        with self._list.changing() as base:
            _remove(base, self.folder, "day < ?", _today() - self._days)
        while shutil.disk_usage(self.folder).free < self._free:
            with self._list.changing() as base:
                if not base.execute("SELECT count(*) FROM shown").fetchone()[0]:
                    return
                _remove(base, self.folder, "number IN (SELECT number FROM shown ORDER BY number LIMIT ?)", AT_ONCE)

    def find(self, study: str = "", series: str = "", uid: str = "") -> list[Instance]:
        """Return the instances of these UIDs, "" being any; the newest first.

        Raises:
            StoreFault: the list cannot be read.
        """
        wanted = {name: value for name, value in (("study", study), ("series", series), ("uid", uid)) if value}
        where = " AND ".join(f"{name} = ?" for name in wanted) or "1"
        with self._list.reading() as base:
            found = base.execute(
                f"SELECT study, series, uid, head, file FROM shown WHERE {where} ORDER BY number DESC",
                tuple(wanted.values()),
            ).fetchall()
        return [Instance(one, of, uid, json.loads(head), self.folder / name) for one, of, uid, head, name in found]

    def _keep_expiring(self) -> None:
        while not self._ended.wait(EXPIRES):
            with contextlib.suppress(StoreFault):  # the next film tells of it
                self.expire()

    def _tidy(self) -> None:
        with self._list.changing() as base:
            known = {name for (name,) in base.execute("SELECT file FROM shown")}
            here = {path.name for path in self.folder.iterdir()}
            for name in here - known:
                (self.folder / name).unlink()
            base.executemany("DELETE FROM shown WHERE file = ?", [(name,) for name in known - here])


def _remove(base: sqlite3.Connection, folder: Path, where: str, *values: int | str) -> None:
    """Delete rows and their files, in a transaction."""
    gone = base.execute(f"SELECT file FROM shown WHERE {where}", values).fetchall()
    base.execute(f"DELETE FROM shown WHERE {where}", values)
    for (name,) in gone:
        (folder / name).unlink(missing_ok=True)


def _row(data_set: "Dataset", name: str) -> tuple[str, str, str, str, str, int]:
    """Return the row of an instance; what cannot be read of its header is left out."""
    from pydicom import Dataset

    head = Dataset()
    for keyword in HEAD:
        with contextlib.suppress(Exception):  # of a damaged header; without it the instance is shown all the same
            head[keyword] = data_set[keyword]
    text = json.dumps(head.to_json_dict(suppress_invalid_tags=True))
    uids = (str(data_set.SOPInstanceUID), str(data_set.StudyInstanceUID), str(data_set.SeriesInstanceUID))
    return *uids, text, name, _today()


def _today() -> int:
    return int(time.time() // SECONDS_OF_A_DAY)
