"""A soak from its first film to its last: the services, who sends to them, who receives of them, and the samples."""

import contextlib
import json
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from edge_app.events import webhook
from edge_app.sources import sample
from edge_app.web.http import settings_file
from tests.support.dicom_node import Pacs
from tests.support.ports import free_port
from tests.support.receiver import Receiver
from tests.system.soak import kept, sampling
from tests.system.soak.cgroup import Group
from tests.system.soak.clients import Caller, Copier, Modality
from tests.system.soak.films import GOLDEN_DEVICE, Films
from tests.system.soak.records import Records
from tests.system.soak.services import NAMES, ROOT, Service
from tests.system.soak.shown import Shown

# Seconds between two samples, and from one golden film to the next.
SAMPLE, MINUTE = 10.0, 60.0
# Who sends at the same time to the page.
CALLERS = 3
# Shares of the run in which the receiver of events is away: more events come than the queue may hold in four hours.
EVENTS_AWAY = (0.3, 0.6)
# Shares in which the PACS is away: results reach --most-waiting, and films are answered with "out of resources".
PACS_AWAY = (0.35, 0.4)
# Limits that are reached: megabytes of films for the viewer, and films and results that wait in the node.
FILMS_MB, MOST_WAITING = 40, 40
# Seconds in which what still waits at the end is judged.
LAST = 60


@dataclass
class Plan:
    """What is run.

    Attributes:
        folder: of the run, made anew.
        seconds: for which films are sent.
        megabytes: of all services together; 0 for no group.
        data: folder of the collections.
        model: file; None for the one in use.
        videos: whether the camera sees films other than the golden one, which take long to draw.
    """

    folder: Path
    seconds: float
    megabytes: int
    data: Path
    model: Path | None = None
    videos: bool = True


