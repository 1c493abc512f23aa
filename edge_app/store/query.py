"""Which results of a store are wanted."""

from collections.abc import Mapping
from typing import NamedTuple


class Query(NamedTuple):
    """The conditions that a result must meet, all of them; None sets no condition.

    Attributes:
        verdict: as in the row.
        refusal: as in the row.
        since: ISO date or time, UTC.
        until: ISO date or time, UTC; the day, hour or second that it names is included.
        text: part of the path, in any case.
        film: the hash of a film, or the beginning of one.
        run: number of a run.
        limit: the largest number of results; the newest are taken.
        covid, pneumonia: the answer to the finding, of `finding.ANSWERS`.
    """

    verdict: str | None = None
    refusal: str | None = None
    since: str | None = None
    until: str | None = None
    text: str | None = None
    film: str | None = None
    run: int | None = None
    limit: int | None = None
    covid: str | None = None
    pneumonia: str | None = None

    @property
    def findings(self) -> dict[str, str]:
        """The answers that are wanted, by label."""
        wanted = {"covid": self.covid, "pneumonia": self.pneumonia}
        return {label: answer for label, answer in wanted.items() if answer is not None}

    def meets(self, row: Mapping) -> bool:
        """Return whether a row has the findings that are wanted; `where` says nothing of them.

        Rows of versions before 0.3 get their findings only when they are read.
        """
        found = row.get("findings") or {}
        return all(label in found and found[label]["answer"] == answer for label, answer in self.findings.items())

    def where(self) -> tuple[str, list[str | int]]:
        """Return the conditions as SQL, empty if there is none, and the values of its question marks."""
        conditions = {
            "verdict = ?": self.verdict,
            "refusal = ?": self.refusal,
            "films.time >= ?": self.since,
            "films.time < ?": self.until and _after(self.until),
            "path LIKE ? ESCAPE '\\'": self.text and f"%{literal(self.text)}%",
            "film LIKE ? ESCAPE '\\'": self.film and f"{literal(self.film)}%",
            "run = ?": self.run,
        }
        given = {condition: value for condition, value in conditions.items() if value is not None}
        return (f" WHERE {' AND '.join(given)}" if given else "", list(given.values()))


EVERYTHING = Query()


def literal(text: str) -> str:
    """Escape the wildcards of LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _after(moment: str) -> str:
    """Return a text that sorts after every time in the day, hour or second that `moment` names."""
    return f"{moment}\U0010ffff"
