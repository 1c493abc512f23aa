"""The record of a roll-out on the operator's disk: its waves, and what became of each device.

It is written whole, once a second at most while devices answer, so that a desk that died goes on where it stopped. What
is really in use the devices tell, each time anew; the record never replaces that, and may lack the last second.
"""

import contextlib
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from edge_app import atomic_io, json_text
from edge_app.errors import WrongUsage
from edge_app.fleet.message import Reply

VERSION = 1
# Seconds between two writings: 10,000 devices make a file of 2 MB, which takes a tenth of a second of work.
OFTEN = 1.0
# What may have become of a device. `DONE`: it has the new one and its doctor finds no fault. `FAILED`: it refused it,
# or has a fault. `GONE`: it could not be reached, and is asked again. `BACK`: it went back to what it had before.
WAITING, DONE, FAILED, GONE, BACK = "waiting", "done", "failed", "gone", "back"


@dataclass(frozen=True)
class Entry:
    """What became of a device: a state, what is in use there, and the sentence that says why it is so."""

    state: str = WAITING
    in_use: str = ""
    name: str = ""
    words: str = ""


@dataclass
class Record:
    """A roll-out.

    Attributes:
        sha256, file: of what is rolled out.
        waves: names of devices.
        entries: by name.
        watched: how many waves have been watched to their end.
        halted: why it stopped; empty while it goes on.
    """

    path: Path
    sha256: str
    file: str
    waves: list[list[str]]
    entries: dict[str, Entry]
    watched: int = 0
    halted: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _written: float = float("-inf")

    def note(self, name: str, state: str, reply: Reply | None = None, words: str = "") -> None:
        """Note what became of a device; for many threads. `mark` has it written for sure."""
        with self._lock:
            before = self.entries.get(name, Entry())
            used = {} if reply is None else {"in_use": reply.in_use, "name": reply.name}
            self.entries[name] = replace(before, state=state, words=words, **used)
            if time.monotonic() - self._written >= OFTEN:
                self._write()

    def mark(self, **changed) -> None:
        """Write all down, after a change of `watched` or `halted`, if one is given."""
        with self._lock:
            for name, value in changed.items():
                setattr(self, name, value)
            self._write()

    def _write(self) -> None:
        content = {"version": VERSION, "sha256": self.sha256, "file": self.file, "waves": self.waves}
        content |= {"watched": self.watched, "halted": self.halted}
        content |= {"devices": {name: asdict(entry) for name, entry in self.entries.items()}}
        try:
            atomic_io.write_json(self.path, content)
        except OSError as error:
            raise WrongUsage(
                f"{self.path}: the record cannot be written ({error.strerror}); name another with --record."
            ) from error
        self._written = time.monotonic()


def opened(path: Path, sha256: str, file: str, names: Sequence[str], waves: list[list[str]]) -> Record:
    """Return the record in a file, or a new one.

    Devices that joined the inventory since are in a last wave of their own, those that left it are left out.

    Raises:
        WrongUsage: the record is of another file, or damaged.
    """
    if not path.exists():
        return Record(path, sha256, file, waves, {name: Entry() for name in names})
    try:
        raw = json_text.parse(path.read_text(encoding="utf-8"))
        entries = {name: Entry(**entry) for name, entry in raw["devices"].items()}
        known, kept = [list(map(str, wave)) for wave in raw["waves"]], set(names)
        if raw["version"] != VERSION:
            raise ValueError(f"is not of version {VERSION}")
        found, of, watched, halted = raw["sha256"], str(raw["file"]), int(raw["watched"]), str(raw["halted"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongUsage(
            f"{path}: is not the record of a roll-out, or is damaged; name another with --record."
        ) from error
    if found != sha256:
        raise WrongUsage(f"{path}: is the record of another file ({json_text.quoted(of)}); name another with --record.")
    new = [name for name in names if name not in {one for wave in known for one in wave}]
    waves = [[name for name in wave if name in kept] for wave in known] + ([new] if new else [])
    return Record(path, sha256, file, waves, {name: entries.get(name, Entry()) for name in names}, watched, halted)


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep a second roll-out with the same record away.

    Raises:
        WrongUsage: one is under way, or the folder cannot be opened.
    """
    try:
        with atomic_io.alone(path.parent):
            yield
    except BlockingIOError as error:
        raise WrongUsage(f"{path.parent}: another roll-out with a record there is under way; wait for it.") from error
