"""Runs inside a booted Debian: the package is installed, its services work, die, hang, stop, and nothing is lost.

`tests/booted/run.sh` boots the system and starts this; each step prints one line, and the last is JOB OK.
"""

import contextlib
import http.client
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

KILLS = int(os.environ.get("KILLS", "50"))
WATCH = "covid-xray-watch.service"
INBOX, STORE = Path("/srv/covid-xray/inbox"), Path("/var/lib/covid-xray/results.sqlite")
FILMS = Path("/films")
PAGE, PAGE_PORT, STATE = "covid-xray-page.service", 8443, Path("/var/lib/covid-xray/page")
# A program's at the clinic, and seconds in which the unit's TimeoutStopSec has a stop done.
DEVICE, STOP = "ward", 30
# A patient's name as hospitals put it into names of files: no journal may show it.
PATIENT = "DOE_JANE_19520314"
# Seconds after which something that should have happened has not.
LONGEST = 240


def say(words: str) -> None:
    """Print a line on the console."""
    print(f"JOB {words}", flush=True)


def run(*words: str, check: bool = True) -> str:
    """Run a program; return what it printed."""
    ran = subprocess.run(words, capture_output=True, text=True, check=False)
    if check and ran.returncode:
        raise AssertionError(f"{' '.join(words)}: exit code {ran.returncode}\n{ran.stdout}{ran.stderr}")
    return ran.stdout.strip()


def show(name: str, unit: str = WATCH) -> str:
    """Return a property of a unit."""
    return run("systemctl", "show", "-P", name, unit)


def until(condition, what: str) -> None:
    """Wait until something is true."""
    end = time.monotonic() + LONGEST
    while not condition():
        if time.monotonic() > end:
            journal = run("journalctl", "-u", WATCH, "-n", "40", "--no-pager")
            raise AssertionError(f"{what} did not come in {LONGEST} s\n{journal}")
        time.sleep(0.05)


def kept() -> list[str]:
    """Return the hashes of the films that are in the store."""
    with contextlib.closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True, timeout=10)) as base:
        return [film for (film,) in base.execute("SELECT film FROM films WHERE error IS NULL")]


def count() -> int:
    """Return how many films the store holds; none while it is being made."""
    try:
        return len(kept())
    except sqlite3.Error:
        return 0


def arrive(films: list[Path]) -> None:
    """Have films arrive as a share does: copied."""
    for film in films:
        shutil.copy(film, INBOX / f"{PATIENT}_{film.name}")


def installed() -> None:
    """Install the package; the service runs, as its own user, and is there at the next power-on."""
    began = time.monotonic()
    run("dpkg", "-i", *map(str, Path("/debs").glob("*.deb")))
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert show("UnitFileState") == "enabled"
    owner = Path(f"/proc/{show('MainPID')}").owner()
    assert owner == "covid-xray", owner
    say(f"installed in {took:.0f} s: {run('covid-xray', '--version').splitlines()[0]}; runs as {owner}")
    say(f"user: {run('id', 'covid-xray')}; inbox: {run('stat', '-c', '%A %U:%G', str(INBOX))}")
    for name in ("watch", "page", "camera"):
        text = run("systemd-analyze", "security", "--no-pager", f"covid-xray-{name}.service", check=False)
        say(f"{name}: {text.splitlines()[-1].strip()}")
        (Path("/out") / f"security-{name}.txt").write_text(text)
        run("systemd-analyze", "verify", "--man=no", f"covid-xray-{name}.service")
    say(f"listening: {run('ss', '-Hltn') or 'nothing'}")


