"""The queue before one device: the formula lies within the simulation's interval; the document says the same."""

from pathlib import Path

import numpy as np
import pytest

from train.scale import queue_table, queueing

ROOT = Path(__file__).parents[3]
TIMES = ROOT / "docs" / "scale" / "service_times.json"
SERVICES = {
    "constant": np.array([0.2]),
    "two kinds": np.array([0.05] * 9 + [2.0]),
    "spread": np.random.default_rng(1).exponential(0.3, 5000),
}


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize("busy", [0.3, 0.7, 0.9])
def test_the_formula_lies_within_the_interval_of_the_simulation(name, busy):
    service = SERVICES[name]
    rate = busy / service.mean()
    found = queueing.simulate(rate, service)
    assert found.wait.holds(queueing.mean_wait(rate, service))
    assert 0 < found.wait.half < 0.2 * found.wait.mean  # an interval that holds everything says nothing


def test_of_a_hundred_intervals_nearly_all_hold_the_formula(monkeypatch):
    monkeypatch.setattr(queueing, "LOOPED", 10)
    service = SERVICES["spread"]
    rate = 0.6 / service.mean()
    wait = queueing.mean_wait(rate, service)
    held = sum(queueing.simulate(rate, service, films=5000, seed=seed).wait.holds(wait) for seed in range(100))
    assert held >= 98  # of 100 of 99.9 %; the numbers are the same at each run


def test_known_queues():
    # M/D/1 waits half as long as M/M/1, whose wait is load / (1 - load) services.
    assert queueing.mean_wait(0.5, np.array([1.0])) == pytest.approx(0.5)
    assert queueing.mean_wait(0.5, np.array([0.5, 1.5])) == pytest.approx(0.625)
    with pytest.raises(ValueError, match="below 1 is allowed"):
        queueing.mean_wait(1.0, np.array([1.0]))


def test_a_wrong_formula_would_be_found():
    service = SERVICES["two kinds"]
    rate = 0.7 / service.mean()
    wait = queueing.simulate(rate, service).wait
    assert not wait.holds(2 * queueing.mean_wait(rate, service))
    assert not wait.holds(queueing.mean_wait(rate, np.array([service.mean()])))  # as if all films took the mean


def test_waits_by_hand():
    arrivals, service = np.array([0.0, 1.0, 2.0, 10.0]), np.array([3.0, 1.0, 1.0, 1.0])
    assert queueing._waits(arrivals, service).tolist() == [0, 2, 2, 0]


def test_films_are_turned_away_when_nine_come_at_once():
    assert queueing._turned_away(np.zeros(10), np.ones(10)) == pytest.approx(0.2)
    assert queueing._turned_away(np.arange(10.0), np.ones(10)) == 0


def test_the_rate_of_a_wait_undoes_the_formula():
    service = SERVICES["spread"]
    assert queueing.mean_wait(queueing.films_at(1.5, service), service) == pytest.approx(1.5)


def test_the_document_has_the_table_of_the_measured_times():
    told = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert "\n".join(queue_table.table(queue_table.measured(TIMES, "jpeg"))) in told


def test_the_plot_is_drawn(tmp_path):
    queue_table.draw(queue_table.measured(TIMES, "published"), tmp_path / "queue.png")
    assert (tmp_path / "queue.png").read_bytes().startswith(b"\x89PNG")
