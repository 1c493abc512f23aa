"""What a table says, in figures: outcomes by folder, month and machine, scores and refusals over time, calibration.

Parts are read one by one and counted, so memory stays flat however many films there are.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from edge_app.errors import WrongUsage
from edge_app.screening import decision
from train.archive import table
from train.archive.storage import Store

FAILED = "not read"
OUTCOMES = (*decision.VERDICTS, FAILED)
UNKNOWN = "not known"
# Scores are counted in thousandths: an int8 model's are 1/256 apart.
BINS = 1000
COLUMNS = (
    *("path", "verdict", "refusal_kind", table.FOLDER, "film_date", "film_manufacturer", "film_device", "score_covid"),
    "error",
)
# In the sentence on a film that was not read, what is of this film alone.
OF_ONE_FILM = re.compile(r"'[^']*'|\"[^\"]*\"|\([^)]*\)|\d[\d,.]*")


@dataclass
class Figures:
    """What was counted.

    Attributes:
        groups: by "folder", "month" and "machine", then by group: how many films had which of OUTCOMES.
        scores: by month, int (1000,): how many films had which score of COVID-19, in thousandths.
        refusals: films by the kind of refusal.
        reasons: films that were not read, by reason.
        labelled: (score, whether it is COVID-19) of the judged films that have a label.
    """

    groups: dict[str, dict[str, Counter]] = field(default_factory=lambda: {"folder": {}, "month": {}, "machine": {}})
    scores: dict[str, np.ndarray] = field(default_factory=dict)
    refusals: Counter = field(default_factory=Counter)
    reasons: Counter = field(default_factory=Counter)
    labelled: list[tuple[float, bool]] = field(default_factory=list)

    @property
    def outcomes(self) -> Counter:
        """How many films had which of OUTCOMES."""
        return sum(self.groups["folder"].values(), Counter())

    @property
    def months(self) -> list[str]:
        """The months of which films have a date, in order."""
        return sorted(month for month in self.groups["month"] if month != UNKNOWN)


def measure(store: Store, key: str, labels: Mapping[str, bool]) -> Figures:
    """Count the films of a table.

    Args:
        store, key: of the table.
        labels: whether a film is COVID-19, by its path.

    Raises:
        WrongUsage: the table has no film of this key.
    """
    found = Figures()
    for kind in (table.RESULTS, table.FAILED):
        for name in store.names(f"{kind}/key={key}"):
            _count(found, _columns(store, name), labels)
    if not found.outcomes:
        raise WrongUsage(
            f"{store.place}: holds no result of this model and operating point, so there is nothing to report; judge "
            "films first."
        )
    return found


def quartiles(counts: np.ndarray) -> tuple[float, float, float]:
    """Return the lower quartile, the median and the upper quartile of scores that were counted in thousandths."""
    below = np.cumsum(counts) / counts.sum()
    low, middle, high = (float(np.searchsorted(below, share) + 0.5) / BINS for share in (0.25, 0.5, 0.75))
    return low, middle, high


def share(count: int, films: int) -> tuple[float, float, float]:
    """Return a share with its interval, of Wilson 1927."""
    interval = stats.binomtest(count, films).proportion_ci(method="wilson")
    return count / films, float(interval.low), float(interval.high)


def _columns(store: Store, name: str) -> dict[str, list]:
    from pyarrow import parquet

    with store.fs.open(store.path(name), "rb") as file:
        return parquet.read_table(file, columns=list(COLUMNS)).to_pydict()


def _count(found: Figures, part: dict[str, list[Any]], labels: Mapping[str, bool]) -> None:
    for path, verdict, refusal, folder, date, maker, device, score, error in zip(
        *(part[name] for name in COLUMNS), strict=True
    ):
        outcome = verdict or FAILED
        month = date[:7] if date else UNKNOWN
        machine = " ".join(filter(None, (maker, device))) or UNKNOWN
        for kind, group in (("folder", folder or UNKNOWN), ("month", month), ("machine", machine)):
            found.groups[kind].setdefault(group, Counter())[outcome] += 1
        if refusal:
            found.refusals[refusal] += 1
        if error:
            found.reasons[OF_ONE_FILM.sub("...", error.removeprefix(path).removeprefix("a film").lstrip(": "))] += 1
        if score is not None:
            counts = found.scores.setdefault(month, np.zeros(BINS, np.int64))
            counts[min(int(score * BINS), BINS - 1)] += 1
            if path in labels:
                found.labelled.append((score, labels[path]))
