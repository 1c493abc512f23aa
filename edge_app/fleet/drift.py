"""Whether a device answers otherwise than the others, or than its model's card expects, and not by chance."""

import math
import statistics
from collections.abc import Mapping
from typing import NamedTuple

from edge_app.fleet.figures import SHARES, Counts, Figures

# Chance of a false alarm in one look at the whole fleet: of a hundred looks at devices that do not differ, one alarms.
ALARM = 0.01
# A share that differs by less does not change what a site does with the answers, however many films prove it.
LEAST_DIFFERENCE = 0.10
# Readings of other devices with the same model and rule without which there is no fleet to compare with.
LEAST_OTHERS = 100
# Half the width, in standard errors, of an interval that holds 99.9 %: the card's share stands for other hospitals.
WIDE = 3.29


class Drift(NamedTuple):
    """A share of `SHARES` that differs: here, as expected, and by whom: the "fleet" (its median) or the "card"."""

    share: str
    here: float
    expected: float
    by: str


def found(fleet: Mapping[str, Figures]) -> dict[str, list[Drift]]:
    """Return by device what differs.

    A device is compared with all others that have its model and its operating point, by Fisher's exact test, and must
    lie apart from their median too: one that is odd would make all others differ from a pool that it is in. Where the
    others have too few readings, its share of unsure answers is compared with the interval of the model's card.
    """
    groups: dict[tuple, list[Counts]] = {}
    for one in fleet.values():
        groups.setdefault(_key(one), []).append(one.recent)
    alike = {key: _Alike(counts) for key, counts in groups.items()}
    level = ALARM / max(1, len(fleet) * len(SHARES))
    drifts: dict[str, list[Drift]] = {}
    for name, one in fleet.items():
        group = alike[_key(one)]
        if group.all.read - one.recent.read >= LEAST_OTHERS:
            drifts[name] = [drift for share in SHARES if (drift := group.drift(share, one.recent, level))]
        else:
            drifts[name] = _from_card(one)
    return drifts


class _Alike:
    """Devices of one model and operating point: their sum, and their shares in order, so that each costs little."""

    def __init__(self, counts: list[Counts]):
        self.all = sum(counts, Counts())
        self._shares = {name: sorted(one.of(name) / one.read for one in counts if one.read) for name in SHARES}

    def drift(self, share: str, here: Counts, level: float) -> Drift | None:
        """Return how a device differs in a share from the others; None if it does not."""
        others = self.all - here
        if not differs(here.of(share), here.read, others.of(share), others.read, level):
            return None
        ratio, rest = here.of(share) / here.read, self._shares[share].copy()
        rest.remove(ratio)
        middle = statistics.median(rest)
        return Drift(share, ratio, middle, "fleet") if abs(ratio - middle) >= LEAST_DIFFERENCE else None


def differs(count: int, of: int, others: int, of_others: int, level: float) -> bool:
    """Say whether two shares differ by `LEAST_DIFFERENCE`, and by more than chance explains at this level."""
    if not of or not of_others or abs(count / of - others / of_others) < LEAST_DIFFERENCE:
        return False
    return fisher(count, of, others, of_others) < level


def fisher(count: int, of: int, others: int, of_others: int) -> float:
    """Return the two-sided p-value of Fisher's exact test: the chance of tables as rare as this one, or rarer.

    Args:
        count, of: of one device, `count` of `of` readings.
        others, of_others: the same of all others.
    """
    total, hits = of + of_others, count + others

    def log_chance(at: int) -> float:
        return _log_choose(of, at) + _log_choose(of_others, hits - at) - _log_choose(total, hits)

    seen = log_chance(count)
    # A hundred-millionth: two tables that are equally rare differ by rounding alone (as R's fisher.test has it).
    tables = (log_chance(at) for at in range(max(0, hits - of_others), min(of, hits) + 1))
    return min(1.0, sum(math.exp(chance) for chance in tables if chance <= seen + 1e-7))


def interval(count: int, of: int) -> tuple[float, float]:
    """Return Wilson's score interval of a share, as wide as `WIDE` says."""
    share, square = count / of, WIDE**2
    middle = (share + square / (2 * of)) / (1 + square / of)
    half = WIDE * math.sqrt(share * (1 - share) / of + square / (4 * of**2)) / (1 + square / of)
    return middle - half, middle + half


def _key(one: Figures) -> tuple[str, str, str]:
    return one.model_sha256, one.rule, one.site


def _from_card(one: Figures) -> list[Drift]:
    judged = one.recent.read - one.recent.refused
    if not judged or one.expected_unsure is None:
        return []
    low, high = interval(one.recent.unsure, judged)
    least, most = one.expected_unsure
    if low <= most and high >= least:
        return []
    return [Drift("unsure", one.recent.unsure / judged, least if high < least else most, "card")]


def _log_choose(of: int, count: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(count + 1) - math.lgamma(of - count + 1)
