"""What holds for every film of a run: the model, the operating point with its figures, the prevalence."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.model.card import Card
from edge_app.model.model_file import ModelFile
from edge_app.screening import prevalence
from edge_app.screening.phrasing import NOT_A_DIAGNOSIS

PARTS = ("value", "low", "high")


@dataclass(frozen=True)
class RunContext:
    """What holds for every film of a run.

    Attributes:
        card: of the model.
        sha256: of the model's file, hex.
        rule: one of `card.RULES`.
        prevalence: share of COVID-19 among the people filmed, or None where it was not stated.
    """

    card: Card
    sha256: str
    rule: str
    prevalence: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What a verdict depends on besides the film: the model's hash, and the rule with the site's thresholds."""
        site = self.card.site
        return self.sha256, f"{self.rule}, site {site.name} {site.sha256[:12]}" if site else self.rule

    @property
    def limits(self) -> tuple[dict[str, float], tuple[float, float] | None]:
        """The thresholds by label and the band of unsure scores if any, of `Card.limits`."""
        return self.card.limits(self.rule)

    @property
    def figures(self) -> dict[str, dict]:
        """What the rule gave on test films for COVID-19: {value, low, high} by name, with the 95 % interval."""
        return {
            name: rounded(figure) for name, figure in self.card.operating_points[self.rule]["covid"].figures.items()
        }

    @property
    def worth(self) -> dict[str, dict | None]:
        """`ppv` and `npv` at the stated prevalence, of `prevalence.of_point`; empty without one."""
        if self.prevalence is None:
            return {}
        point = self.card.operating_points[self.rule]["covid"].figures
        values = prevalence.of_point(point, self.prevalence)
        return {name: figure and rounded(figure) for name, figure in values.items()}

    def row(self) -> dict:
        """Return what every line of JSON carries besides `Result.row`: see docs/results.md."""
        thresholds, band = self.limits
        stated = {} if self.prevalence is None else {"prevalence": self.prevalence}
        return {
            "model": {"name": self.card.name, "sha256": self.sha256},
            "operating_point": {"name": self.rule, "thresholds": thresholds, "band": band and list(band)}
            | self.figures,
            **stated,
            **self.worth,
            "site": self.card.site and {"name": self.card.site.name, "sha256": self.card.site.sha256},
            "notice": NOT_A_DIAGNOSIS,
        }


def of(model: ModelFile, rule: str, stated: str | None = None) -> RunContext:
    """Return the context of a model under a rule; `stated` is the prevalence as the user wrote it.

    Raises:
        WrongUsage: the prevalence is not a share between 0 and 1.
    """
    return RunContext(model.card, model.sha256, rule, None if stated is None else prevalence.read(stated))


def rounded(figure: Mapping[str, float]) -> dict[str, float]:
    """Return a share with its interval as it is written: millionths."""
    return {part: round(figure[part], 6) for part in PARTS}