def killed(films: list[Path]) -> None:
    """Kill it again and again while films arrive: systemd starts it anew, and every film is kept once."""
    rng, waiting, began = random.Random(2026), list(films), time.monotonic()
    for number in range(KILLS):
        share = waiting[: len(films) // KILLS or 1]
        del waiting[: len(share)]
        arrive(share)
        # In the midst of starting, or of work: some die before a film is done, most after one was.
        if number % 5:
            before = count()
            until(lambda: count() > before or not share, "a film")  # noqa: B023 (called at once)
        time.sleep(rng.random() * 0.4)
        until(lambda: show("MainPID") != "0", "a start")
        os.kill(int(show("MainPID")), signal.SIGKILL)
        until(lambda: int(show("NRestarts")) > number, "a restart")  # noqa: B023
    arrive(waiting)
    until(lambda: count() == len(films), f"the last of {len(films)} films")
    held = kept()
    assert len(held) == len(set(held)) == len(films)
    with contextlib.closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True)) as base:
        assert base.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    say(
        f"killed {KILLS} times in {time.monotonic() - began:.0f} s, restarted {show('NRestarts')} times: {len(held)} "
        f"of {len(films)} films kept, none twice"
    )


def hung() -> None:
    """A worker that hangs: the watchdog ends it, and the service runs again."""
    drop = Path(f"/run/systemd/system/{WATCH}.d/hang.conf")
    drop.parent.mkdir(parents=True, exist_ok=True)
    command = show("ExecStart").split("argv[]=")[1].split(" ;")[0]
    inner = command.split(" ", 1)[1]
    drop.write_text(
        f"[Service]\nWatchdogSec=4\nExecStart=\nExecStart=/opt/covid-xray/current/bin/python /hang.py {inner}\n"
    )
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", WATCH)
    restarts, done = int(show("NRestarts")), count()
    time.sleep(10)  # more than two watchdog times without a film: who only waits is left alone
    assert int(show("NRestarts")) == restarts, "the watchdog took a service that waits for dead"
    Path("/run/covid-xray-watch/hang").touch()
    arrive([FILMS / "late" / "hangs.png"])
    began = time.monotonic()
    until(lambda: int(show("NRestarts")) > restarts, "the watchdog")
    took = time.monotonic() - began
    until(lambda: count() > done, "the film after the restart")
    journal = run("journalctl", "-u", WATCH, "--no-pager")
    assert "Watchdog timeout (limit 4s)" in journal
    say(f"a worker that hangs: the watchdog of 4 s fired after {took:.1f} s; then its film was judged")
    drop.unlink()
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", WATCH)


def backed_off() -> None:
    """A fault that stays: each start waits longer."""
    conf = Path("/etc/covid-xray/covid-xray.conf")
    before = conf.read_text()
    conf.write_text(before.replace("WATCH_OPTIONS=", "WATCH_OPTIONS=--model /nowhere.tflite "))
    run("systemctl", "restart", "--no-block", WATCH)
    starts = []
    for number in range(1, 6):
        until(lambda: int(show("NRestarts")) >= number, "another start")  # noqa: B023
        starts.append(time.monotonic())
    waits = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert waits[-1] > waits[0] + 4, waits
    conf.write_text(before)
    run("systemctl", "restart", WATCH)
    assert show("ActiveState") == "active"
    say(f"a fault that stays: starts {', '.join(f'{wait:.0f}' for wait in waits)} s apart; mended, it runs at once")


def stopped() -> None:
    """A stop in the midst of work is clean: the code is 0, what was told is kept, the rest comes after the start."""
    done = count()
    films = sorted((FILMS / "stop").iterdir())
    arrive(films)
    until(lambda: count() > done, "a film")
    began = time.monotonic()
    run("systemctl", "stop", WATCH)
    took = time.monotonic() - began
    assert show("Result") == "success", show("Result")
    assert show("ExecMainStatus") == "143"
    partly = count() - done
    run("systemctl", "start", WATCH)
    until(lambda: count() == done + len(films), "the rest")
    say(f"stopped in {took:.1f} s with {partly} of {len(films)} films done; the rest came after the start")


