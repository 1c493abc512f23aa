"""Steps of job.py: films arrive in the folder that is watched, while the service dies, hangs and is stopped."""

import contextlib
import itertools
import os
import random
import signal
import sqlite3
import time
from pathlib import Path

from tests.system.booted.faulty import RUN
from tests.system.booted.system import (
    CONF,
    FILMS,
    INBOX,
    OUT,
    PATIENT,
    STORE,
    WATCH,
    arrive,
    count,
    kept,
    run,
    say,
    show,
    until,
)

KILLS = int(os.environ.get("KILLS", "50"))


def killed(films: list[Path]) -> None:
    """Kill the service again and again while films arrive: systemd restarts it, and every film is kept once."""
    rng, waiting, began = random.Random(2026), list(films), time.monotonic()
    for number in range(KILLS):
        share = waiting[: len(films) // KILLS or 1]
        del waiting[: len(share)]
        arrive(share)
        # Killed while it starts or works: some runs die before a film is done, most after one.
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


@contextlib.contextmanager
def faulty():
    """Run the service with the faults of faulty.py and a watchdog of 4 s."""
    drop = Path(f"/run/systemd/system/{WATCH}.d/faulty.conf")
    drop.parent.mkdir(parents=True, exist_ok=True)
    command = show("ExecStart").split("argv[]=")[1].split(" ;")[0]
    inner = command.split(" ", 1)[1]
    line = f"/opt/covid-xray/current/bin/python /job/tests/system/booted/faulty.py {inner}"
    drop.write_text(f"[Service]\nWatchdogSec=4\nExecStart=\nExecStart={line}\n")
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", WATCH)
    yield
    drop.unlink()
    run("systemctl", "daemon-reload")
    run("systemctl", "restart", WATCH)


def hung() -> None:
    """The watchdog ends a worker that hangs, and the service runs again."""
    restarts, done = int(show("NRestarts")), count()
    time.sleep(10)  # more than two watchdog times without a film: a service that waits is left alone
    assert int(show("NRestarts")) == restarts, "the watchdog took a service that waits for dead"
    (RUN / "hang").touch()
    arrive([FILMS / "late" / "hangs.png"])
    began = time.monotonic()
    until(lambda: int(show("NRestarts")) > restarts, "the watchdog")
    took = time.monotonic() - began
    until(lambda: count() > done, "the film after the restart")
    journal = run("journalctl", "-u", WATCH, "--no-pager")
    assert "Watchdog timeout (limit 4s)" in journal
    say(f"a worker that hangs: the watchdog of 4 s fired after {took:.1f} s; then its film was judged")


def deadly() -> None:
    """A film that kills the program each time is given up with a sentence, and the films behind it are judged."""
    restarts, done, films = int(show("NRestarts")), count(), sorted((FILMS / "behind").iterdir())
    (RUN / "die").touch()
    arrive([FILMS / "late" / "deadly.png", *films])
    given_up = "died 3 times while it judged this film"
    until(lambda: given_up in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a deadly film")
    until(lambda: count() == done + len(films), "the films behind a deadly one")
    deaths = int(show("NRestarts")) - restarts
    assert deaths == 3, deaths
    time.sleep(2)
    assert int(show("NRestarts")) == restarts + deaths
    say(
        f"a film over which the program dies: given up after {deaths} deaths, and the {len(films)} behind it are judged"
    )


def forgiven(done: int) -> None:
    """A stop by hand gives a film that killed the program another chance."""
    until(lambda: count() == done + 1, "the verdict on the deadly film by a program without the fault")
    say("stopped and started by hand, the program as it is judges that film too")


def backed_off() -> None:
    """While a fault lasts, each start waits longer."""
    before = CONF.read_text()
    CONF.write_text(before.replace("WATCH_OPTIONS=", "WATCH_OPTIONS=--model /nowhere.tflite "))
    run("systemctl", "restart", "--no-block", WATCH)
    starts = []
    for number in range(1, 6):
        until(lambda: int(show("NRestarts")) >= number, "another start")  # noqa: B023
        starts.append(time.monotonic())
    waits = [later - sooner for sooner, later in itertools.pairwise(starts)]
    assert waits[-1] > waits[0] + 4, waits
    CONF.write_text(before)
    began = time.monotonic()
    run("systemctl", "restart", WATCH)
    took = time.monotonic() - began
    assert show("ActiveState") == "active"
    assert took < waits[-1], took
    apart = ", ".join(f"{wait:.0f}" for wait in waits)
    say(f"a fault that stays: starts {apart} s apart; mended, and started by hand, it is ready in {took:.1f} s")


def stopped() -> None:
    """A stop during work is clean: results that were reported are kept, and the rest comes after the next start."""
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


def written(films: int) -> None:
    """Print how much is written to the disk, which wears out an SD card."""
    pid = show("MainPID")
    fields = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    memory = run("ps", "-o", "rss=", "-p", pid)
    say(f"written since the start: {int(fields['write_bytes']) / 1000:.0f} kB; RSS {int(memory) / 1000:.0f} MB")
    leftover = [path for path in Path("/tmp").rglob("*") if path.is_file()]
    say(f"files in /tmp: {len(leftover)}; films {films}")


def private() -> None:
    """The journal names no film, and still has the sentence of each fault."""
    (INBOX / f"{PATIENT}_broken.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"no picture" * 100)
    shut = INBOX / f"{PATIENT}_folder"
    shut.mkdir(mode=0o700)
    until(lambda: "a film: is damaged" in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a broken film")
    until(lambda: "a folder inside" in run("journalctl", "-u", WATCH, "--no-pager"), "the sentence on a shut folder")
    text = run("journalctl", "--no-pager", "-o", "json")
    assert PATIENT not in text
    lines = run("journalctl", "-u", WATCH, "--no-pager", "-o", "cat").splitlines()
    (OUT / "journal.txt").write_text("\n".join(lines) + "\n")
    say(f"the journal names no film in {len(lines)} lines, and says: {next(one for one in lines if 'a film: ' in one)}")
