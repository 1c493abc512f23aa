"""The page as it is started: by the command, under TLS, under another server; and many clients at once."""

import hashlib
import http.client
import io
import json
import os
import re
import shlex
import signal
import socket
import ssl
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from edge_app.bench import page_load
from edge_app.web.http import tls
from tests.support.films import draw_film

ROOT = Path(__file__).parents[3]
PASSWORD = "three rays and a lead apron"
PATIENCE = 120


class Running:
    """A server in a process of its own.

    Attributes:
        port: that it listens on.
        told: lines until then.
    """

    def __init__(self, command, pipe="stdout", **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | environment,
            text=True,
            **{pipe: subprocess.PIPE},
        )
        self.pipe, self.told, self.port = getattr(self.process, pipe), [], 0
        for line in self.pipe:
            self.told.append(line)
            if found := re.search(r"istening at:? https?://[\d.]+:(\d+)", line):
                self.port = int(found[1])
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.rest = self.pipe.read()
        self.process.wait(PATIENCE)
        self.pipe.close()

    def ask(self, method, path, body=None, **headers):
        """Return (status, headers, body)."""
        return ask(http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE), method, path, body, **headers)


def ask(asked, method, path, body=None, **headers):
    """Return (status, headers, body)."""
    try:
        asked.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = asked.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        asked.close()


def serve(folder, model, *words):
    """Return the command of a page."""
    return ["edge_app", "serve", "--port", "0", "--state", str(folder), "--model", str(model), *words]


def administer(folder, *words, said=""):
    """Run `serve` with an option that ends at once."""
    command = [sys.executable, "-m", "edge_app", "serve", "--state", str(folder), *words]
    return subprocess.run(command, cwd=ROOT, input=said, text=True, capture_output=True, timeout=PATIENCE)


def film(seed=1000) -> bytes:
    """Return a drawn film as a PNG file."""
    content = io.BytesIO()
    Image.fromarray(draw_film(seed, 240, 200)).save(content, "PNG")
    return content.getvalue()


def test_many_clients_get_a_verdict_or_are_told_when_to_come_again(tmp_path, model_path):
    with Running(serve(tmp_path, model_path)) as page:
        films = [film(seed) for seed in range(1000, 1004)]
        told, memory = page_load.load(page.port, films, 50, 4, page.process.pid)
        assert page.ask("GET", "/ready")[0] == 200
    statuses = Counter(status for status, _, _ in told)
    assert set(statuses) <= {200, 429, 503}
    assert statuses[200] > 0
    assert all(wait for status, _, wait in told if status != 200)
    assert min(memory) > 10  # of MB: it did look at the server


def test_a_report_fails_what_it_should(capsys):
    fine = [(200, 1.0, False)] * 100 + [(503, 0.0, True)] * 100
    level = [100.0] * 40
    assert page_load.report(fine, level, 10, 8) == 0
    assert page_load.report([*fine, (500, 0.0, False)], level, 10, 8) == 1
    assert page_load.report([*fine, (503, 0.0, False)], level, 10, 8) == 1
    assert page_load.report([*fine, ("TimeoutError", 0.0, False)], level, 10, 8) == 1
    assert page_load.report([(200, 9.0, False)] * 100, level, 10, 8) == 1
    assert page_load.report(fine, [100.0] * 30 + [200.0] * 10, 10, 8) == 1
    assert page_load.report(fine[98:], level, 10, 8) == 1
    assert "only 2 films" in capsys.readouterr().out


