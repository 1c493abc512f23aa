"""What systemd is told, and when: by a socket as systemd opens it, in the program itself and piece by piece."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from edge_app.service.restart_backoff import RestartBackoff
from edge_app.service.systemd import Service, in_journal
from edge_app.workers.crash_tracker import MOST_DEATHS, CrashTracker
from tests.support.films import draw_film
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[3]
# Longer than anything here may take; what does not come fails the test by it.
AT_MOST = 100


class Systemd:
    """The end of the line that systemd holds."""

    def __init__(self, folder: Path):
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(AT_MOST)

    def told(self) -> str:
        """Wait for the next words."""
        return self._socket.recv(4096).decode()

    def told_now(self) -> list[str]:
        """Return what has come and was not taken."""
        self._socket.setblocking(False)
        found = []
        try:
            while True:
                found.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            self._socket.settimeout(AT_MOST)
        return found

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path):
    """Return a listening systemd."""
    one = Systemd(tmp_path)
    yield one
    one.close()


def environment(systemd: Systemd, **more: str) -> dict[str, str]:
    """Return what systemd gives a service."""
    return {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": f"{os.getpid()}", **more}


def test_ready_alive_and_stopping_are_told(systemd):
    with Service(environment(systemd)) as service:
        assert systemd.told_now() == []
        service.ready()
        assert systemd.told() == "READY=1"
        assert systemd.told().startswith("WATCHDOG=1\n")
    assert systemd.told() == "STOPPING=1"


def test_signs_of_life_are_sent_a_quarter_of_the_watchdogs_time_apart(systemd):
    with Service(environment(systemd)) as service:
        for _ in range(1000):  # at once: one sign
            service.alive()
        assert len(systemd.told_now()) == 1
        time.sleep(0.11)
        service.alive()
        assert len(systemd.told_now()) == 1


def test_a_watchdog_that_is_meant_for_another_process_sets_no_pace(systemd):
    with Service(environment(systemd, WATCHDOG_PID=f"{os.getpid() + 1}")) as service:
        service.alive()
        time.sleep(0.11)
        service.alive()
        assert len(systemd.told_now()) == 1


def test_an_abstract_address_is_understood():
    name = f"covid-xray-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"\0{name}")
        listening.settimeout(AT_MOST)
        with Service({"NOTIFY_SOCKET": f"@{name}"}) as service:
            service.ready()
        assert listening.recv(100) == b"READY=1"


def test_a_systemd_that_is_busy_holds_nobody_up(systemd, monkeypatch):
    monkeypatch.setattr("edge_app.service.systemd.DEAF", 0.001)
    calls = 1000  # the kernel keeps ten of them, or a few hundred
    with Service(environment(systemd)) as one:
        for _ in range(calls):
            one.ready()
    assert 0 < len(systemd.told_now()) < calls


def test_where_nobody_listens_nothing_fails(tmp_path):
    for names in ({}, {"NOTIFY_SOCKET": str(tmp_path / "gone")}):
        with Service(names) as service:
            service.ready()
            service.judged()


def films(folder: Path, count: int) -> Path:
    """Draw films into a folder."""
    folder.mkdir()
    for number in range(count):
        Image.fromarray(draw_film(number, 200, 180)).save(folder / f"{number}.png")
    return folder


def watching(systemd: Systemd, inbox: Path, code: str = "", **more: str) -> subprocess.Popen:
    """Start `watch` as a service; `code` is run in it first."""
    words = ["watch", str(inbox), "--json", "--interval", "0.05", "--model", str(GOLDEN / "tiny-int8.tflite")]
    program = f"import sys; sys.argv = ['covid-xray', *{words!r}]\n{code}\nfrom edge_app.__main__ import run\nrun()"
    given = {**os.environ, **environment(systemd), **more}
    del given["WATCHDOG_PID"]
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def test_a_watch_is_ready_then_alive_while_it_waits_and_stops_cleanly(systemd, tmp_path):
    process = watching(systemd, films(tmp_path / "inbox", 2))
    assert systemd.told() == "READY=1"
    while "2 films since the start" not in systemd.told():
        pass
    for _ in range(3):  # nothing arrives, and it still lives
        assert "WATCHDOG=1" in systemd.told()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=AT_MOST)
    assert process.returncode == 143
    assert systemd.told_now()[-1] == "STOPPING=1"


HANG = """
import time
from edge_app.screening import screening
judge = screening.judge
def hanging(*given, **named):
    time.sleep(1000)
