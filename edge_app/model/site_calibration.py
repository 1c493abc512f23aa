"""A site's own calibration: thresholds and a temperature for one model, set and measured on the site's own films.

`python -m train site-check --calibration-out` writes the file, JSON, from labelled films of the site. It replaces the
thresholds and figures of one operating point on the model's card; those for photographs of films stay.
A file is checked here field by field. One that raises a threshold must say what proves it: the lower end of the 95 %
interval of the sensitivity on the site's films. So no file can make the program miss more than its films support.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from edge_app.json_text import parse, quoted
from edge_app.model.card import BAND_FIGURES, FIGURES, Card, Site
from edge_app.model.temperature import softened_threshold

FORMAT = "covid-xray-site-calibration"
VERSION = 1
# What the lower end of the 95 % interval of a finding's sensitivity must reach before its threshold may rise: the share
# of the sick that operating points are chosen by (`train.evaluation.operating_points.LEAST_RECALL`).
LEAST_SENSITIVITY = {"covid": 0.95, "pneumonia": 0.90}
# Beyond these a temperature is a failed fit (`train.training.calibrate`).
LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.2, 10.0
# A threshold that was carried from the model's temperature to the site's may differ in its last digits.
SAME = 1e-9
# Letters of a site's name: it stands above tables and beneath pictures.
MOST_NAME = 40
AGAIN = "make it again with 'python -m train site-check --calibration-out'"


def applied(card: Card, content: bytes, model_sha256: str, rule: str | None, site_sha256: str, signer: str) -> Card:
    """Return a card with the thresholds, figures and temperature of a site.

    Args:
        card: of the model, for films in files.
        content: of the calibration file.
        model_sha256: of the model's file, hex.
        rule: the operating point in use, one of `card.RULES`; None: that of the file.
        site_sha256: of the calibration file, hex.
        signer: name of the key that signed it.

    Raises:
        ValueError: it must not be used with this model; the text says why, and begins after the file's name.
    """
    raw = _parsed(content)
    name = _name(raw)
    rule = _rule(raw, card, model_sha256, rule)
    temperature = _number(_take(raw, "temperature", dict), "value", LEAST_TEMPERATURE, MOST_TEMPERATURE)
    findings, before = _take(raw, "findings", dict), card.operating_points[rule]
    if set(findings) != set(before):
        raise ValueError(f"has thresholds for {quoted(sorted(findings))}; this model needs {sorted(before)}; {AGAIN}")
    points = {}
    for label, point in before.items():
        found = _take(findings, label, dict)
        same = carried(card, rule, label, temperature)
        low, high = _limits(found, label, same)
        figures = found.get("figures") and _figures(found, banded=low < high)
        if not figures and max(abs(low - same[0]), abs(high - same[1])) > SAME:
            raise ValueError(f"moves the thresholds of '{label}' and has no figures of them; {AGAIN}")
        points[label] = replace(
            point,
            threshold=high,
            rule="set on a site's films, as its calibration file says",
            unsure_from=low if low < high else None,
        )
        if figures:
            points[label] = replace(points[label], figures=figures, films=f"films of {name}", left_out=None)
    site = Site(name, site_sha256, _made(raw), _films(raw), signer)
    changed = replace(card, operating_points={**card.operating_points, rule: points}, site=site)
    return replace(changed, temperature=card.temperature * temperature)


def limits(card: Card, rule: str, label: str) -> tuple[float, float]:
    """Return from which score a finding is unsure, and from which it is suspected; without a band both are the same."""
    thresholds, bands = card.limits(rule)
    return bands.get(label, (thresholds[label], thresholds[label]))


def carried(card: Card, rule: str, label: str, temperature: float) -> tuple[float, float]:
    """Return the `limits` of a card as they are once scores are softened: they part the same films."""
    low, high = limits(card, rule, label)
    return softened_threshold(low, temperature), softened_threshold(high, temperature)


def most_proven(patients: float) -> float:
    """Return the highest lower end that the 95 % interval of a share can have: when none of the patients is missed."""
    return 0.025 ** (1 / patients) if patients else 0.0


def _parsed(content: bytes) -> dict:
    try:
        raw = parse(content)
    except ValueError as error:
        raise ValueError(f"is not JSON ({error}); {AGAIN}") from error
    if not isinstance(raw, dict) or raw.get("format") != FORMAT:
        raise ValueError(f"is not a site's calibration: its field 'format' must be '{FORMAT}'; {AGAIN}")
    if raw.get("version") != VERSION:
        raise ValueError(f"has version {quoted(raw.get('version'))}; this program reads version {VERSION}; {AGAIN}")
    return raw


def _rule(raw: dict, card: Card, model_sha256: str, rule: str | None) -> str:
    """Return the operating point of a file, once it is known to be for this model, and for `rule` if one is given."""
    model, own = _take(raw, "model", dict), _take(raw, "operating_point", str)
    name, sha256 = _take(model, "name", str), _take(model, "sha256", str)
    if sha256 != model_sha256:
        raise ValueError(
            f"is for model {quoted(name)} (sha256 {ascii(sha256[:12])[1:-1]}), and this model is '{card.name}' (sha256 "
            f"{model_sha256[:12]}); use the model that it is for, or {AGAIN} and this model"
        )
    if own not in card.operating_points:
        raise ValueError(
            f"is for operating point {quoted(own)}; allowed are {', '.join(card.operating_points)}; {AGAIN}"
        )
    if rule not in (None, own):
        raise ValueError(
            f"is for operating point {quoted(own)}, and '{rule}' is asked for; use it with '--operating-point {own}', "
            f"or {AGAIN} and '--operating-point {rule}'"
        )
    return own


def _name(raw: dict) -> str:
    name = _take(raw, "site", str)
    if not 0 < len(name) <= MOST_NAME or not name.isprintable():
        raise ValueError(f"names its site {quoted(name)}; 1 to {MOST_NAME} printable letters are allowed; {AGAIN}")
    return name


def _made(raw: dict) -> str:
    """Return when it was made, once it is known to be a time."""
    made = _take(raw, "made", str)
    try:
        return datetime.fromisoformat(made).isoformat()
    except ValueError as error:
        raise ValueError(f"has {quoted(made)} in field 'made'; a time as of ISO 8601 is allowed; {AGAIN}") from error


def _films(raw: dict) -> str:
    """Return how many patients there were, in words."""
    films = _take(raw, "films", dict)
    counts = {label: _number(_take(films, label, dict), "patients", 0, math.inf) for label in films}
    others = sum(count for label, count in counts.items() if label != "covid")
    return f"{counts.get('covid', 0):.0f} patients with COVID-19 and {others:.0f} others"


def _limits(found: dict, label: str, before: tuple[float, float]) -> tuple[float, float]:
    """Return from where a finding is unsure and suspected, once it is proven that no more are missed than allowed."""
    low, high = (_number(found, name, 0, 1) for name in ("unsure_from", "suspected_from"))
    if low > high:
        raise ValueError(f"has, of '{label}', 'unsure_from' {low} above 'suspected_from' {high}; {AGAIN}")
    if low > before[0] + SAME:
        least, most = LEAST_SENSITIVITY.get(label, math.inf), most_proven(_number(found, "patients", 0, math.inf))
        proven = _number(_take(found, "support", dict), "low", 0, 1)
        if not least <= proven <= most + SAME:
            raise ValueError(
                f"raises the threshold of '{label}' from {before[0]:.4f} to {low:.4f}, and its films do not support it "
                f"(sensitivity from {proven:.3f} on, at most {most:.3f} of so many patients; {least:g} is needed); "
                f"{AGAIN}"
            )
    return low, high


def _figures(found: dict, banded: bool) -> Mapping[str, Mapping]:
    """Return the figures of a finding, as on a card."""
    figures = _take(found, "figures", dict)
    names = BAND_FIGURES if banded or "referred" in figures else FIGURES
    shares = {name: _take(figures, name, dict) for name in names}
    for name, share in shares.items():
        low, value, high = (_number(share, part, 0, 1) for part in ("low", "value", "high"))
        if not low <= value <= high:
            raise ValueError(f"has figure '{name}' {value} outside its interval {low} to {high}; {AGAIN}")
    return shares


def _take(raw: dict, name: str, kind: type) -> Any:
    if not isinstance(value := raw.get(name), kind):
        wanted = {str: "text", dict: "a mapping"}[kind]
        raise ValueError(f"has {quoted(value)} in field '{name}'; it must be {wanted}; {AGAIN}")
    return value


def _number(raw: dict, name: str, least: float, most: float) -> float:
    value = raw.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not least <= value <= most:
        raise ValueError(f"has {quoted(value)} in field '{name}'; {least:g} to {most:g} is allowed; {AGAIN}")
    return float(value)
