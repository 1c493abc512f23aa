"""Steps of job.py: the services of the camera and of the page."""

import contextlib
import http.client
import json
import os
import signal
import sqlite3
import subprocess
import time

from tests.system.booted.system import CONF, FILMS, LONGEST, STORE, run, say, show, until

CAMERA, PAGE, PAGE_PORT = "covid-xray-camera.service", "covid-xray-page.service", 8443
# The name of a device with a token, and the seconds that the unit's TimeoutStopSec allows for a stop.
DEVICE, STOP = "ward", 30


def filmed() -> None:
    """The camera's service judges a film in a video, and only this device can reach it."""
    before = CONF.read_text()
    options = "CAMERA_OPTIONS=--model /films/camera/model.tflite"
    CONF.write_text(before.replace("CAMERA=auto", "CAMERA=/films/camera/film.avi").replace("CAMERA_OPTIONS=", options))
    run("systemctl", "start", CAMERA)
    listening = set()

    def judged() -> bool:
        """Note which addresses are listened on; say whether a film of the camera is in the store."""
        listening.update(line.split()[3] for line in run("ss", "-Hltn").splitlines())
        with contextlib.closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True, timeout=10)) as base:
            return bool(base.execute("SELECT count(*) FROM films WHERE path LIKE 'camera-%'").fetchone()[0])

    until(judged, "a film in front of the camera")
    run("systemctl", "stop", CAMERA)
    CONF.write_text(before)
    assert listening <= {"127.0.0.1:8080"}, listening
    say(f"the camera's service judged a film; listening meanwhile: {', '.join(listening) or 'nothing'}")


def asked(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict]:
    """Send a request to the page; return the HTTP status (0 while nobody listens) and the JSON of the answer."""
    line = http.client.HTTPConnection("127.0.0.1", PAGE_PORT, timeout=LONGEST)
    try:
        line.request(method, path, body, headers)
        answer = line.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")
    except ConnectionError:
        return 0, {}
    finally:
        line.close()


def paged() -> None:
    """The page does not start without a password; with one it judges a film for a token, dies, restarts and stops."""
    run("systemctl", "start", PAGE)
    assert show("ConditionResult", PAGE) == "no", "the page was started without a password"
    line = ["runuser", "-u", "covid-xray", "--", "covid-xray", "serve"]
    subprocess.run([*line, "--set-password"], input="three rays and a lead apron\n", text=True, check=True)
    token = run(*line, "--new-token", DEVICE)
    run("systemctl", "start", PAGE)
    assert show("ActiveState", PAGE) == "active"
    assert asked("GET", "/ready") == (200, {"status": "ready"})
    listening = {line.split()[3] for line in run("ss", "-Hltn").splitlines()}
    assert listening == {f"127.0.0.1:{PAGE_PORT}"}, listening
    film = (FILMS / "late" / "hangs.png").read_bytes()
    assert asked("POST", "/api/v1/classify", film, **{"Content-Type": "image/png"})[0] == 401
    bearer = {"Content-Type": "image/png", "Authorization": f"Bearer {token}"}
    code, reading = asked("POST", "/api/v1/classify", film, **bearer)
    assert code in (200, 201), (code, reading)
    restarts = int(show("NRestarts", PAGE))
    os.kill(int(show("MainPID", PAGE)), signal.SIGKILL)
    until(lambda: int(show("NRestarts", PAGE)) > restarts, "a restart of the page")
    until(lambda: asked("GET", "/ready")[0] == 200, "the page after it was killed")
    again, _ = asked("POST", "/api/v1/classify", film, **bearer)
    assert again in (200, 201), again
    began = time.monotonic()
    run("systemctl", "stop", PAGE)
    took = time.monotonic() - began
    assert took < STOP, took
    assert show("Result", PAGE) == "success", show("Result", PAGE)
    say(
        f"the page: not started without a password; a film's verdict: {reading.get('verdict')}; killed, it answered "
        f"again; listening: {', '.join(listening)}; stopped in {took:.1f} s"
    )
