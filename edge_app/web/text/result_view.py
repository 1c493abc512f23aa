"""What a page shows of a reading: bars with thresholds, figures in words, what a verdict is worth."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _

from edge_app.screening import phrasing, prevalence
from edge_app.web.text import labels, wording

# In which the scores stand: what is asked first comes first.
ORDER = ("covid", "pneumonia", "normal")
# A prevalence is asked for as so many in a hundred: 1 in 1,000 and 999 in 1,000 are the ends.
LEAST_IN_100, MOST_IN_100 = 0.1, 99.9


@dataclass(frozen=True)
class Bar:
    """A score with what is drawn on it.

    Attributes:
        label: of the model, such as `covid`; it is a class of the style sheet too.
        name: for people.
        score: 0 .. 1.
        unsure: from which score the answer is "unsure"; None without a band.
        suspected: from which score it is suspected; None where there is no threshold.
        spread: the least and highest score in the frames of a camera, or None.
        words: all of it in words, for a screen reader.
    """

    label: str
    name: str
    score: float
    unsure: float | None
    suspected: float | None
    spread: tuple[float, float] | None
    words: str


def seen(reading) -> dict:
    """Return what templates show of a reading: its bars, what was measured, and the words of a refusal."""
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
    """Return the scores of a row of docs/results.md; none of a film without a verdict."""
    point, shot = row["operating_point"], row.get("camera") or {}
    scores = row["scores"] or {}
    found = []
    for label in sorted(scores, key=lambda one: (ORDER.index(one) if one in ORDER else len(ORDER), one)):
        band = point["band"] if label == "covid" else None
        unsure, suspected = band or (None, point["thresholds"].get(label))
        spread = (shot.get("spread") or {}).get(label) if shot.get("frames", 0) > 1 else None
        name = str(wording.LABELS.get(label, label))
        said = [_("%(name)s: score %(score)s of 1", name=name, score=number(scores[label]))]
        said += [_("unsure from %(score)s", score=number(unsure))] if unsure is not None else []
        said += [_("suspected from %(score)s", score=number(suspected))] if suspected is not None else []
        found.append(Bar(label, name, scores[label], unsure, suspected, spread and tuple(spread), ", ".join(said)))
    return found


def measured(row: Mapping, checks) -> list[dict]:
    """Return what the gate and the camera measured: name, value, what is allowed, and whether it is.

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
    """Say what a verdict is worth where so many of a hundred people filmed have COVID-19, of `prevalence.of_point`.

    Returns:
        `ppv` and `npv`, each {value, low, high} as numbers out of 100, in words; None where it is not known.
    """
    found = prevalence.of_point(row["operating_point"], in_100 / 100)
    return {name: figure and _of_100(figure) for name, figure in found.items()}


def in_100(text: str | None, stated: float | None) -> float | None:
    """Return the prevalence that a reader typed, out of 100, or the site's, 0 .. 1, else None.

    Raises:
        ValueError: it is no number that is allowed.
    """
    if not text:
        return None if stated is None else 100 * stated
    value = float(text.replace(",", "."))
    if not LEAST_IN_100 <= value <= MOST_IN_100:
        raise ValueError(text)
    return value


def proof(row: Mapping) -> list[str]:
    """Say in whole people what the rule gave on test films."""
    point = row["operating_point"]
    caught = _of_100(point["sensitivity"])
    cleared = _of_100(point["specificity"])
    if point.get("referred"):
        return [
            _(
                "Of 100 test patients with COVID-19, %(number)s were suspected or unsure, and the others missed.",
                number=caught,
            ),
            _("Of 100 test films of other people, %(number)s were neither suspected nor unsure.", number=cleared),
            _("Of 100 test films of all people, %(number)s were unsure.", number=_of_100(point["referred"])),
        ]
    return [
        _("Of 100 test patients with COVID-19, %(number)s were suspected, and the others missed.", number=caught),
        _("Of 100 test films of other people, %(number)s were not suspected.", number=cleared),
    ]


def also_pneumonia(row: Mapping) -> bool:
    """Say whether the score of pneumonia reaches its threshold where the verdict is of COVID-19, asked first."""
    limit = row["operating_point"]["thresholds"].get("pneumonia")
    above = bool(row["scores"]) and limit is not None and row["scores"]["pneumonia"] >= limit
    return above and row["verdict"] in phrasing.RESTING


def heat_warning(row: Mapping) -> str | None:
    """Return "outside" or "aside" if most of the heat lies outside the lungs, as `phrasing.heat_warning` says."""
    inside = row["lungs"]["heat_inside"] if row["lungs"] else None
    warned = phrasing.heat_warning(row["verdict"], inside)
    return {phrasing.OUTSIDE: "outside", phrasing.ASIDE: "aside"}.get(warned)


def number(value: float | None, digits: int | None = None) -> str:
    """Write a number as the reader's language does: scores with three digits, large ones with fewer."""
    if value is None:
        return ""
    if digits is None:
        digits = 3 if abs(value) < 10 else 0
    return format_decimal(value, format="#,##0." + "0" * digits if digits else "#,##0")


def percent(value: float | None) -> str:
    """Write a share, 0 .. 1, in percent."""
    return "" if value is None else format_percent(value, format="#,##0 %" if _spaced() else "#,##0%")


def when(time: datetime | str) -> str:
    """Write a time as the reader's language does, in the device's time zone."""
    from babel.dates import format_date, format_time

    time = datetime.fromisoformat(time) if isinstance(time, str) else time
    local = (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone()
    day = format_date(local, "medium", locale=get_locale())
    return f"{day}, {format_time(local, 'short', tzinfo=local.tzinfo, locale=get_locale())}"


def _of_100(figure: Mapping) -> str:
    """Write a share with its 95 % interval as so many out of 100."""
    # Near the ends whole people would say "100 of 100" of a figure that is not certain.
    digits = 1 if 0.99 < figure["value"] < 1 or 0 < figure["value"] < 0.01 else 0
    shown = [number(100 * figure[part], digits) for part in ("value", "low", "high")]
    return _("%(value)s (%(low)s to %(high)s)", value=shown[0], low=shown[1], high=shown[2])


def _spaced() -> bool:
    """Say whether the language puts a space before the percent sign; Spanish and French do."""
    return str(get_locale())[:2] != "en"
