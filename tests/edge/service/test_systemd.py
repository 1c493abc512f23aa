"""What systemd is told, and when: by a socket as systemd opens it, in the program itself and piece by piece."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from edge_app.service.systemd import Service, in_journal
from tests.support.golden import GOLDEN
from tests.support.systemd import AT_MOST, environment, films, watching

ROOT = Path(__file__).parents[3]


def test_ready_alive_and_stopping_are_told(systemd):
    with Service(environment(systemd)) as service:
        assert systemd.told_now() == []
        service.ready()
        assert systemd.told() == "READY=1"
        assert systemd.told().startswith("WATCHDOG=1\n")
    assert systemd.told() == "STOPPING=1"


def test_signs_of_life_are_sent_a_quarter_of_the_watchdogs_time_apart(systemd):
    with Service(environment(systemd, WATCHDOG_USEC="400000000")) as service:
        for _ in range(1000):  # at once: one sign
            service.alive()
        assert len(systemd.told_now()) == 1
        service._next -= 100  # a quarter of its 400 s go by
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
    print("it hangs", flush=True)
    time.sleep(1000)
screening.judge = hanging
"""


def test_a_judge_that_hangs_sends_no_sign_of_life(systemd, tmp_path):
    process = watching(systemd, films(tmp_path / "inbox", 1), HANG)
    try:
        assert systemd.told() == "READY=1"
        assert process.stdout.readline() == "it hangs\n"
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
