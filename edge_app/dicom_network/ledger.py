"""What the node knows about instances: an SQLite file, and folders beside it, that outlive power cuts.

`arriving/` holds what is being received, `received/` films that wait to be judged or are kept, `results/` objects that
wait to be sent, `posts/` what waits for a FHIR server. A file counts once a row names it; at the start, files that no
row names are removed. A film's SOP Instance UID is kept as its hash, so that the file tells nobody whose films were
here. A result's is kept as it is until it is sent, since storage commitment needs it.
"""

import contextlib
import hashlib
import shutil
import threading
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app import atomic_io
from edge_app.dicom_network.posts import Posts
from edge_app.dicom_network.services import Limits
from edge_app.errors import WrongUsage, remedy
from edge_app.store.listing import Listing

if TYPE_CHECKING:
    from pydicom import Dataset

VERSION = 1
TABLES = """
CREATE TABLE films (
    number INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE, sop_class TEXT NOT NULL, syntax TEXT NOT NULL,
    sha256 TEXT NOT NULL, file TEXT NOT NULL, judged INTEGER NOT NULL DEFAULT 0, day INTEGER NOT NULL
);
CREATE TABLE results (
    uid TEXT PRIMARY KEY, sop_class TEXT NOT NULL, file TEXT NOT NULL, sent INTEGER NOT NULL DEFAULT 0,
    asked TEXT NOT NULL DEFAULT '', refusals INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX films_waiting ON films (number) WHERE NOT judged;
"""
# Days for which a judged film's UID is known, to recognise it if it is sent again: modalities send again within hours.
REMEMBERED_DAYS = 30
SECONDS_OF_A_DAY = 86400


class Film(NamedTuple):
    """What is known of a received film.

    Attributes:
        sop_class, syntax: UIDs.
        sha256: of the data set's bytes, hex.
        held: whether its file is here.
    """

    sop_class: str
    syntax: str
    sha256: str
    held: bool


class Item(NamedTuple):
    """A result: UIDs of its instance and its SOP Class, its file, and how often the PACS has refused it."""

    uid: str
    sop_class: str
    path: Path
    refusals: int


