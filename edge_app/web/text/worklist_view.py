"""What lists of films show: their sources, and how many films have each verdict, as bars."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from edge_app.screening import decision
from edge_app.store import reading_tables
from edge_app.web.text import wording
from edge_app.web.text.spoken import LazyString
from edge_app.web.text.spoken import lazy_gettext as _l

# By where a film came from.
SOURCES = {
    reading_tables.PAGE: _l("page"),
    reading_tables.API: _l("program (API)"),
    reading_tables.FOLDER: _l("folder"),
    reading_tables.CAMERA: _l("camera"),
    reading_tables.DICOM: _l("DICOM node"),
}
# Stands for the verdict of a film that could not be read.
UNREAD = "unread"
# What a person must look at comes first.
ORDER = (decision.COVID, decision.PNEUMONIA, decision.UNSURE, decision.NORMAL, decision.REFUSED, UNREAD)


@dataclass(frozen=True)
class Count:
    """How many films have a verdict.

    Attributes:
        verdict: of `decision.VERDICTS`, or `UNREAD`; empty for those that wait.
        kind, symbol, title: as of `wording.Words`.
        number: how many.
        share: of all, 0 .. 1.
    """

    verdict: str
    kind: str
    symbol: str
    title: LazyString | str
    number: int
    share: float


class Batch(Protocol):
    """What is counted of a `batches.Batch`."""

    @property
    def verdicts(self) -> Mapping[str | None, int]:
        """How many films have each verdict; None of those that could not be read."""
        ...

    @property
    def waiting(self) -> int:
        """How many wait."""
        ...


def counts(by_verdict: Mapping[str, int], every: bool = False) -> list[Count]:
    """Return the counts of verdicts that there are, of `ReadingStore.by_verdict`; with `every` also those of 0."""
    total = sum(by_verdict.values())
    found = []
    for verdict in ORDER:
        number = by_verdict.get(verdict, 0)
        words = wording.VERDICTS[None if verdict == UNREAD else verdict]
        if number or every:
            share = number / total if total else 0.0
            found.append(Count(verdict, words.kind, words.symbol, words.title, number, share))
    return found


def of_batch(batch: Batch) -> list[Count]:
    """Return the counts of a batch, those that wait last."""
    found = counts({verdict or UNREAD: number for verdict, number in batch.verdicts.items()})
    if batch.waiting:
        found.append(Count("", "waits", "…", _l("waiting"), batch.waiting, 0))
    return found
