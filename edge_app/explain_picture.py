"""All the evidence for one film in one picture: what was seen, what was said, and what it was held against."""

import cv2
import numpy as np

from edge_app import __version__, overlay, pictures, preprocess, report
from edge_app.errors import UnreadableRadiograph
from edge_app.pictures import INK, PALE, WARNING
from edge_app.result import Result
from edge_app.terms import Terms

WIDTH, HEIGHT, MARGIN, GAP = 1560, 980, 20, 16
# Sides of the large pictures (film, film with heat) and of the small ones, and where the words beside them begin.
LARGE, SMALL, WORDS = 470, 220, 1010
BAR, GOOD = (70, 110, 160), (0, 110, 60)


def draw(result: Result, terms: Terms) -> np.ndarray:
    """Draw a film that was judged or refused.

    Args:
        result: with `grey`, uint8 (H, W), and a reading.
        terms: of its run.

    Returns:
        uint8 RGB (980, 1560, 3).
    """
    sheet, seen = pictures.Sheet(WIDTH, HEIGHT), result.reading
    words = report.outcome(result.row())
    room = WIDTH - 2 * MARGIN
    top = sheet.text(MARGIN, 12, words[0].upper() + words[1:], 32, overlay.COLOURS[result.verdict], room)
    sheet.text(MARGIN, top, result.path.name, 15, PALE, room)
    top += 34
    film = pictures.shown(result.grey)
    marked = pictures.boxed(pictures.outlined(film, seen.field), seen.field) if seen.field else film
    below = _picture(sheet, marked, MARGIN, top, LARGE, "the film; lungs outlined, box of the crop")
    if seen.heat is not None:
        full = pictures.full_heat(seen.heat)
        heated = pictures.outlined(pictures.heated(film, seen.field, seen.heat, full), seen.field)
        said = overlay.inside_in_words(seen.heat_inside)
        _picture(sheet, heated, MARGIN + LARGE + GAP, top, LARGE, f"class map of COVID-19, 0 to {full:.0f}: {said}")
        if warned := overlay.warning(seen.heat_inside):
            sheet.text(MARGIN + LARGE + GAP, below, warned, 15, WARNING, LARGE)
    _small_ones(sheet, result, terms, film, below + 26)
    top = _said(sheet, result, terms, top)
    top = _kinds(sheet, seen, top + 14)
    _checks(sheet, seen, top + 14)
    sheet.text(MARGIN, HEIGHT - 50, _made_by(terms), 13, PALE, room)
    sheet.text(MARGIN, HEIGHT - 28, report.NOT_A_DIAGNOSIS, 14, PALE, room)
    return sheet.pixels()


def lines(result: Result, terms: Terms) -> list[str]:
    """Return the same evidence as text."""
    seen, (thresholds, band) = result.reading, terms.limits
    said = [f"{result.path}: {report.outcome(result.row())}"]
    if seen.refusal:
        said.append(seen.refusal.sentence)
    if result.corrected:
        said.append(f"{result.corrected.change}, it reads: {result.corrected.verdict}")
    for label, score in (seen.scores or {}).items():
        point = terms.card.operating_points[terms.rule].get(label)
        told = report.describe(point, band if label == "covid" else None) if label in thresholds else "has no threshold"
        said.append(f"{label}: {score:.3f}; {told}")
    if seen.heat is not None:
        said += [overlay.inside_in_words(seen.heat_inside), *filter(None, [overlay.warning(seen.heat_inside)])]
    said += [f"kind of picture: {kind} {chance:.3f}" for kind, chance in _likeliest(seen) if chance >= 0.01]
    said += [f"gate: {_check_in_words(check)}" for check in seen.checks]
    return [*said, _made_by(terms), report.NOT_A_DIAGNOSIS]


def _picture(sheet, pixels: np.ndarray, left: int, top: int, side: int, words: str) -> int:
    """Put a picture at most `side` pixels long on the sheet, words beneath; return where the next thing begins."""
    scale = side / max(pixels.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=how)
    sheet.paste(small, left, top)
    return sheet.text(left, top + side + 4, words, 14, PALE, side)