screening.judge = hanging
"""


def test_a_judge_that_hangs_sends_no_sign_of_life(systemd, tmp_path):
    process = watching(systemd, films(tmp_path / "inbox", 1), HANG)
    try:
        assert systemd.told() == "READY=1"
        time.sleep(2)  # the film is taken up within a tenth of a second
        systemd.told_now()
        time.sleep(0.8)  # twice the watchdog's time
        assert systemd.told_now() == []
    finally:
        process.kill()
        process.communicate()


def test_the_journal_is_told_no_name_of_a_film(systemd, tmp_path):
    inbox = tmp_path / "inbox"
    (inbox / "DOE^JANE").mkdir(parents=True)
    name = inbox / "DOE^JANE" / "DOE^JANE.png"
    name.write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture" * 50)
    for private in (True, False):
        reading, writing = os.pipe()
        status = os.fstat(writing)
        stream = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"} if private else {}
        words = ["watch", str(inbox), "--json", "--once", "--patience", "0.1", "--model"]
        ran = subprocess.run(
            [sys.executable, "-m", "edge_app", *words, str(GOLDEN / "tiny-int8.tflite")],
            cwd=ROOT,
            env={**os.environ, **stream},
            stdout=subprocess.DEVNULL,
            stderr=writing,
            timeout=AT_MOST,
            check=False,
        )
        os.close(writing)
        with os.fdopen(reading) as said:
            text = said.read()
        assert ran.returncode == 1
        assert ("DOE" in text) is not private
        assert ("a film: " in text) is private


def test_a_stream_is_the_journal_only_if_it_is_the_very_one(tmp_path):
    with (tmp_path / "a").open("w") as one, (tmp_path / "b").open("w") as other:
        status = os.fstat(one.fileno())
        names = {"JOURNAL_STREAM": f"{status.st_dev}:{status.st_ino}"}
        assert in_journal(names, one)
        assert not in_journal(names, other)
        assert not in_journal({}, one)


def test_runs_that_do_no_work_wait_longer_and_longer(tmp_path):
    names = {"NOTIFY_SOCKET": "/nowhere", "RUNTIME_DIRECTORY": f"{tmp_path}:/other"}
    waits = [RestartBackoff.of(names).begin() for _ in range(10)]
    assert waits == [0, 0, 2, 4, 8, 16, 32, 64, 64, 64]
    RestartBackoff.of(names).forget()
    assert RestartBackoff.of(names).begin() == 0


def test_a_count_that_is_no_number_begins_anew(tmp_path):
    (tmp_path / "restarts").write_text("what")
    one = RestartBackoff(tmp_path / "restarts")
    assert [one.begin(), one.begin(), one.begin()] == [0, 0, 2]


def test_work_that_was_done_ends_the_waiting(systemd, tmp_path):
    names = environment(systemd, RUNTIME_DIRECTORY=str(tmp_path))
    (tmp_path / "restarts").write_text("1")
    with pytest.raises(ValueError, match="it died"), Service(names) as service:
        service.judged()
        raise ValueError("it died")
    assert not (tmp_path / "restarts").exists()


def test_a_death_without_work_is_counted_and_a_wanted_end_is_not(systemd, tmp_path):
    names = environment(systemd, RUNTIME_DIRECTORY=str(tmp_path))
    with pytest.raises(ValueError, match="it died"), Service(names):
        raise ValueError("it died")
    assert (tmp_path / "restarts").read_text() == "1"
    with Service(names):
        pass
    assert not (tmp_path / "restarts").exists()


def test_outside_systemd_nothing_is_counted(tmp_path):
    RestartBackoff.of({"RUNTIME_DIRECTORY": str(tmp_path)}).begin()
    assert list(tmp_path.iterdir()) == []


# A film of 183 pixels brings the program down, as a fault in the runtime would; in the midst of it others are in work.
DEADLY = """
import os
from edge_app.screening import screening
judge = screening.judge
def deadly(grey, *given, **named):
    if grey.shape[1] == 183:
        os._exit(9)
    return judge(grey, *given, **named)
screening.judge = deadly
"""


def test_a_film_that_kills_the_program_each_time_is_given_up_and_the_others_are_judged(systemd, tmp_path):
    inbox = films(tmp_path / "inbox", 5)
    Image.fromarray(draw_film(1000, 200, 183)).save(inbox / "2-deadly.png")
    rows, deaths, place = {}, 0, str(tmp_path / "run")
    Path(place).mkdir()
    while deaths <= MOST_DEATHS:
        process = watching(systemd, inbox, DEADLY, RUNTIME_DIRECTORY=place, WATCHDOG_USEC="400000000")
        for line in process.stdout:
            row = json.loads(line)
            rows[Path(row["path"]).name] = row
            if len(rows) == 6:
                process.send_signal(signal.SIGTERM)
        _, complaints = process.communicate(timeout=AT_MOST)
        if process.returncode != 9:
            break
        deaths += 1
    assert process.returncode == 143, complaints
    assert deaths == MOST_DEATHS
    error = rows.pop("2-deadly.png")["error"]
    assert f"died {MOST_DEATHS} times while it judged this film" in error
    assert error in complaints
    assert len(rows) == 5
    assert not any(row["error"] for row in rows.values())


def test_a_film_that_is_judged_in_the_end_is_no_suspect(tmp_path):
    names = {"NOTIFY_SOCKET": "/nowhere", "RUNTIME_DIRECTORY": str(tmp_path)}
    for deaths in range(2):
        assert CrashTracker.of(names).begin("film") == deaths
    one = CrashTracker.of(names)
    assert one.at_large
    assert one.begin("film") == 2
    assert one.at_large
    one.end("film")
    assert not one.at_large
    assert not CrashTracker.of(names).at_large
    assert CrashTracker.of(names).begin("film") == 0


def test_a_wanted_end_gives_films_that_were_given_up_another_chance(systemd, tmp_path):
    names = environment(systemd, RUNTIME_DIRECTORY=str(tmp_path))
    for _ in range(MOST_DEATHS):
        with pytest.raises(ValueError, match="it died"), Service(names) as service:
            service.crash_tracker.begin("film")
            raise ValueError("it died")
    with Service(names) as service:
        assert service.crash_tracker.begin("film") == MOST_DEATHS
    assert CrashTracker.of(names).begin("film") == 0


def test_outside_systemd_no_film_is_a_suspect(tmp_path):
    for _ in range(2 * MOST_DEATHS):
        assert CrashTracker.of({"RUNTIME_DIRECTORY": str(tmp_path)}).begin("film") == 0
    assert list(tmp_path.iterdir()) == []