class Soak:
    """One run."""

    def __init__(self, plan: Plan):
        self.plan, self.folder, self._open = plan, plan.folder, contextlib.ExitStack()
        shutil.rmtree(self.folder, ignore_errors=True)
        self.state = self.folder / "state"
        (self.state / "page").mkdir(parents=True)
        self.stopped = threading.Event()

    def run(self) -> None:
        """Run for the time of the plan, or until `stopped` is set; write the records and `account.json`."""
        with self._open:
            self._prepare()
            self._start()
            self.records.began = time.monotonic()
            for one in self.clients:
                one.start()
            self._work()
            account = self._account()
        (self.folder / "account.json").write_text(json.dumps(account, indent=1))

    def _prepare(self) -> None:
        """Make the films, the video, the receivers and the settings."""
        self.films = Films(self.plan.data, self.folder / "templates")
        golden = _grey_of_sample()
        self.shown = Shown(self.films.greys[::3] if self.plan.videos else [], golden, MINUTE)
        self._open.callback(self.shown.close)
        self.told: list[str] = []
        self.receiver: Receiver | None = Receiver(self._told, Connection="close")
        self.receiver_port, self.pacs = self.receiver.port, Pacs()
        self.pacs_port, self.stored = self.pacs.port, 0
        settings = {"webhook_on": True, "webhook_url": self.receiver.url, "webhook_secret": webhook.new_secret()}
        settings_file.write(self.state / "page", settings)
        serve = [sys.executable, "-m", "edge_app", "serve", "--state", str(self.state / "page")]
        ask = {"cwd": ROOT, "check": True, "capture_output": True, "text": True}
        subprocess.run([*serve, "--set-password"], input="soak-" * 4 + "\n", **ask)
        self.token = subprocess.run([*serve, "--new-token", "soak"], **ask).stdout.split()[-1]

    def _start(self) -> None:
        """Start the services and, not yet at work, the clients."""
        ports = {name: free_port() for name in NAMES}
        inbox = self.folder / "inbox"
        self.records = Records(self.folder)
        self._open.callback(self.records.close)
        self.copier = Copier(self.films, self.records, inbox)
        model = f" --model {self.plan.model}" if self.plan.model else ""
        options = {
            "PAGE_PORT": str(ports["page"]),
            "PAGE_OPTIONS": f"--films-mb {FILMS_MB}{model}",
            "INBOX": str(inbox),
            "WATCH_OPTIONS": model,
            "CAMERA": self.shown.address,
            "CAMERA_OPTIONS": f"--json --port {ports['camera']}{model}",
            "DICOM_PORT": str(ports["dicom"]),
            "DICOM_OPTIONS": f"--most-waiting {MOST_WAITING} --send-to PACS@127.0.0.1:{self.pacs_port}{model}",
        }
        self.group = Group(self.plan.megabytes) if self.plan.megabytes else None
        if self.group:
            self._open.callback(self.group.close)
        self.services = []
        for name in NAMES:
            self.services.append(Service(name, self.group, self.folder, options))
            self._open.callback(self.services[-1].close)
        self.camera_films = 0
        next(one for one in self.services if one.name == "camera").read = self._seen
        self.callers = [Caller(self.films, self.records, ports["page"], self.token) for _ in range(CALLERS)]
        self.modality = Modality(self.films, self.records, ports["dicom"], self.folder / "study")
        self.clients = [*self.callers, self.copier, self.modality]
        self.follower = kept.Follower(self.state / "results.sqlite", self._kept)
        self.follower.start()

    def _work(self) -> None:
        """Sample, send the golden film and let receivers go away and come back, until the time is over."""
        sampled = golden = -1e9
        while (now := self.records.now) < self.plan.seconds and not self.stopped.wait(0.5):
            self._come_and_go(now / self.plan.seconds)
            if now - golden >= MINUTE:
                golden = now
                for one in (self.callers[0], self.copier, self.modality):
                    one.show_golden()
            if now - sampled >= SAMPLE:
                sampled = now
                self.sample()
            faults = [one.fault for one in self.clients if one.fault]
            if faults:
                raise RuntimeError(f"a client ended:\n{faults[0]}")

    def sample(self) -> None:
        """Write down the figures of this moment; a service that has died is started again first."""
        figures: dict[str, float] = {}
        for service in self.services:
            service.lives()
            figures |= sampling.of_service(service.name, service.process.pid)
            figures[f"{service.name}_starts"] = service.starts
            figures[f"{service.name}_silence"] = round(service.longest_silence, 1)
        if self.group:
            figures |= self.group.figures()
        figures |= sampling.of_folder(self.folder) | sampling.of_queues(self.folder)
        self.records.sample(figures | {"camera_shown": self.shown.films, "camera_films": self.camera_films})

    def _come_and_go(self, share: float) -> None:
        away = EVENTS_AWAY[0] <= share < EVENTS_AWAY[1]
        if away and self.receiver:
            self.receiver.close()
            self.receiver = None
        elif not away and not self.receiver:
            self.receiver = Receiver(self._told, port=self.receiver_port, Connection="close")
        away = PACS_AWAY[0] <= share < PACS_AWAY[1]
        if away and self.pacs:
            self.pacs.close()
            self.stored += len(set(self.pacs.stored))
            self.pacs = None
        elif not away and not self.pacs:
            self.pacs = Pacs(self.pacs_port)

    def _told(self, number: int) -> int:
        """Answer an event: a connection that was made before the receiver went away is of no use any more."""
        receiver = self.receiver
        if receiver is None:
            return 503
        self.told.append(receiver.requests[number][1]["webhook-id"])
        return 204

    def _kept(self, path: str, row: dict, source: str, facts: dict) -> None:
        """Take a new row of the store."""
        if path:
            self.copier.judged(path, row)
        elif source == "dicom" and facts.get("device") == GOLDEN_DEVICE:
            self.records.golden("dicom", row)

    def _seen(self, line: str) -> None:
        """Take a line of the camera."""
        row, now = json.loads(line), time.monotonic()
        self.camera_films += 1
        self.records.answer("camera", now - self.shown.began, "failed" if row["error"] else "judged")
        if self.shown.is_golden:
            self.records.golden("camera", row)

    def _account(self) -> dict:
        """Let what was sent be judged, stop the services, and count."""
        for one in self.clients:
            one.end()
        for one in self.clients:
            one.join(LAST)
        end = time.monotonic() + LAST
        while time.monotonic() < end and (self.copier.waiting or sampling.of_queues(self.folder)["films_waiting"]):
            time.sleep(0.5)
        self.sample()
        lost_files = self.copier.waiting
        codes = {one.name: one.stop() for one in self.services}
        self.follower.end()
        if self.receiver:
            self.receiver.close()
        if self.pacs:
            self.pacs.close()
            self.stored += len(set(self.pacs.stored))
        store, sent = self.state / "results.sqlite", [one.sent for one in self.callers]
        deleted = {id: number for one in self.callers for id, number in one.deleted.items()}
        # A film that was deleted on the page is gone from the store, also what the folder noted of its copies.
        gone = set(deleted.values())
        copied = [path for path, film in self.copier.sent.items() if film.number not in gone]
        return {
            "seconds": round(self.records.now),
            "megabytes": self.plan.megabytes,
            "cgroup_version": self.group.version if self.group else 0,
            "films_of_collections": self.films.count,
            "codes": codes,
            "page": [len(set().union(*sent)), *kept.of_page(store, set().union(*sent), set(deleted))],
            "page_deleted": len(deleted),
            "folder": [len(copied), *kept.of_folder(store, copied)],
            "folder_deleted_on_page": len(self.copier.sent) - len(copied),
            "folder_waiting": lost_files,
            "dicom": [
                len(self.modality.sent),
                *kept.of_node(store, self.state / "dicom/node.sqlite", list(self.modality.sent)),
            ],
            "camera": [self.camera_films, self.shown.films],
            "results_stored_by_pacs": self.stored,
            "events": kept.events(self.state / "page/events.sqlite", self.told),
            "integrity": _integrity(store),
        }


def _integrity(store: Path) -> str:
    with contextlib.closing(kept.opened(store)) as base:
        return base.execute("PRAGMA integrity_check(1)").fetchone()[0]


def _grey_of_sample():
    from edge_app.imaging import radiograph

    return radiograph.read(sample.path(), 1000)
