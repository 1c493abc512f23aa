"""What a refused film says once it is put right."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.screening import decision, finding
from edge_app.screening.finding import Finding


@dataclass(frozen=True)
class Corrected:
    """The verdict on a refused film after it was put right: turned, or its greys inverted.

    Attributes:
        change: what was done, such as "turned by 180 degrees" or "greys inverted".
        findings: what is said of each finding, by label.
        scores: score by label, 0 .. 1.
    """

    change: str
    findings: Mapping[str, Finding]
    scores: Mapping[str, float]

    @property
    def verdict(self) -> str:
        """One of `decision.VERDICTS`, but for `decision.REFUSED`."""
        return decision.verdict(self.findings)

    def row(self) -> dict:
        """Return its part of a row."""
        return {
            "change": self.change,
            "verdict": self.verdict,
            "findings": finding.in_rows(self.findings),
            "scores": finding.rounded(self.scores),
        }
