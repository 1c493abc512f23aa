"""What a page says of each finding of a reading: its answer, how often such an answer is right, what was measured."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_app.model.card import OperatingPoint
from edge_app.model.left_out import Hospital
from edge_app.screening import finding, prevalence
from edge_app.web.text import wording
from edge_app.web.text.finding_words import MEANINGS, Meaning
from edge_app.web.text.spoken import format_decimal
from edge_app.web.text.spoken import gettext as _

# Least and greatest prevalence that a reader may type, out of 100.
LEAST_IN_100, MOST_IN_100 = 0.1, 99.9


@dataclass(frozen=True)
class Told:
    """One finding in words.

    Attributes:
        label: of `finding.LABELS`.
        kind, symbol: of a verdict with such an answer, as of `wording.Words`.
        words: the finding and its answer, such as "COVID-19: unsure".
        meaning: what it means, what it does not mean, and what to do now.
        right: how often such an answer is right, at `in_100`; empty without a prevalence.
        in_100: the people out of 100 who have it, in the reader's language; empty where nobody stated it.
        proof: sentences about the rule's results on films.
        measured: of these films, as in `operating_point.findings` of docs/results.md; None if nothing is known of them.
    """

    label: str
    kind: str
    symbol: str
    words: str
    meaning: Meaning
    right: str
    in_100: str
    proof: tuple[str, ...]
    measured: Mapping | None

    @property
    def source(self) -> tuple | None:
        """What tells the films of two findings apart; None if nothing is known of them."""
        if self.measured is None:
            return None
        return tuple(self.measured.get(name) for name in ("measured_on", "hospitals", "films"))


@dataclass(frozen=True)
class Figures:
    """What was measured of one finding, without a film.

    Attributes:
        label: of `finding.LABELS`.
        name: of the finding.
        proof, measured: as of `Told`.
    """

    label: str
    name: str
    proof: tuple[str, ...]
    measured: Mapping | None


@dataclass(frozen=True)
class OfHospital:
    """What one hospital left out of training gave.

    Attributes:
        name: of the hospital or the collection of films.
        films: how many of its films were judged.
        caught: of 100 who have the finding, how many were suspected or unsure; empty without such films.
        cleared: of 100 who do not, how many were neither.
    """

    name: str
    films: int
    caught: str
    cleared: str


def figures(row: Mapping) -> list[Figures]:
    """Return what was measured of each finding, by the part of a row that holds for its run."""
    names = {label: str(wording.LABELS[label]) for label in finding.LABELS}
    measured = {label: _measured(row, label) for label in names}
    return [Figures(label, names[label], _proof(one), one) for label, one in measured.items() if one]


def hospitals(points: Mapping[str, OperatingPoint]) -> dict[str, list[OfHospital]]:
    """Return what each hospital left out of training gave, by label; none of a card that does not tell.

    Args:
        points: of `RunContext.points`.
    """
    return {
        label: [_of_hospital(one) for one in point.left_out.hospitals]
        for label, point in points.items()
        if point.left_out
    }


def _of_hospital(one: Hospital) -> OfHospital:
    caught, cleared = (one.figures[name] for name in ("sensitivity", "specificity"))
    return OfHospital(one.name, one.films, of_100(caught) if caught else "", of_100(cleared) if cleared else "")


def told(row: Mapping, in_100: Mapping[str, float] | None = None) -> list[Told]:
    """Return what is said of each finding of a row of docs/results.md; nothing of a film without a verdict.

    Args:
        row: of the film.
        in_100: by label, how many of 100 people X-rayed have it; a label may be missing.
    """
    found = []
    for label, one in (row["findings"] or {}).items():
        answer, share = one["answer"], (in_100 or {}).get(label)
        kind, symbol = wording.symbol_of(label, answer)
        measured = _measured(row, label)
        right = _right(answer, measured, share) if share and measured else ""
        typed = format_decimal(share, format="#,##0.##") if share else ""
        proof = _proof(measured) if measured else ()
        words = str(wording.ANSWERS[label, answer])
        meaning = MEANINGS[label, answer]
        found.append(Told(label, kind, symbol, words, meaning, right, typed, proof, measured))
    return found


def in_100(text: str | None, stated: float | None) -> float | None:
    """Return the prevalence out of 100 that a reader typed, else that of the site's settings, else None.

    Args:
        text: as typed; None or empty for none.
        stated: of the site's settings, 0 .. 1.

    Raises:
        ValueError: the text is not a number from `LEAST_IN_100` to `MOST_IN_100`.
    """
    if not text:
        return None if stated is None else 100 * stated
    value = float(text.replace(",", "."))
    if not LEAST_IN_100 <= value <= MOST_IN_100:
        raise ValueError(text)
    return value


def also_pneumonia(row: Mapping) -> str:
    """Return what to do about other pneumonia where the verdict is about COVID-19 and does not say it; else empty."""
    answers = {label: one["answer"] for label, one in (row["findings"] or {}).items()}
    if answers.get("covid") == finding.CLEARED or answers.get("pneumonia", finding.CLEARED) == finding.CLEARED:
        return ""
    if answers["pneumonia"] == finding.SUSPECTED:
        return _("Other pneumonia is suspected too: examine the patient for pneumonia.")
    return _("The model is unsure about other pneumonia too: examine the patient for pneumonia.")


def _measured(row: Mapping, label: str) -> Mapping | None:
    """Return the figures of a finding; readings of versions before 0.3 have only those of COVID-19."""
    point = row["operating_point"]
    return point["findings"].get(label) if "findings" in point else point if label == "covid" else None


def _right(answer: str, measured: Mapping, share: float) -> str:
    if not (figure := prevalence.of_answers(measured, share / 100).get(answer)):
        return _("Nothing is known of how often it is right.")
    number = of_100(figure)
    if answer == finding.SUSPECTED:
        return _("Of 100 people with this answer, %(number)s have it (positive predictive value, PPV).", number=number)
    if answer == finding.CLEARED:
        return _(
            "Of 100 people with this answer, %(number)s do not have it (negative predictive value, NPV).", number=number
        )
    return _("Of 100 people with this answer, %(number)s have it.", number=number)


def _proof(measured: Mapping) -> tuple[str, ...]:
    caught, cleared = (_with_worst(measured, name) for name in ("sensitivity", "specificity"))
    if "referred" not in measured:
        return (
            _("Of 100 people who have it, %(number)s were suspected; the others were missed.", number=caught),
            _("Of 100 people who do not have it, %(number)s were not suspected.", number=cleared),
        )
    return (
        _("Of 100 people who have it, %(number)s were suspected or unsure; the others were missed.", number=caught),
        _("Of 100 people who do not have it, %(number)s were neither suspected nor unsure.", number=cleared),
        _("Of 100 people, %(number)s were unsure.", number=of_100(measured["referred"])),
    )


def _with_worst(measured: Mapping, name: str) -> str:
    """Return a share out of 100, and that of the hospital where it was lowest."""
    if not (worst := measured.get("worst")):
        return of_100(measured[name])
    return _("%(number)s, in the worst hospital %(worst)s,", number=of_100(measured[name]), worst=of_100(worst[name]))


def of_100(figure: Mapping) -> str:
    """Return a share out of 100 with its 95 % interval."""
    # Near the ends, whole numbers would show an uncertain figure as "100 of 100".
    digits = 1 if 0.99 < figure["value"] < 1 or 0 < figure["value"] < 0.01 else 0
    shape = "#,##0." + "0" * digits if digits else "#,##0"
    shown = [format_decimal(100 * figure[part], format=shape) for part in ("value", "low", "high")]
    return _("%(value)s (%(low)s to %(high)s)", value=shown[0], low=shown[1], high=shown[2])
