"""What a page shows of a reading: bars with thresholds, measurements, predictive values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _

from edge_app.screening import phrasing, prevalence
from edge_app.web.text import labels, wording

# Order of the scores: the finding that the rule decides first comes first.
ORDER = ("covid", "pneumonia", "normal")
# Least and greatest prevalence that a reader may type, out of 100.
LEAST_IN_100, MOST_IN_100 = 0.1, 99.9


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
    """Return what templates show of a reading: its bars, measurements, and the words of a refusal."""
    row = reading.row
    refused, corrected = row["refusal"], row["corrected"]
    return {
        "bars": bars(row),
        "measured": measured(row, reading.checks or ()),
        "also_pneumonia": also_pneumonia(row),
        "warning": heat_warning(row),
        "refusal": refused and wording.of_refusal(refused["kind"]),
        "change": corrected and wording.CHANGES.get(corrected["change"], corrected["change"]),
        "corrected": corrected and wording.VERDICTS[corrected["verdict"]],
        "proof": proof(row),
    }


def bars(row: Mapping) -> list[Bar]:
    """Return the bars of a row of docs/results.md; none for a film without a verdict."""
    point, shot = row["operating_point"], row.get("camera") or {}
    scores = row["scores"] or {}
    found = []
    for label in sorted(scores, key=lambda label: (ORDER.index(label) if label in ORDER else len(ORDER), label)):
        band = point["band"] if label == "covid" else None
        unsure, suspected = band or (None, point["thresholds"].get(label))
        spread = (shot.get("spread") or {}).get(label) if shot.get("frames", 0) > 1 else None
        name = str(wording.LABELS.get(label, label))
        words = [_("%(name)s: score %(score)s of 1", name=name, score=number(scores[label]))]
        words += [_("unsure from %(score)s", score=number(unsure))] if unsure is not None else []
        words += [_("suspected from %(score)s", score=number(suspected))] if suspected is not None else []
        found.append(Bar(label, name, scores[label], unsure, suspected, spread and tuple(spread), ", ".join(words)))
    return found


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


def worth(row: Mapping, in_100: float) -> dict:
    """Return the predictive values of a verdict where `in_100` of 100 people X-rayed have COVID-19.

    Returns:
        `ppv` and `npv`, each out of 100 with its 95 % interval, in words; None if it is not known.
    """
    found = prevalence.of_point(row["operating_point"], in_100 / 100)
    return {name: figure and _of_100(figure) for name, figure in found.items()}


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


def proof(row: Mapping) -> list[str]:
    """Return sentences about the rule's results on test films, as numbers of people out of 100."""
    point = row["operating_point"]
    caught = _of_100(point["sensitivity"])
    cleared = _of_100(point["specificity"])
    if point.get("referred"):
        return [
            _(
                "Of 100 test patients with COVID-19, %(number)s got the verdict “suspected” or “unsure”; the others "
                "were missed.",
                number=caught,
            ),
            _(
                "Of 100 test films of people without COVID-19, %(number)s got neither of these two verdicts.",
                number=cleared,
            ),
            _(
                "Of 100 test films of all people, %(number)s got the verdict “unsure”.",
                number=_of_100(point["referred"]),
            ),
        ]
    return [
        _("Of 100 test patients with COVID-19, %(number)s were suspected; the others were missed.", number=caught),
        _("Of 100 test films of people without COVID-19, %(number)s were not suspected.", number=cleared),
    ]


def also_pneumonia(row: Mapping) -> bool:
    """Return whether the score of pneumonia reaches its threshold although the verdict is about COVID-19."""
    limit = row["operating_point"]["thresholds"].get("pneumonia")
    above = bool(row["scores"]) and limit is not None and row["scores"]["pneumonia"] >= limit
    return above and row["verdict"] in phrasing.RESTING


def heat_warning(row: Mapping) -> str | None:
    """Return "outside" or "aside" if most of the heat lies outside the lungs, as `phrasing.heat_warning` says."""
    inside = row["lungs"]["heat_inside"] if row["lungs"] else None
    warned = phrasing.heat_warning(row["verdict"], inside)
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
    from babel.dates import format_date, format_time

    time = datetime.fromisoformat(time) if isinstance(time, str) else time
    local = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone()
    day = format_date(local, "medium", locale=get_locale())
    return f"{day}, {format_time(local, 'short', tzinfo=local.tzinfo, locale=get_locale())}"


def _of_100(figure: Mapping) -> str:
    """Return a share out of 100 with its 95 % interval."""
    # Near the ends, whole numbers would show an uncertain figure as "100 of 100".
    digits = 1 if 0.99 < figure["value"] < 1 or 0 < figure["value"] < 0.01 else 0
    shown = [number(100 * figure[part], digits) for part in ("value", "low", "high")]
    return _("%(value)s (%(low)s to %(high)s)", value=shown[0], low=shown[1], high=shown[2])


def _spaced() -> bool:
    """Return whether the language puts a space before the percent sign; Spanish and French do."""
    return str(get_locale())[:2] != "en"
