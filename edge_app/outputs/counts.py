"""How many films of a run got which outcome, and how many which answer to each finding."""

from collections import Counter
from collections.abc import Mapping

from edge_app.screening import finding
from edge_app.screening.phrasing import outcome


class Counts:
    """Counts rows; a verdict about COVID-19 hides what is said of pneumonia, so the findings are counted too."""

    def __init__(self):
        """Begin at none."""
        self._outcomes: Counter[str] = Counter()
        self._findings = {label: Counter[str]() for label in finding.LABELS}
        self._stored = 0

    def add(self, row: Mapping) -> None:
        """Count a row of docs/results.md."""
        self._outcomes[outcome(row)] += 1
        self._stored += row["stored"]
        for label, found in (row["findings"] or {}).items():
            self._findings[label][found["answer"]] += 1

    @property
    def total(self) -> int:
        """How many rows there were."""
        return self._outcomes.total()

    @property
    def findings(self) -> str:
        """The answers to each finding in words; empty if there were none."""
        told = {
            label: ", ".join(f"{count[answer]} {answer}" for answer in finding.ANSWERS if count[answer])
            for label, count in self._findings.items()
        }
        return "; ".join(f"{label}: {words}" for label, words in told.items() if words)

    @property
    def films(self) -> str:
        """The number of films in words, with how many of them were judged before."""
        stored = f", {self._stored} of them judged before" if self._stored else ""
        return f"{self.total} film{'s' * (self.total != 1)}{stored}"

    @property
    def outcomes(self) -> list[str]:
        """Each outcome with its number, by name."""
        return [f"{count} {words}" for words, count in sorted(self._outcomes.items())]
