"""One JSON object a line on stdout, for programs: docs/results.md."""

import json


class JsonLines:
    """Each line is a row of `Result.row` and what holds for the whole run."""

    def __init__(self, run: dict):
        """Take what is added to every line, of `constants`."""
        self._run = run

    def add(self, result) -> None:
        """Print one line."""
        print(json.dumps(result.row() | self._run), flush=True)

    def close(self) -> None:
        """Nothing is left to print."""


def constants(card, rule: str, values: dict | None = None) -> dict:
    """Return what every line of a run has in common.

    Args:
        card: of the model.
        rule: the operating point.
        values: predictive values of `prevalence.of_point`, if a prevalence was stated.
    """
    point = card.operating_points[rule]["covid"]
    common = {
        "model": {"name": card.name, "sha256": card.sha256},
        "operating_point": {"name": rule} | {name: _rounded(figure) for name, figure in point.figures.items()},
    }
    return common | {name: figure and _rounded(figure) for name, figure in (values or {}).items()}


def _rounded(figure: dict) -> dict:
    return {part: round(figure[part], 6) for part in ("value", "low", "high")}
