"""A service that dies again and again: it waits longer, and gives up the films that were in work when it died."""

import json
import signal
from pathlib import Path

import pytest
from PIL import Image

from edge_app.service.restart_backoff import RestartBackoff
from edge_app.service.systemd import Service
from edge_app.workers.crash_tracker import MOST_DEATHS, CrashTracker
from tests.support.films import draw_film
from tests.support.systemd import AT_MOST, environment, films, watching


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
