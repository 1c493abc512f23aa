"""What holds for every film of a run: the model, the operating point with its figures, the prevalence."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.model.card import FIGURES, OWN_FILMS, Card, OperatingPoint
from edge_app.model.left_out import LeftOut
from edge_app.model.model_file import ModelFile
from edge_app.screening import prevalence
from edge_app.screening.finding import LABELS
from edge_app.screening.phrasing import NOT_A_DIAGNOSIS

PARTS = ("value", "low", "high")
# What the figures of an operating point were measured on, as JSON and CSV say it.
UNSEEN, OWN, HERE = "hospitals left out of training", "hospitals of the training", "this site"


@dataclass(frozen=True)
class RunContext:
    """What holds for every film of a run.

    Attributes:
        card: of the model.
        sha256: of the model's file, hex.
        rule: one of `card.RULES`.
        prevalence: share of COVID-19 among the people filmed, or None where it was not stated.
        pneumonia_prevalence: the same of other pneumonia.
    """

    card: Card
    sha256: str
    rule: str
    prevalence: float | None = None
    pneumonia_prevalence: float | None = None

    @property
    def key(self) -> tuple[str, str]:
        """What a verdict depends on besides the film: the model's hash, and the rule with the site's thresholds."""
        site = self.card.site
        return self.sha256, f"{self.rule}, site {site.name} {site.sha256[:12]}" if site else self.rule

    @property
    def limits(self) -> tuple[dict[str, float], dict[str, tuple[float, float]]]:
        """The thresholds and the bands of unsure scores by label, of `Card.limits`."""
        return self.card.limits(self.rule)

    @property
    def points(self) -> dict[str, OperatingPoint]:
        """The operating points of the rule by label, of those of `finding.LABELS` that the card has."""
        points = self.card.operating_points[self.rule]
        return {label: points[label] for label in LABELS if label in points}

    @property
    def figures(self) -> dict[str, dict]:
        """What the rule gave for COVID-19, of `OperatingPoint.shown`, rounded."""
        return {name: rounded(figure) for name, figure in self.points["covid"].shown.items()}

    @property
    def prevalences(self) -> dict[str, float]:
        """The stated prevalences by label."""
        stated = {"covid": self.prevalence, "pneumonia": self.pneumonia_prevalence}
        return {label: share for label, share in stated.items() if share is not None and label in self.points}

    @property
    def worth(self) -> dict[str, dict[str, dict | None]]:
        """How often each answer is right at the stated prevalence, of `prevalence.of_answers`, by label; rounded."""
        return {
            label: {
                answer: figure and rounded(figure)
                for answer, figure in prevalence.of_answers(self.points[label].shown, share).items()
            }
            for label, share in self.prevalences.items()
        }

    def row(self) -> dict:
        """Return what every line of JSON carries besides `Result.row`: see docs/results.md."""
        thresholds, bands = self.limits
        point = {"name": self.rule, "thresholds": thresholds, "band": [*bands.get("covid", ())] or None}
        point |= self.figures | {"findings": {label: _measured(one) for label, one in self.points.items()}}
        stated = {}
        if self.prevalence is not None:
            whole = prevalence.of_point(self.points["covid"].shown, self.prevalence)
            stated = {"prevalence": self.prevalence}
            stated |= {name: figure and rounded(figure) for name, figure in whole.items()}
        if self.pneumonia_prevalence is not None:
            stated["pneumonia_prevalence"] = self.pneumonia_prevalence
        return {
            "model": {"name": self.card.name, "sha256": self.sha256},
            "operating_point": point,
            **stated,
            "site": self.card.site and {"name": self.card.site.name, "sha256": self.card.site.sha256},
            "notice": NOT_A_DIAGNOSIS,
        }

    def line(self, row: Mapping) -> dict:
        """Return a whole line of JSON: the row of a film, how often its answers are right, and `row`."""
        worth = self.worth
        findings = row["findings"] and {
            label: found | ({"predictive_value": worth[label].get(found["answer"])} if label in worth else {})
            for label, found in row["findings"].items()
        }
        return {**row, "findings": findings} | self.row()


def of(model: ModelFile, rule: str, stated: str | None = None, stated_pneumonia: str | None = None) -> RunContext:
    """Return the context of a model under a rule; the prevalences are as the user wrote them.

    Raises:
        WrongUsage: a prevalence is not a share between 0 and 1.
    """
    covid = None if stated is None else prevalence.read(stated)
    pneumonia = None if stated_pneumonia is None else prevalence.read(stated_pneumonia, "--pneumonia-prevalence")
    return RunContext(model.card, model.sha256, rule, covid, pneumonia)


def _measured(point: OperatingPoint) -> dict:
    """Return the thresholds of a finding, what they gave, and on what."""
    left_out = point.left_out
    return {
        "unsure_from": point.unsure_from,
        "suspected_from": point.threshold,
        "measured_on": UNSEEN if left_out else OWN if point.films == OWN_FILMS else HERE,
        "hospitals": len(left_out.hospitals) if left_out else None,
        "films": left_out.films if left_out else None,
        "worst": left_out and {name: _worst(left_out, name) for name in FIGURES},
        **{name: rounded(figure) for name, figure in point.shown.items()},
    }


def _worst(left_out: LeftOut, name: str) -> dict:
    hospital = left_out.worst(name)
    figure = hospital.figures[name]
    assert figure  # `worst` looks only at hospitals that have it
    return {"hospital": hospital.name} | rounded(figure)


def rounded(figure: Mapping[str, float]) -> dict[str, float]:
    """Return a share with its interval as it is written: millionths."""
    return {part: round(figure[part], 6) for part in PARTS}