def private() -> None:
    """No journal names a film, and none of the fault's sentences was lost over it."""
    (INBOX / f"{PATIENT}_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture" * 100)
    shut = INBOX / f"{PATIENT}_folder"
    shut.mkdir(mode=0o700)
    until(lambda: "a film: " in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a broken film")
    until(lambda: "a folder inside" in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a shut folder")
    text = run("journalctl", "--no-pager", "-o", "json")
    assert PATIENT not in text
    lines = run("journalctl", "-u", WATCH, "--no-pager", "-o", "cat").splitlines()
    (Path("/out") / "journal.txt").write_text("\n".join(lines) + "\n")
    say(f"the journal names no film in {len(lines)} lines, and says: {next(one for one in lines if 'a film: ' in one)}")


def written(films: int) -> None:
    """Say how much is written for a film: an SD card wears out by it."""
    pid = show("MainPID")
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    memory = run("ps", "-o", "rss=", "-p", pid)
    say(f"written since the start: {int(fields['write_bytes']) / 1000:.0f} kB; RSS {int(memory) / 1000:.0f} MB")
    leftover = [path for path in Path("/tmp").rglob("*") if path.is_file()]
    say(f"files in /tmp: {len(leftover)}; films {films}")


def removed() -> None:
    """Remove the package: nothing runs, and the results are still there."""
    held = count()
    run("dpkg", "-r", "covid-xray-edge")
    assert not Path("/opt/covid-xray/current").exists()
    assert not list(Path("/opt/covid-xray").rglob("*.py*")), "files were left behind"
    assert run("pgrep", "-u", "covid-xray", check=False) == ""
    assert count() == held
    say(f"removed: nothing runs, {held} results are still there")


def filmed() -> None:
    """The camera's service judges a film on a video, and is seen from this device alone."""
    unit, conf = "covid-xray-camera.service", Path("/etc/covid-xray/covid-xray.conf")
    before = conf.read_text()
    options = "CAMERA_OPTIONS=--model /films/camera/model.tflite"
    conf.write_text(before.replace("CAMERA=auto", "CAMERA=/films/camera/film.avi").replace("CAMERA_OPTIONS=", options))
    run("systemctl", "start", unit)
    listening = set()

    def judged() -> bool:
        """Look who listens, and whether a film of the camera is kept."""
        listening.update(line.split()[3] for line in run("ss", "-Hltn").splitlines())
        with contextlib.closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True, timeout=10)) as base:
            return bool(base.execute("SELECT count(*) FROM films WHERE path LIKE 'camera-%'").fetchone()[0])

    until(judged, "a film before the camera")
    run("systemctl", "stop", unit)
    conf.write_text(before)
    assert listening <= {"127.0.0.1:8080"}, listening
    say(f"the camera's service judged a film; listening meanwhile: {', '.join(listening) or 'nothing'}")


def asked(method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, dict]:
    """Ask the page; return the code of HTTP and what it answered. 0 while nobody listens."""
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
    """The page is not started without a password; with one it judges a film for who has a token, dies, stops."""
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


def bundled() -> None:
    """The offline bundle puts the same into place, where the package is gone; its service goes on with the store."""
    held = count()
    (bundle,) = Path("/bundle").iterdir()
    began = time.monotonic()
    run("python3", str(bundle / "install.py"), "--system")
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert Path("/opt/covid-xray/current").resolve().parent == Path("/opt/covid-xray/releases")
    # The hung film's mark is gone, and what was judged is not judged again.
    assert count() >= held
    checks = run("covid-xray", "doctor", check=False)
    (Path("/out") / "doctor.txt").write_text(checks + "\n")
    faults = [line for line in checks.splitlines() if line.startswith("fault")]
    assert not faults, faults
    size = int(run("du", "-sk", "/opt/covid-xray").split()[0]) / 1024
    say(f"offline bundle installed in {took:.0f} s, {size:.0f} MiB; doctor: no fault")


def main() -> int:
    """Run every step."""
    films = sorted((FILMS / "kill").iterdir())
    try:
        installed()
        killed(films)
        hung()
        backed_off()
        stopped()
        written(len(films))
        private()
        filmed()
        paged()
        removed()
        bundled()
    except Exception as error:  # the console is all that is seen
        say(f"FAILED {type(error).__name__}: {error}")
        print(run("journalctl", "-n", "60", "--no-pager", check=False))
        return 1
    say("OK")
    return 0


if __name__ == "__main__":
    sys.exit(main())