def _small_ones(sheet, result: Result, terms: Terms, film: np.ndarray, top: int) -> None:
    """Draw what both networks saw, and the class maps of the other labels."""
    seen, shown = result.reading, []
    try:
        whole = preprocess.to_pixels(result.grey, preprocess.LUNG_SIZE)
        shown.append((_rgb(whole[..., 0]), f"seen by the lung network, {preprocess.LUNG_SIZE} pixels"))
    except UnreadableRadiograph:  # it is blank
        pass
    if seen.pixels is not None:
        shown.append((_rgb(seen.pixels[..., 0]), f"seen by the classifier, {len(seen.pixels)} pixels"))
        for at, label in enumerate(terms.card.labels):
            if label != "covid":
                full = pictures.full_heat(seen.maps[..., at])
                shown.append(
                    (pictures.heated(film, seen.field, seen.maps[..., at], full), f"map of {label}, 0 to {full:.0f}")
                )
    for at, (pixels, words) in enumerate(shown):
        _picture(sheet, pixels, MARGIN + at * (SMALL + GAP), top, SMALL, words)


def _said(sheet, result: Result, terms: Terms, top: int) -> int:
    """Draw the scores with their thresholds, or the reason of a refusal; return where the next thing begins."""
    seen, room = result.reading, WIDTH - MARGIN - WORDS
    if seen.refusal:
        top = sheet.paragraph(WORDS, top, seen.refusal.sentence, room, 18, WARNING)
        if result.corrected:
            top = sheet.paragraph(
                WORDS, top, f"{result.corrected.change}, it reads: {result.corrected.verdict}", room, 17
            )
    if seen.scores is None:
        return top
    thresholds, band = terms.limits
    for label, score in seen.scores.items():
        sheet.text(WORDS, top, f"{label}  {score:.3f}", 16)
        sheet.bar(WORDS + 170, top + 3, int(score * (room - 170)), 14, BAR)
        sheet.frame(WORDS + 170, top + 3, room - 170, 14)
        marks = band if label == "covid" and band else [thresholds[label]] if label in thresholds else []
        for mark in marks:
            sheet.bar(WORDS + 170 + int(mark * (room - 170)) - 1, top - 1, 3, 22, INK)
        top += 30
    for label, point in terms.card.operating_points[terms.rule].items():
        told = report.describe(point, band if label == "covid" else None)
        top = sheet.paragraph(WORDS, top, f"{label}: {told}", room, 13, PALE)
    if terms.prevalence is not None:
        top = sheet.paragraph(
            WORDS, top, report.worth(terms.worth, terms.prevalence, banded=bool(band)), room, 13, PALE
        )
    return top


def _kinds(sheet, seen, top: int) -> int:
    """Draw the chances of the likeliest kinds of picture."""
    if not seen.kinds:
        return top
    top = sheet.text(WORDS, top, "kind of picture", 16)
    for kind, chance in _likeliest(seen)[:5]:
        sheet.text(WORDS, top, kind, 14)
        sheet.bar(WORDS + 170, top + 3, int(chance * (WIDTH - MARGIN - WORDS - 240)), 10, BAR)
        top = sheet.text(WIDTH - MARGIN - 50, top, f"{chance:.3f}", 14)
    return top


def _checks(sheet, seen, top: int) -> None:
    """Write what the gate looked at, each value beside its limit."""
    if not seen.checks:
        return
    top = sheet.text(WORDS, top, "what the gate looked at", 16)
    for check in seen.checks:
        top = sheet.text(WORDS, top, _check_in_words(check), 14, GOOD if check.ok else WARNING, WIDTH - MARGIN - WORDS)


def _check_in_words(check) -> str:
    limits = [f"at least {check.low:g}"] if check.low is not None else []
    limits += [f"at most {check.high:g}"] if check.high is not None else []
    return f"{'ok' if check.ok else 'NO'}  {check.name}: {check.value:.3g}{f' ({limits[0]})' if limits else ''}"


def _likeliest(seen) -> list[tuple[str, float]]:
    return sorted(seen.kinds.items(), key=lambda item: -item[1])


def _made_by(terms: Terms) -> str:
    return (
        f"model {terms.card.name}, sha256 {terms.sha256[:16]}, operating point '{terms.rule}', program {__version__}, "
        f"contract {terms.card.contract}"
    )


def _rgb(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
