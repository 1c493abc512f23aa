"""Helpers of the steps of job.py: questions to the booted system, systemd and the store."""

import contextlib
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

WATCH = "covid-xray-watch.service"
INBOX, STORE = Path("/srv/covid-xray/inbox"), Path("/var/lib/covid-xray/results.sqlite")
CONF = Path("/etc/covid-xray/covid-xray.conf")
# Films drawn by films.py, and the folder for files that a person may look at afterwards.
FILMS, OUT = Path("/films"), Path("/out")
# A patient's name as hospitals put it into file names: no journal may show it.
PATIENT = "DOE_JANE_19520314"
# Seconds to wait for an event before the test fails.
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
    """Copy films into the inbox, as a network share does."""
    for film in films:
        shutil.copy(film, INBOX / f"{PATIENT}_{film.name}")
