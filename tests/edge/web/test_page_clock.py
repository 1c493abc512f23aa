"""The page on a device whose clock is wrong: nothing that was kept is lost by it."""

import contextlib
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from edge_app.model import model_file
from edge_app.screening import run_context
from edge_app.screening.result import Failed
from edge_app.web.readings.expiry import JUMP, WAIT, Clock
from edge_app.web.readings.reading_store import ReadingStore

YEAR = 365 * 86_400
NOW = datetime(2027, 5, 1, tzinfo=UTC).timestamp()


class Clocks:
    """A clock that is set, and one that only goes on."""

    def __init__(self, now: float):
        self.now, self.steady = now, 1000.0

    def pass_by(self, seconds: float) -> None:
        self.now += seconds
        self.steady += seconds


@pytest.fixture
def clocks():
    return Clocks(NOW)


def test_a_clock_that_goes_on_is_trusted(clocks):
    clock = Clock(lambda: clocks.now, lambda: clocks.steady)
    assert clock.is_trusted
    clocks.pass_by(40 * 86_400)
    clocks.now -= JUMP / 2  # as a time server corrects it
    assert clock.is_trusted


@pytest.mark.parametrize("jump", [-YEAR, YEAR])
def test_after_a_jump_nothing_is_deleted_for_a_day(clocks, jump):
    clocks.now += 2 * YEAR * (jump < 0)  # a year back is a possible year still
    clock = Clock(lambda: clocks.now, lambda: clocks.steady)
    clocks.now += jump
    assert not clock.is_trusted
    clocks.pass_by(WAIT - 1)
    assert not clock.is_trusted
    clocks.pass_by(1)
    assert clock.is_trusted


@pytest.mark.parametrize("now", [0.0, NOW + 20 * YEAR])
def test_a_clock_of_an_impossible_year_deletes_nothing_however_long_it_shows_it(clocks, now):
    clocks.now = now
    clock = Clock(lambda: clocks.now, lambda: clocks.steady)
    assert not clock.is_trusted
    clocks.pass_by(10 * WAIT)
    assert not clock.is_trusted


def test_what_was_read_under_an_unset_clock_counts_its_days_from_when_it_is_right(tmp_path, model_path):
    agreed = run_context.of(model_file.read(model_path), "refer", None)
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 30)) as store:
        film = Failed(Path("film.png"), "cannot be read", "1" * 64, datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
        made = store.keep(film, agreed)
        assert store.expire() == 0
        found = store.get(made.id)
        assert found is not None
        assert abs(found.kept_until - datetime.now(UTC) - timedelta(days=30)) < timedelta(minutes=1)
        assert found.time.year == 1970  # what the device showed is not changed
    with sqlite3.connect(tmp_path / "store") as base:
        base.execute("UPDATE readings SET kept_until = ?", ("2026-02-01T00:00:00.000+00:00",))
    base.close()
    with contextlib.closing(ReadingStore(tmp_path / "store", agreed, 30)) as store:
        assert store.expire() == 1
