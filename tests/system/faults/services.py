"""The page and the DICOM node on a disk that fails while they run: what they acknowledged is there later."""

import contextlib
import http.client
import io
import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support import dicom_node
from tests.support.faulty_programs import EDGE, MODEL, judged
from tests.support.faulty_runs import AT_MOST, ROOT, Program, Ran, integrity, rows
from tests.support.films import draw_film

FILMS = 3


class Service:
    """A program that serves, until it is ended; what it printed is read from a file, so that it never waits."""

    def __init__(self, words: list, environment: Mapping[str, str], said: Path):
        """Start it, and wait until it listens or has ended."""
        self.said, self.port = said, 0
        with said.open("w") as file:
            line = [str(word) for word in words]
            whole = os.environ | dict(environment)
            self.process = subprocess.Popen(
                line, cwd=ROOT, env=whole, stdout=file, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
            )
        end = time.monotonic() + AT_MOST
        while self.process.poll() is None and time.monotonic() < end:
            if found := re.search(r"istening (?:as \S+ )?at:? (?:https?://)?[\d.]+:(\d+)", said.read_text()):
                self.port = int(found[1])
                return
            time.sleep(0.05)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict, bytes]:
        """Return (status, headers, body) of a request to the page."""
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=AT_MOST)
        try:
            asked.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = asked.getresponse()
            return answer.status, dict(answer.headers), answer.read()
        finally:
            asked.close()

    def end(self) -> Ran:
        """Ask it to end; one that does not is killed."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        lines = []
        try:
            code = self.process.wait(AT_MOST)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code, lines = self.process.wait(), ["TIMEOUT"]
        return Ran(code, self.said.read_text(errors="surrogateescape").splitlines() + lines)


def png(seed: int) -> bytes:
    """Return a drawn film."""
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(draw_film(seed, 240, 200)).save(content, "PNG", compress_level=1)
    return content.getvalue()


def page() -> Program:
    """Return `serve`: films are sent, one gets a label, one is deleted, and the days are set for which all is kept."""

    def drive(program: Program, disk: Path, beside: Path, environment: Mapping[str, str]) -> Ran:
        service = Service(program.words(disk, beside), environment, beside / "said")
        kept = {"films": {}, "label": None, "gone": None, "days": None}
        if service.port:
            with contextlib.suppress(OSError, http.client.HTTPException):  # it was killed
                _use(service, kept)
        ran = service.end()
        ran.kept = kept
        return ran

    def broken(disk: Path, ran: Ran) -> list[str]:
        wrong = integrity(disk / "results.sqlite") + integrity(disk / "events.sqlite")
        return wrong or _page_wrong(disk, ran.kept)

    return Program(
        "serve",
        lambda disk, beside: [*EDGE, "serve", "--port", "0", "--state", disk, "--threads", "1", "--model", MODEL],
        lambda disk, beside: None,
        broken,
        lambda disk: None,
        drive,
        codes=(143, 0),
    )


def _use(service: Service, kept: dict) -> None:
    """Use the page as a person does; note what it says is done."""
    for seed in range(FILMS):
        status, _, body = service.ask("POST", "/api/v1/classify", png(1000 + seed), Content_Type="image/png")
        if status == 200:
            kept["films"][json.loads(body)["id"]] = json.loads(body)["verdict"]
        elif status not in (422, 503, 500, 507) or not body:
            raise AssertionError(f"a film was answered with {status} {body[:200]!r}")
        elif status == 500:
            raise AssertionError(f"a film was answered as if this program were at fault: {body[:300]!r}")
    status, headers, body = service.ask("GET", "/")
    if not (found := re.search(rb'name="csrf_token" value="([^"]+)"', body)):
        return
    cookie = headers.get("Set-Cookie", "").split(";")[0]
    form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    token = b"csrf_token=" + found[1]
    for number, id in enumerate(list(kept["films"])[:2]):
        if number == 0:
            status, *_ = service.ask("POST", f"/readings/{id}/label", token + b"&label=Ward7", **form)
            kept["label"] = id if status in (302, 303) else None
        else:
            status, *_ = service.ask("DELETE", f"/api/v1/results/{id}", X_CSRF_Token=found[1].decode(), Cookie=cookie)
            kept["gone"] = id if status == 204 else None
            kept["films"].pop(id)
    status, headers, _ = service.ask("POST", "/settings/keeping", token + b"&films_mb=2000&keep_days=77", **form)
    kept["days"] = 77 if status == 303 else None


def _page_wrong(disk: Path, kept: dict) -> list[str]:
    found = dict(rows(disk / "results.sqlite", "SELECT id, label FROM readings"))
    wrong = [f"a film that was answered for is not there: {id}" for id in kept.get("films", {}) if id not in found]
    if kept.get("label") and found.get(kept["label"]) != "Ward7":
        wrong.append("the label is not kept")
    if kept.get("gone") in found:
        wrong.append("a reading that was deleted is there")
    if kept.get("gone") and (disk / "films" / kept["gone"]).exists():
        wrong.append("the film of a reading that was deleted is there")
    if kept.get("days"):
        settings = json.loads((disk / "settings.json").read_text())
        if settings["values"].get("keep_days") != kept["days"]:
            wrong.append("what was set is not kept")
    return wrong


def node() -> Program:
    """Return `dicom-node`: films are sent by DCMTK's storescu; each that it took is judged once, now or later."""

    def prepare(disk: Path, beside: Path) -> None:
        for number in range(FILMS):
            dicom_node.film(beside / f"{number}.dcm", number)

    def drive(program: Program, disk: Path, beside: Path, environment: Mapping[str, str]) -> Ran:
        taken = beside / "taken.json"  # of the run before, on this disk
        known = set(json.loads(taken.read_text())) if (disk / "node").exists() else set()
        service = Service(program.words(disk, beside), environment, beside / "said")
        if service.port:
            for number in range(FILMS):
                line = ["storescu", "-aec", dicom_node.TITLE, "127.0.0.1", str(service.port), beside / f"{number}.dcm"]
                if not subprocess.run(line, capture_output=True, timeout=AT_MOST).returncode:
                    known.add(number)
            end = time.monotonic() + (5 if "LD_PRELOAD" in environment else AT_MOST)
            while time.monotonic() < end and len(judged(disk / "results.sqlite")) < len(known):
                time.sleep(0.1)
        taken.write_text(json.dumps(sorted(known)))
        ran = service.end()
        ran.kept = {"taken": sorted(known)}
        return ran

    def broken(disk: Path, ran: Ran) -> list[str]:
        wrong = integrity(disk / "results.sqlite") + integrity(disk / "node" / "node.sqlite")
        if wrong:
            return wrong
        found = judged(disk / "results.sqlite")
        waiting = rows(disk / "node" / "node.sqlite", "SELECT file FROM films WHERE NOT judged")
        lost = [name for (name,) in waiting if not (disk / "node" / "received" / name).exists()]
        wrong += [f"a film that waits has no file: {lost}"] if lost else []
        if len(found) + len(waiting) < len(ran.kept["taken"]):
            wrong.append(f"{len(ran.kept['taken'])} films were taken; {len(found)} are judged, {len(waiting)} wait")
        return wrong

    def words(disk: Path, beside: Path) -> list:
        more = ["--state", disk / "node", "--store", disk / "results.sqlite", "--port", "0", "--threads", "1"]
        return [*EDGE, "dicom-node", "--model", MODEL, *more]

    state = lambda disk: judged(disk / "results.sqlite")  # noqa: E731
    return Program("dicom-node", words, prepare, broken, state, drive, codes=(143, 0), late=True)


def programs() -> list[Program]:
    """Return those that can be tried here."""
    return [page(), node()] if shutil.which("storescu") else [page()]
