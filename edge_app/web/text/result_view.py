"""What a page shows of a reading: its findings, bars with thresholds, measurements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from edge_app.screening import finding, phrasing
from edge_app.web.text import finding_view, labels, wording
from edge_app.web.text.spoken import format_date, format_decimal, format_percent, locale
from edge_app.web.text.spoken import gettext as _

# Order of the scores: the finding that the rule decides first comes first.
ORDER = finding.LABELS
# A score that decides nothing: beside a suspicion a high one reads like an all-clear. JSON keeps it.
NOT_SHOWN = "normal"


@dataclass(frozen=True)
class Bar:
    """A score as a bar.

    Attributes:
        label: of the model, such as `covid`; also a class of the style sheet.
        name: in the reader's language.
        score: 0 .. 1.
        unsure: score from which the verdict is "unsure"; None without a band.
        suspected: score from which the finding is suspected; None without a threshold.
        spread: the least and the greatest score of a camera's frames; None for one picture.
        words: the score and its thresholds in words, for a screen reader.
    """

    label: str
    name: str
    score: float
    unsure: float | None
    suspected: float | None
    spread: tuple[float, float] | None
    words: str


class Reading(Protocol):
    """What is shown of a `reading_store.Reading`."""

    @property
    def row(self) -> Mapping:
        """Of docs/results.md."""
        ...

    @property
    def checks(self) -> Sequence[Mapping]:
        """What the gate measured: {name, value, low, high} each."""
        ...


def seen(reading: Reading) -> dict:
    """Return what templates show of a reading: its findings, bars, measurements, and the words of a refusal."""
    row = reading.row
    refused, corrected = row["refusal"], row["corrected"]
    return {
        "bars": bars(row),
        "measured": measured(row, reading.checks or ()),
        "findings": finding_view.told(row),
        "also_pneumonia": finding_view.also_pneumonia(row),
        "warning": heat_warning(row),
        "refusal": refused and wording.of_refusal(refused["kind"]),
        "change": corrected and wording.CHANGES.get(corrected["change"], corrected["change"]),
        "corrected": corrected and wording.VERDICTS[corrected["verdict"]],
        "corrected_findings": finding_view.told({**row, "findings": corrected and corrected["findings"]}),
    }


def bars(row: Mapping) -> list[Bar]:
    """Return the bars of a row of docs/results.md without `NOT_SHOWN`; none for a film without a verdict."""
    shot = row.get("camera") or {}
    scores = {label: score for label, score in (row["scores"] or {}).items() if label != NOT_SHOWN}
    found = []
    for label in sorted(scores, key=lambda label: (ORDER.index(label) if label in ORDER else len(ORDER), label)):
        unsure, suspected = _limits(row, label)
        spread = (shot.get("spread") or {}).get(label) if shot.get("frames", 0) > 1 else None
        name = str(wording.LABELS.get(label, label))
        words = [_("%(name)s: score %(score)s of 1", name=name, score=number(scores[label]))]
        words += [_("unsure from %(score)s", score=number(unsure))] if unsure is not None else []
        words += [_("suspected from %(score)s", score=number(suspected))] if suspected is not None else []
        found.append(Bar(label, name, scores[label], unsure, suspected, spread and tuple(spread), ", ".join(words)))
    return found


def _limits(row: Mapping, label: str) -> tuple[float | None, float | None]:
    """Return the scores from which a label is unsure and suspected; None where there is no such score."""
    found = (row["findings"] or {}).get(label)
    return (found["unsure_from"], found["suspected_from"]) if found else (None, None)


def measured(row: Mapping, checks: Iterable[Mapping]) -> list[dict]:
    """Return what the gate and the camera measured: name, value, limit, and whether the value is within it.

    Args:
        row: of docs/results.md.
        checks: {name, value, low, high} each, of `gate.Check`.
    """
    found = []
    for check in checks:
        low, high = check["low"], check["high"]
        fine = (low is None or check["value"] >= low) and (high is None or check["value"] <= high)
        allowed = (
            _("at least %(value)s", value=number(low))
            if low is not None
            else _("at most %(value)s", value=number(high))
        )
        name = labels.CHECKS.get(check["name"], check["name"])
        found.append({"name": name, "value": number(check["value"]), "allowed": allowed, "fine": fine})
    quality = (row.get("camera") or {}).get("quality") or {}
    for name, value in quality.items():
        found.append({"name": labels.QUALITY.get(name, name), "value": number(value), "allowed": "", "fine": True})
    return found


def heat_warning(row: Mapping) -> str | None:
    """Return "outside" or "aside" if most of the heat lies outside the lungs, as `phrasing.heat_warning` says."""
    warned = phrasing.heat_warning(row)
    return {phrasing.OUTSIDE: "outside", phrasing.ASIDE: "aside"}.get(warned) if warned else None


def number(value: float | None, digits: int | None = None) -> str:
    """Return a number in the reader's language: below 10 with three digits, else with none, or with `digits`."""
    if value is None:
        return ""
    if digits is None:
        digits = 3 if abs(value) < 10 else 0
    return format_decimal(value, format="#,##0." + "0" * digits if digits else "#,##0")


def percent(value: float | None) -> str:
    """Return a share, 0 .. 1, in percent in the reader's language."""
    return "" if value is None else format_percent(value, format="#,##0 %" if _spaced() else "#,##0%")


def when(time: datetime | str) -> str:
    """Return a time in the reader's language and the device's time zone."""
    from babel.dates import format_time

    time = datetime.fromisoformat(time) if isinstance(time, str) else time
    local = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone()
    return f"{format_date(local)}, {format_time(local, 'short', tzinfo=local.tzinfo, locale=locale())}"


def _spaced() -> bool:
    """Return whether the language puts a space before the percent sign; Spanish and French do."""
    return str(locale())[:2] != "en"
