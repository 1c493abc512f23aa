"""The queue before one device: what Pollaczek and Khinchine's formula says, and a simulation that it must agree with.

Films come at random (Poisson) and are read one after the other (M/G/1); service times are drawn from measured ones.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

# Films that may wait or be read at a time before others are turned away (`inference_queue.MOST_WAITING`).
MOST_WAITING = 8
# Independent runs of a simulation, and films of each; the first tenth, while the queue fills, is not counted. Of those
# that are turned away, which takes a loop, the first films tell enough.
RUNS, FILMS, WARM_UP, LOOPED = 20, 100_000, 0.1, 20_000
# Student's t of 19 degrees of freedom, two-sided 99.9 %: a dozen intervals then all hold in 99 of 100 cases.
T_999 = 3.883


@dataclass(frozen=True)
class Estimate:
    """A mean over independent runs, with the half of its 99.9 % interval."""

    mean: float
    half: float

    def holds(self, value: float) -> bool:
        """Say whether a value lies within the interval."""
        return abs(value - self.mean) <= self.half


@dataclass(frozen=True)
class Simulated:
    """What a simulation found, in the unit of the service times: mean wait, its 95th percentile; share turned away."""

    wait: Estimate
    p95: Estimate
    lost: Estimate


def load(rate: float, service: np.ndarray) -> float:
    """Return the utilisation: the share of the time that the device works.

    Args:
        rate: films that come in a unit of time.
        service: float64 (n,), measured service times.
    """
    return rate * float(service.mean())


def mean_wait(rate: float, service: np.ndarray) -> float:
    """Return the mean wait before a film is begun, of M/G/1 (Pollaczek 1930, Khinchine 1932); arguments as of `load`.

    Raises:
        ValueError: the utilisation is not below 1: the queue grows without end.
    """
    busy = load(rate, service)
    if busy >= 1:
        raise ValueError(f"the utilisation is {busy:.2f}; below 1 is allowed")
    return rate * float((service**2).mean()) / (2 * (1 - busy))


def simulate(rate: float, service: np.ndarray, runs: int = RUNS, films: int = FILMS, seed: int = 0) -> Simulated:
    """Simulate the queue; arguments as of `load`, and the runs, the films of each, and the seed of their numbers."""
    waits, high, lost = [], [], []
    for number in range(runs):
        random = np.random.default_rng((seed, number))
        arrivals = np.cumsum(random.exponential(1 / rate, films))
        taken = random.choice(service, films)
        counted = _waits(arrivals, taken)[int(WARM_UP * films) :]
        waits.append(counted.mean())
        high.append(np.quantile(counted, 0.95))
        lost.append(_turned_away(arrivals[:LOOPED], taken[:LOOPED]))
    return Simulated(_estimate(waits), _estimate(high), _estimate(lost))


def films_at(wait: float, service: np.ndarray) -> float:
    """Return the films in a unit of time at which the mean wait is `wait`: the formula solved for the rate."""
    return 2 * wait / (float((service**2).mean()) + 2 * wait * float(service.mean()))


def _waits(arrivals: np.ndarray, service: np.ndarray) -> np.ndarray:
    """Return the wait of each film, by Lindley's recursion (1952) in closed form; the queue has no end."""
    steps = np.concatenate(([0.0], service[:-1] - np.diff(arrivals)))
    sums = np.cumsum(steps)
    return sums - np.minimum.accumulate(np.minimum(sums, 0))


def _turned_away(arrivals: np.ndarray, service: np.ndarray) -> float:
    """Return the share of films that find `MOST_WAITING` before them and are turned away for good."""
    ends: deque[float] = deque()
    lost = 0
    for arrival, takes in zip(arrivals.tolist(), service.tolist(), strict=True):
        while ends and ends[0] <= arrival:
            ends.popleft()
        if len(ends) >= MOST_WAITING:
            lost += 1
        else:
            ends.append(max(arrival, ends[-1] if ends else arrival) + takes)
    return lost / len(arrivals)


def _estimate(values: list[float]) -> Estimate:
    return Estimate(float(np.mean(values)), T_999 * float(np.std(values, ddof=1)) / len(values) ** 0.5)