class Ledger:
    """The films that were received and the results that are to be sent; any thread may use it.

    Attributes:
        posts: the results that are to be posted to a FHIR server.
    """

    def __init__(self, folder: Path, limits: Limits, keep: bool = False):
        """Open or make it, and remove what a power cut left.

        Args:
            folder: of this node alone.
            limits: of what may wait.
            keep: films stay after they were judged.

        Raises:
            WrongUsage: the folder cannot be used, or another node uses it.
            StoreFault: the file is damaged.
        """
        self.limits, self._keep, self._alone = limits, keep, contextlib.ExitStack()
        self.arriving, self.received, self.results = (folder / name for name in ("arriving", "received", "results"))
        self.news, self.results_news = threading.Event(), threading.Event()
        try:
            for path in (folder, self.arriving, self.received, self.results):
                path.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._alone.enter_context(atomic_io.alone(folder))
        except BlockingIOError as error:
            raise WrongUsage(f"{folder}: another DICOM node uses this folder; name another with --state.") from error
        except OSError as error:
            what = remedy(error, "name a folder of yours")
            raise WrongUsage(f"{folder}: cannot be used ({error.strerror}); {what}.") from error
        self._list = Listing(folder / "node.sqlite", VERSION, TABLES)
        self.posts = Posts(self._list, folder / "posts")
        self._tidy()

    def close(self) -> None:
        """Close the file."""
        self._list.close()
        self._alone.close()

    def has_room(self) -> bool:
        """Say whether another film may come: by the films and results that wait, and by the disk."""
        tables = ("films WHERE NOT judged", "results", "posts")
        waiting = ", ".join(f"(SELECT count(*) FROM {one})" for one in tables)
        with self._list.reading() as base:
            counts = base.execute(f"SELECT {waiting}").fetchone()
        return max(counts) < self.limits.waiting and shutil.disk_usage(self.received).free > self.limits.free

    def film(self, uid: str) -> Film | None:
        """Return what is known of a film by its SOP Instance UID."""
        with self._list.reading() as base:
            found = base.execute(
                "SELECT sop_class, syntax, sha256, file <> '' FROM films WHERE uid = ?", (_hashed(uid),)
            ).fetchone()
        return found and Film(found[0], found[1], found[2], bool(found[3]))

    def kept(self, uid: str) -> str | None:
        """Return the SOP Class UID of a film whose file is here and stays; None for any other."""
        found = self.film(uid)
        return found.sop_class if found and found.held and self._keep else None

    def add_film(self, uid: str, sop_class: str, syntax: str, sha256: str, arrived: Path) -> None:
        """Take a film whose bytes lie in a file of `arriving`; after the return it is on the disk.

        Raises:
            OSError, StoreFault: it cannot be kept.
        """
        name = f"{uuid.uuid4().hex}.dcm"
        atomic_io.rename(arrived, self.received / name)
        with self._list.changing() as base:
            base.execute(
                "INSERT INTO films (uid, sop_class, syntax, sha256, file, day) VALUES (?, ?, ?, ?, ?, ?)",
                (_hashed(uid), sop_class, syntax, sha256, name, _today()),
            )
        self.news.set()

    def waiting(self, after: int, most: int = 50) -> list[tuple[int, Path]]:
        """Return (number, file) of films that are to be judged, the oldest first, behind a number."""
        with self._list.reading() as base:
            found = base.execute(
                "SELECT number, file FROM films WHERE NOT judged AND number > ? ORDER BY number LIMIT ?", (after, most)
            ).fetchall()
        return [(number, self.received / name) for number, name in found]

    def judged(self, number: int, made: "Iterable[Dataset]" = (), bundle: dict | None = None) -> None:
        """Note that a film is judged, and take what is to be sent and posted of it; all or nothing.

        Raises:
            OSError, StoreFault: that cannot be kept.
        """
        rows = [self._written(data_set) for data_set in made]
        post = self.posts.written(bundle) if bundle else None
        with self._list.changing() as base:
            base.executemany(
                "INSERT INTO results (uid, sop_class, file) VALUES (?, ?, ?)"
                " ON CONFLICT (uid) DO UPDATE SET file = excluded.file, sent = 0, asked = ''",
                rows,
            )
            if post:
                self.posts.insert(base, post)
            (name,) = base.execute("SELECT file FROM films WHERE number = ?", (number,)).fetchone()
            kept = name if self._keep else ""
            base.execute("UPDATE films SET judged = 1, file = ? WHERE number = ?", (kept, number))
            base.execute("DELETE FROM films WHERE judged AND file = '' AND day < ?", (_today() - REMEMBERED_DAYS,))
        if not kept:
            (self.received / name).unlink(missing_ok=True)
        if rows:
            self.results_news.set()
        if post:
            self.posts.news.set()

    def to_send(self) -> list[Item]:
        """Return the results that are not sent yet."""
        return self._items("NOT sent")

    def to_commit(self) -> list[Item]:
        """Return the results that are sent and not committed."""
        return self._items("sent")

    def sent(self, item: Item, to_commit: bool) -> None:
        """Note that the PACS has taken a result; without commitment it is done."""
        if not to_commit:
            self.forget(item)
            return
        with self._list.changing() as base:
            base.execute("UPDATE results SET sent = 1, asked = '' WHERE uid = ?", (item.uid,))

    def refused(self, item: Item) -> None:
        """Note that the PACS has refused a result."""
        with self._list.changing() as base:
            base.execute("UPDATE results SET refusals = refusals + 1 WHERE uid = ?", (item.uid,))

    def asked(self, items: Iterable[Item], question: str) -> None:
        """Note under which Transaction UID the PACS was asked to commit itself to results."""
        with self._list.changing() as base:
            base.executemany("UPDATE results SET asked = ? WHERE uid = ?", [(question, one.uid) for one in items])

    def committed(self, question: str, good: Iterable[str], bad: Iterable[str]) -> int:
        """Take the PACS's answer to a Transaction UID; what it has not got is sent again. Return how many that are."""
        found = {item.uid: item for item in self._items("sent AND asked = ?", question)} if question else {}
        for uid in found.keys() & set(good):
            self.forget(found[uid])
        again = [(uid,) for uid in found.keys() & set(bad)]
        with self._list.changing() as base:
            base.executemany("UPDATE results SET sent = 0, asked = '', refusals = refusals + 1 WHERE uid = ?", again)
        self.results_news.set()
        return len(again)

    def forget(self, item: Item) -> None:
        """Remove a result: it is where it belongs, or is given up."""
        with self._list.changing() as base:
            base.execute("DELETE FROM results WHERE uid = ?", (item.uid,))
        item.path.unlink(missing_ok=True)

    def _items(self, where: str, *values: str) -> list[Item]:
        with self._list.reading() as base:
            found = base.execute(
                f"SELECT uid, sop_class, file, refusals FROM results WHERE {where} ORDER BY rowid", values
            ).fetchall()
        return [Item(uid, sop_class, self.results / name, refusals) for uid, sop_class, name, refusals in found]

    def _written(self, data_set: "Dataset") -> tuple[str, str, str]:
        """Write a data set, as a file of PS3.10; return its row."""
        name = f"{uuid.uuid4().hex}.dcm"
        with atomic_io.writing(self.results / name, 0o600) as file:
            data_set.save_as(file, enforce_file_format=True)
        return str(data_set.SOPInstanceUID), str(data_set.SOPClassUID), name

    def _tidy(self) -> None:
        with self._list.reading() as base:
            films = {name for (name,) in base.execute("SELECT file FROM films")}
            results = {name for (name,) in base.execute("SELECT file FROM results")}
            posts = {name for (name,) in base.execute("SELECT file FROM posts")}
        known_by_folder = {self.arriving: set(), self.received: films, self.results: results, self.posts.folder: posts}
        for folder, known in known_by_folder.items():
            for path in folder.iterdir():
                if path.name not in known:
                    path.unlink()


def _hashed(uid: str) -> str:
    return hashlib.sha256(uid.encode()).hexdigest()


def _today() -> int:
    """Return the day by this device's clock, which may be wrong: then UIDs are forgotten early or late."""
    return int(time.time() // SECONDS_OF_A_DAY)
