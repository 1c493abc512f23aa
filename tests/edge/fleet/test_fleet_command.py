"""`fleet` against real pages under TLS: what it shows, what it trusts, what it tells apart, and its exit code."""

import contextlib
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edge_app.fleet import scrape
from edge_app.fleet.figures import Figures, NoFigures
from edge_app.fleet.inventory import Device
from tests.support.broker import free_port
from tests.support.fleet_pages import TOKEN, FleetPage
from tests.support.program import ROOT


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Return two pages."""
    made = [FleetPage(tmp_path_factory.mktemp(name)) for name in ("one", "two")]
    yield made
    for page in made:
        page.stop()


@pytest.fixture
def desk(tmp_path, pages):
    """Return a function that runs `fleet` on targets, of the two pages unless others are given."""
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    (tmp_path / "pages.pem").write_text("".join(page.certificate.read_text() for page in pages))

    def run(*words, targets=None, token="token", code=0):
        groups = [{"targets": targets or [page.target for page in pages], "labels": {"site": "north"}}]
        (tmp_path / "pis.json").write_text(json.dumps(groups))
        more = ["--inventory", tmp_path / "pis.json", "--token-file", tmp_path / token]
        line = [sys.executable, "-m", "edge_app", "fleet", *more, "--certificates", tmp_path / "pages.pem", *words]
        done = subprocess.run(list(map(str, line)), cwd=ROOT, capture_output=True, text=True, timeout=120)
        assert done.returncode == code, (done.stdout, done.stderr)
        return done

    return run


def test_the_table_shows_both(desk, pages):
    lines = desk().stdout.splitlines()
    assert [line.split()[0:2] for line in lines[1:3]] == [[page.target, "ok"] for page in pages]
    assert lines[-1] == "2 devices: none needs a person."


def test_json_says_what_each_has_and_read(desk, pages, film_path):
    assert pages[0].read(film_path.read_bytes()) == 200
    first, second = (json.loads(line) for line in desk("--json").stdout.splitlines())
    assert first["device"] == pages[0].target and first["labels"] == {"site": "north"}
    assert first["recent_readings"] == 1 and first["last_reading"] and second["last_reading"] is None
    assert len(first["model"]["sha256"]) == 64 and first["operating_point"] == "refer"
    assert first["faults"] == [] and first["needs_a_person"] == [] and first["reachable"]
    assert 790 < first["certificate_days"] < 801 and 0 < first["disk_free_bytes"] < first["disk_size_bytes"]


def test_one_that_is_gone_needs_a_person(desk, pages):
    gone = f"localhost:{free_port()}"
    lines = desk(targets=[pages[0].target, gone], code=1).stdout.splitlines()
    assert lines[2] == f"{gone.ljust(len(lines[0].split('state')[0]) - 2)}  no answer"
    assert f"{gone}: it cannot be reached (Connection refused)." in lines
    assert lines[-1] == "2 devices: 1 needs a person."


def test_a_wrong_token_is_told(desk, tmp_path):
    (tmp_path / "wrong").write_text("f" * 64)
    assert "it answers 401: the token is not valid there" in desk(token="wrong", code=1).stdout


def test_a_certificate_that_was_not_pinned_is_not_trusted(desk, tmp_path, pages):
    (tmp_path / "pages.pem").write_text(pages[0].certificate.read_text())
    said = desk(code=1).stdout
    assert f"{pages[1].target}: its certificate is not trusted (self-signed certificate)" in said
    assert f"{pages[0].target}: " not in said


def test_a_certificate_of_another_name_is_not_trusted(pages):
    device = Device("other", "127.1", pages[0].port)  # it is 127.0.0.1, by a name that is not in the certificate
    with pytest.raises(NoFigures, match=r"certificate is not trusted [(]Hostname mismatch"):
        scrape.figures(device, scrape.Access(TOKEN, pages[0].certificate))


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "fleet: --inventory is missing"),
        (("rollout", "--inventory", "pis.json"), "'rollout' and 'rollback' take one FILE"),
        (("status", "file", "--inventory", "pis.json"), "'status' takes none"),
        (("--inventory", "none.json"), "the inventory cannot be read"),
        (("rollout", "README.md", "--inventory", "docs/fleet/pis.json"), "is called neither .tflite nor .tar.gz"),
        (("rollout", "none.tflite", "--inventory", "docs/fleet/pis.json"), "cannot be read"),
        (("--inventory", "docs/fleet/pis.json", "--token-file", "none"), "--token-file: none cannot be read"),
        (("--inventory", "docs/fleet/pis.json", "--token-file", "README.md"), "--token-file: README.md"),
        (("--inventory", "docs/fleet/pis.json", "--certificates", "README.md"), "--certificates: README.md"),
    ],
)
def test_wrong_usage(words, sentence):
    line = [sys.executable, "-m", "edge_app", "fleet", *words]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr and done.stderr.count("\n") == 1


class Hostile(BaseHTTPRequestHandler):
    """Answers what no page of this program does, by the path."""

    def do_GET(self):
        """Answer."""
        if self.path == "/elsewhere":
            self.send_response(302)
            self.send_header("Location", "/metrics")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/endless":
            for _ in range(scrape.MOST_BYTES // 1000 + 2):
                with contextlib.suppress(OSError):
                    self.wfile.write(b"#" * 999 + b"\n")
        elif self.path == "/slow":
            for _ in range(10_000):
                if self.server.done.wait(0.05):
                    return
                with contextlib.suppress(OSError):  # we were cut off
                    self.wfile.write(b"#\n")

    def log_message(self, *words):
        """Say nothing."""


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/elsewhere", "it answers 302"),
        ("/endless", "longer than"),
        ("/slow", "does not answer within"),
        ("/", "not of this program"),
    ],
)
def test_what_answers_something_else_is_not_believed(path, words, monkeypatch):
    monkeypatch.setattr(scrape, "PATIENCE", 2)
    server = HTTPServer(("127.0.0.1", 0), Hostile)
    server.done = threading.Event()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    device = Device("x", "127.0.0.1", server.server_port, "http", path)
    try:
        with pytest.raises(NoFigures, match=words):
            scrape.figures(device, scrape.Access())
    finally:
        server.done.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_token_is_not_sent_in_the_clear():
    with pytest.raises(NoFigures, match="would cross the network readable"):
        scrape.figures(Device("x", "192.0.2.1", 1, "http"), scrape.Access(TOKEN))


def test_all_are_asked_at_once_and_one_that_fails_costs_nobody(pages):
    devices = [Device(page.target, "localhost", page.port) for page in pages]
    devices.insert(1, Device("gone", "127.0.0.1", free_port()))
    how = [scrape.Access(TOKEN, page.certificate) for page in pages]
    said = scrape.all_figures(devices[:2], how[0])
    assert [type(one) for one in said.values()] == [Figures, NoFigures]
