"""Who sends films: browsers and programs to the page, people into the folder, a modality to the DICOM node.

Each sends its next film as soon as its last one is answered, and waits as long as it is told to.
"""

import http.client
import itertools
import json
import subprocess
import threading
import time
from collections import deque
from pathlib import Path

from tests.system.soak.films import Film, Films, uid
from tests.system.soak.records import Records

# Films that lie in the folder and are not judged yet; those before it is cleared up; readings of the API that stay.
IN_FOLDER, FILES_THAT_STAY, READINGS_THAT_STAY = 6, 200, 300
# Films of one association, as a study has.
OF_AN_ASSOCIATION = 4
# Seconds before a modality tries again; for an answer.
AGAIN, PATIENCE = 1.0, 180
TITLE = "COVIDXRAY"
# Addresses of the loopback in turn (RFC 1122), since the page takes one film a second from one address.
ADDRESSES = 250


class Client(threading.Thread):
    """Sends films until it is ended.

    Attributes:
        sent: what it knows of each film that was taken.
        fault: the traceback that ended it, None while it works.
    """

    def __init__(self, films: Films, records: Records):
        super().__init__(daemon=True)
        self.films, self.records, self.fault = films, records, ""
        self._end, self._golden = threading.Event(), threading.Event()

    def run(self) -> None:
        """Send."""
        import traceback

        while not self._end.is_set():
            try:
                self.send()
            except Exception:  # a client that has ended must not look like a service that is fast
                self.fault = traceback.format_exc()
                return

    def show_golden(self) -> None:
        """Send the golden film next."""
        self._golden.set()

    def end(self) -> None:
        """Send no more."""
        self._end.set()

    def is_golden_due(self) -> bool:
        """Return whether the next film is the golden one, once."""
        due = self._golden.is_set()
        self._golden.clear()
        return due

    def send(self) -> None:
        """Send the next film, or several."""
        raise NotImplementedError


class Caller(Client):
    """Sends films to the API, and deletes its old readings."""

    numbers = itertools.count()

    def __init__(self, films: Films, records: Records, port: int, token: str):
        super().__init__(films, records)
        self._port, self._token = port, token
        self.kept: deque[tuple[str, int]] = deque()
        self.sent: set[str] = set()
        self.deleted: dict[str, int] = {}

    def send(self) -> None:
        """Send one."""
        golden = self.is_golden_due()
        film = self.films.golden() if golden else self.films.plain()
        began = time.monotonic()
        status, told, wait = self._ask("POST", "/api/v1/classify", film.content)
        outcome = {200: "judged", 422: "failed", 429: "busy", 503: "busy"}.get(status, f"status {status}")
        self.records.answer("page", time.monotonic() - began, outcome)
        if status == 200:
            row = json.loads(told)
            self.sent.add(row["id"])
            self.kept.append((row["id"], film.number))
            if golden:
                self.records.golden("page", row)
        if len(self.kept) > READINGS_THAT_STAY:
            oldest, number = self.kept.popleft()
            if self._ask("DELETE", f"/api/v1/results/{oldest}")[0] == 204:
                self.deleted[oldest] = number
        self._end.wait(wait)

    def _ask(self, method: str, path: str, content: bytes = b"") -> tuple[int | str, bytes, int]:
        address = f"127.0.2.{next(self.numbers) % ADDRESSES + 1}"
        asked = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE, source_address=(address, 0))
        head = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/octet-stream"}
        try:
            asked.request(method, path, content, head)
            answer = asked.getresponse()
            return answer.status, answer.read(), int(answer.getheader("Retry-After", "0"))
        except (OSError, http.client.HTTPException) as error:
            return type(error).__name__, b"", 1
        finally:
            asked.close()


class Copier(Client):
    """Puts films into the folder, and clears up those that were judged."""

    def __init__(self, films: Films, records: Records, folder: Path):
        super().__init__(films, records)
        self._folder, self._aside = folder, folder.with_name("inbox.tmp")
        for one in (self._folder, self._aside):
            one.mkdir(parents=True, exist_ok=True)
        self.sent: dict[str, Film] = {}
        self._waiting: dict[str, tuple[float, bool]] = {}
        self._done: deque[str] = deque()
        self._room = threading.Semaphore(IN_FOLDER)

    def send(self) -> None:
        """Put one there once there is room."""
        if not self._room.acquire(timeout=1):
            return
        golden = self.is_golden_due()
        film = self.films.golden() if golden else self.films.plain()
        path = self._folder / f"{len(self.sent)}{film.ending}"
        aside = self._aside / path.name
        aside.write_bytes(film.content)
        self._waiting[str(path)] = time.monotonic(), golden
        self.sent[str(path)] = film
        aside.rename(path)

    def judged(self, path: str, row: dict) -> None:
        """Take note of a row of the store."""
        began, golden = self._waiting.pop(path, (None, False))
        if began is None:
            return
        self.records.answer("folder", time.monotonic() - began, "failed" if row.get("error") else "judged")
        if golden:
            self.records.golden("folder", row)
        self._done.append(path)
        if len(self._done) > FILES_THAT_STAY:
            Path(self._done.popleft()).unlink()
        self._room.release()

    @property
    def waiting(self) -> int:
        """Films that are not judged yet."""
        return len(self._waiting)


class Modality(Client):
    """Sends studies by DCMTK's storescu, again until all of a study is taken."""

    def __init__(self, films: Films, records: Records, port: int, folder: Path):
        super().__init__(films, records)
        self._port, self._folder = port, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.sent: dict[str, Film] = {}

    def send(self) -> None:
        """Send one study."""
        study = [self.films.dicom() for _ in range(OF_AN_ASSOCIATION)]
        if self.is_golden_due():
            study[0] = self.films.golden()
        paths = [self._folder / f"{one}.dcm" for one in range(len(study))]
        for path, film in zip(paths, study, strict=True):
            path.write_bytes(film.content)
        line = ["storescu", "-aet", "XRAYROOM1", "-aec", TITLE, "-to", "10", "127.0.0.1", str(self._port)]
        while not self._end.is_set():
            began = time.monotonic()
            done = subprocess.run([*line, *map(str, paths)], capture_output=True, check=False, timeout=PATIENCE)
            if done.returncode == 0:
                self.records.answer("dicom", (time.monotonic() - began) / len(study), "judged")
                self.sent |= {uid(film.number): film for film in study}
                return
            self.records.answer("dicom", time.monotonic() - began, "busy")
            self._end.wait(AGAIN)