def test_on_the_network_a_password_is_made_shown_once_and_asked_for(tmp_path, model_path):
    command = serve(tmp_path, model_path, "--host", "0.0.0.0")
    with Running(command) as page:
        made = re.search(r"Password of the page, shown this once: (\S+)", "".join(page.told))[1]
        assert page.ask("GET", "/")[0] == 303
        assert page.ask("GET", "/health")[0] == 200
        assert page.ask("GET", "/metrics")[0] == 401
        _, headers, body = page.ask("GET", "/login")
        token = re.search(rb'name="csrf_token" value="([^"]+)"', body)[1].decode()
        cookie = headers["Set-Cookie"].split(";")[0]
        form = {"Content_Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        assert page.ask("POST", "/login", f"csrf_token={token}&password={made}", **form)[0] == 303
    with Running(command) as page:
        assert "Password" not in "".join(page.told)
        assert page.ask("GET", "/")[0] == 303
    assert made not in page.rest


def test_a_token_and_a_password_are_given_and_taken(tmp_path):
    done = administer(tmp_path, "--set-password", said="short\n")
    assert done.returncode == 2
    assert "10 to" in done.stderr
    assert administer(tmp_path, "--set-password", said=PASSWORD + "\n").returncode == 0
    token = administer(tmp_path, "--new-token", "ward-3").stdout.strip()
    assert token not in (tmp_path / "tokens.json").read_text()
    assert list(json.loads((tmp_path / "tokens.json").read_text())) == ["ward-3"]
    assert administer(tmp_path, "--forget-token", "ward-3").returncode == 0
    assert administer(tmp_path, "--forget-token", "ward-3").returncode == 2


def test_tls_from_the_first_start_on(tmp_path, model_path):
    with Running(serve(tmp_path, model_path, "--tls")) as page:
        said = page.pipe.readline()
        fingerprint = re.search(r"Certificate, SHA-256: (\S+)", said)[1]
        context = ssl.create_default_context(cafile=tmp_path / "page.crt")
        asked = http.client.HTTPSConnection("127.0.0.1", page.port, timeout=PATIENCE, context=context)
        asked.connect()
        shown = hashlib.sha256(asked.sock.getpeercert(binary_form=True)).hexdigest().upper()
        assert fingerprint.replace(":", "") == shown
        assert asked.sock.version() in ("TLSv1.2", "TLSv1.3")
        status, headers, _ = ask(asked, "GET", "/")
        assert status == 200
        assert "Secure" in headers["Set-Cookie"]
        assert headers["Strict-Transport-Security"]
        # A film of some size passes through whole.
        content = film() + bytes(3_000_000)
        asked = http.client.HTTPSConnection("127.0.0.1", page.port, timeout=PATIENCE, context=context)
        assert ask(asked, "POST", "/api/v1/classify", content, Content_Type="image/png")[0] == 200
        # Without TLS there is no answer.
        with pytest.raises((http.client.HTTPException, OSError)):
            page.ask("GET", "/")
    assert page.process.returncode in (0, 128 + signal.SIGTERM)
    assert stat.S_IMODE((tmp_path / "page.key").stat().st_mode) == 0o600
    again = tls.certificate(tmp_path / "page.crt", tmp_path / "page.key", frozenset(), [])
    assert again == fingerprint


def test_the_procfile_runs_under_gunicorn(tmp_path):
    line = (ROOT / "Procfile").read_text().removeprefix("web: ").replace("0.0.0.0:${PORT:-8000}", "127.0.0.1:0")
    with Running(shlex.split(line), "stderr", COVID_XRAY_STATE=str(tmp_path), COVID_XRAY_PASSWORD=PASSWORD) as page:
        assert page.port, page.told
        token = administer(tmp_path, "--new-token", "test").stdout.strip()
        assert page.ask("GET", "/")[0] == 303
        assert page.ask("GET", "/ready")[0] == 200
        device = {"Authorization": f"Bearer {token}", "Content_Type": "image/png"}
        status, _, body = page.ask("POST", "/api/v1/classify", film(), **device)
        assert status == 200
        assert json.loads(body)["verdict"]
        assert page.ask("POST", "/api/v1/classify", b"junk", **device)[0] == 422
    assert "Traceback" not in page.rest


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "COVID_XRAY_STATE: is not set"),
        ({"COVID_XRAY_STATE": "{folder}"}, "password: has 0 characters"),
        ({"COVID_XRAY_STATE": "{folder}", "COVID_XRAY_PROXIES": "x"}, "COVID_XRAY_PROXIES: is 'x'"),
    ],
)
def test_what_another_server_is_told_must_be_right(tmp_path, environment, words):
    environment = {name: value.format(folder=tmp_path) for name, value in environment.items()}
    clean = {name: value for name, value in os.environ.items() if not name.startswith("COVID_XRAY")}
    command = [sys.executable, "-c", "import edge_app.web.wsgi"]
    done = subprocess.run(command, cwd=ROOT, env=clean | environment, text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert words in done.stderr


def test_an_address_that_is_taken_is_said_to_be(tmp_path, model_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", *serve(tmp_path, model_path), "--port", port]
        done = subprocess.run(command, cwd=ROOT, text=True, capture_output=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert "cannot be listened on" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_others_may_write_into_is_no_place_for_a_password(tmp_path):
    tmp_path.chmod(0o777)
    done = administer(tmp_path, "--set-password", said=PASSWORD + "\n")
    assert done.returncode == 2
    assert "others may write into it" in done.stderr
