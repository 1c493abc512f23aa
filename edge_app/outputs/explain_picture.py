"""All the evidence for one film in one picture: what was seen, what was said, and what it was held against."""

import cv2
import numpy as np

from edge_app import __version__
from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import preprocess
from edge_app.outputs import overlay, pictures
from edge_app.outputs.pictures import INK, PALE, WARNING
from edge_app.screening import phrasing
from edge_app.screening.result import Result
from edge_app.screening.run_context import RunContext

WIDTH, HEIGHT, MARGIN, GAP = 1560, 1400, 20, 16
# Sides of the large pictures (film, film with heat) and of the small ones, and where the words beside them begin.
LARGE, SMALL, WORDS = 490, 237, 1050
# Where a bar begins, and the numbers at the right rim.
BARS, NUMBERS = WORDS + 150, WIDTH - MARGIN
MOST_KINDS = 4
# A picture narrower than this has no room for the words that say which side is which.
LEAST_MARKED = 140
BAR, GOOD, UNSURE = (70, 110, 160), (0, 110, 60), (226, 208, 232)


def draw(result: Result, terms: RunContext) -> np.ndarray:
    """Draw a film that was judged or refused.

    Args:
        result: with `grey`, uint8 (H, W), and a reading.
        terms: of its run.

    Returns:
        uint8 RGB (h, 1560, 3).
    """
    sheet = pictures.Sheet(WIDTH, HEIGHT)
    room = WIDTH - 2 * MARGIN
    top = sheet.text(MARGIN, 12, overlay.outcome(result), 32, overlay.COLOURS[result.verdict], room)
    told = f"{result.path.name}   as read: {_size(result.grey)} pixels   sha256 {result.sha256[:16]}"
    top = sheet.text(MARGIN, top, told, 15, PALE, room) + 6
    if overlay.warning(result) == phrasing.OUTSIDE:
        top = sheet.band(MARGIN, top, phrasing.OUTSIDE, room)
    below = max(_pictures(sheet, result, terms, top), _words(sheet, result, terms, top)) + 14
    below = sheet.text(MARGIN, below, _made_by(terms), 13, PALE, room)
    below = sheet.text(MARGIN, below, phrasing.NOT_A_DIAGNOSIS, 16, width=room)
    return sheet.pixels(below + 8)


def lines(result: Result, terms: RunContext) -> list[str]:
    """Return the same evidence as text."""
    seen, (thresholds, band) = result.reading, terms.limits
    said = [f"{result.path}: {phrasing.outcome(result.row())}"]
    if seen.refusal:
        said.append(seen.refusal.sentence)
    if result.corrected:
        said.append(overlay.offer(result))
    if seen.refusal and seen.scores:
        said.append("scores, which do not count:")
    for label, score in (seen.scores or {}).items():
        point = terms.card.operating_points[terms.rule].get(label)
        told = (
            phrasing.describe(point, band if label == "covid" else None) if label in thresholds else "has no threshold"
        )
        said.append(f"{label}: {score:.3f}; {told}")
    if seen.heat is not None:
        said += [overlay.inside_in_words(seen.heat_inside), *filter(None, [overlay.warning(result)])]
    said += [f"kind of picture: {kind} {chance:.3f}" for kind, chance in _likeliest(seen) if chance >= 0.01]
    said += [f"gate: {_check_in_words(check)}" for check in seen.checks]
    return [*said, _made_by(terms), phrasing.NOT_A_DIAGNOSIS]


def _pictures(sheet, result: Result, terms: RunContext, top: int) -> int:
    """Draw the film, the film with heat, and the small ones; return where the next thing begins."""
    film, seen, second = _fitted(pictures.shown(result.grey), LARGE), result.reading, MARGIN + LARGE + GAP
    marked, said = film, ""
    if seen.field:
        marked, said = pictures.outlined(film, seen.field), "blue: outline of the lungs"
    if seen.pixels is not None:
        marked, said = pictures.boxed(marked, seen.field), f"{said}; box: what the classifier sees"
    below = _picture(sheet, marked, MARGIN, top, LARGE)
    below = sheet.text(MARGIN, below, said, 14, PALE)
    if seen.heat is not None:
        full = pictures.full_heat(seen.heat)
        heated = pictures.outlined(pictures.heated(film, seen.field, seen.heat, full), seen.field)
        end = _picture(sheet, heated, second, top, LARGE)
        end = overlay.draw_scale(sheet, full, second, end + 4, LARGE)
        said = overlay.sentence(overlay.inside_in_words(seen.heat_inside))
        end = sheet.text(second, end, said, 16, width=LARGE)
        if overlay.warning(result) == phrasing.ASIDE:
            end = sheet.text(second, end, phrasing.ASIDE, 14, width=LARGE)
        below = max(below, end)
    small = _small_ones(result, terms, film)
    ends = [below]
    for at, (pixels, words) in enumerate(small):
        left = MARGIN + at * (SMALL + GAP)
        end = _picture(sheet, pixels, left, below + 12, SMALL)
        ends.append(sheet.paragraph(left, end, words, SMALL, 13, PALE))
    return max(ends)


def _picture(sheet, pixels: np.ndarray, left: int, top: int, side: int) -> int:
    """Put a picture with its longer side `side` pixels long on the sheet; return where the next thing begins."""
    small = _fitted(pixels, side)
    height, width = small.shape[:2]
    sheet.paste(small, left, top)
    if width < LEAST_MARKED:
        return top + height + 4
    return overlay.mark_sides(sheet, left, top + height + 4, width, 13 if side == LARGE else 11)


def _fitted(pixels: np.ndarray, side: int) -> np.ndarray:
    """Return a picture, uint8 (h, w, 3), with its longer side `side` pixels long."""
    scale = side / max(pixels.shape[:2])
    size = tuple(max(1, round(scale * length)) for length in pixels.shape[1::-1])
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)


def _small_ones(result: Result, terms: RunContext, film: np.ndarray) -> list[tuple[np.ndarray, str]]:
    """Return what both networks saw, and the class maps of the other labels, each with words."""
    seen, shown = result.reading, []
    try:
        whole = preprocess.to_pixels(result.grey, preprocess.LUNG_SIZE)
        side = preprocess.LUNG_SIZE
        shown.append(
            (_rgb(whole[..., 0]), f"what finds the lungs and the kind of picture sees: {side} x {side} pixels")
        )
    except UnreadableRadiograph:  # it is blank
        pass
    if seen.pixels is not None:
        shown.append((_rgb(seen.pixels[..., 0]), f"what the classifier sees: {_size(seen.pixels)}"))
    if seen.maps is not None:
        for at, label in enumerate(terms.card.labels):
            if label != "covid":
                full = pictures.full_heat(seen.maps[..., at])
                heated = pictures.heated(film, seen.field, seen.maps[..., at], full)
                shown.append((heated, f"class map of {label}, 0 to {full:.0f}"))
    return shown


def _words(sheet, result: Result, terms: RunContext, top: int) -> int:
    """Write and draw all that stands beside the pictures; return where the next thing begins."""
    seen, room = result.reading, NUMBERS - WORDS
    if seen.refusal:
        top = sheet.paragraph(WORDS, top, overlay.sentence(seen.refusal.sentence), room, 18, WARNING)
        top = sheet.paragraph(WORDS, top + 4, overlay.offer(result), room, 17) + 12
    if seen.scores is not None:
        top = _scores(sheet, seen, terms, top)
    if not seen.kinds and not seen.checks:
        said = "This model has no gate: nothing asked whether this is a frontal chest film."
        return sheet.paragraph(WORDS, top, said, room, 14, PALE)
    return _checks(sheet, seen, _kinds(sheet, seen, top))


def _scores(sheet, seen, terms: RunContext, top: int) -> int:
    """Draw a bar for each label's score with its thresholds, and what they gave in words."""
    room, wide = NUMBERS - WORDS, NUMBERS - BARS
    thresholds, band = terms.limits
    heading = "Scores, which do not count: the film is refused" if seen.refusal else "Scores, from 0 to 1"
    top = sheet.text(WORDS, top, heading, 17)
    for label, score in seen.scores.items():
        sheet.text(WORDS, top, label, 16)
        sheet.text_before(BARS - 12, top, f"{score:.3f}", 16)
        banded = label == "covid" and band
        if banded:  # pale from where it is unsure
            sheet.bar(BARS + int(band[0] * wide), top + 2, int((band[1] - band[0]) * wide), 16, UNSURE)
        sheet.bar(BARS, top + 6, int(score * wide), 8, BAR)
        sheet.frame(BARS, top + 2, wide, 16)
        for mark in band if banded else [thresholds[label]] if label in thresholds else []:
            sheet.bar(BARS + int(mark * wide) - 1, top - 1, 2, 22, INK)
        top += 29
    marked = "thick line: threshold"
    top = sheet.text(BARS, top - 4, f"{marked}; shaded: unsure" if band else marked, 12, PALE)
    for label, point in terms.card.operating_points[terms.rule].items():
        told = phrasing.describe(point, band if label == "covid" else None)
        top = sheet.paragraph(WORDS, top + 2, f"{label}: {told}", room, 13, PALE)
    if terms.prevalence is not None:
        told = phrasing.worth(terms.worth, terms.prevalence, banded=bool(band))
        top = sheet.paragraph(WORDS, top + 2, told, room, 13, PALE)
    return top + 12


def _kinds(sheet, seen, top: int) -> int:
    """Draw the chances of the likeliest kinds of picture."""
    if not seen.kinds:
        return top
    top = sheet.text(WORDS, top, "Kind of picture", 17)
    for kind, chance in _likeliest(seen)[:MOST_KINDS]:
        sheet.text(WORDS, top, kind, 14)
        sheet.text_before(BARS - 12, top, f"{chance:.3f}", 14)
        sheet.bar(BARS, top + 4, int(chance * (NUMBERS - BARS)), 8, BAR)
        top += 21
    return top + 12


def _checks(sheet, seen, top: int) -> int:
    """Write what the gate looked at, each value beside its limit."""
    if not seen.checks:
        return top
    top = sheet.text(WORDS, top, "What the gate looked at", 17)
    for check in seen.checks:
        ink = GOOD if check.ok else WARNING
        sheet.text(WORDS, top, "ok" if check.ok else "NO", 14, ink)
        sheet.text(WORDS + 34, top, check.name, 14, ink, 230)
        sheet.text_before(WORDS + 330, top, f"{check.value:.3g}", 14, ink)
        sheet.text(WORDS + 345, top, _limits(check), 14, PALE)
        top += 20
    return top


def _limits(check) -> str:
    limits = [f"at least {check.low:.3g}"] if check.low is not None else []
    limits += [f"at most {check.high:.3g}"] if check.high is not None else []
    return ", ".join(limits)


def _check_in_words(check) -> str:
    limits = f" ({_limits(check)})" if _limits(check) else ""
    return f"{'ok' if check.ok else 'NO'}  {check.name}: {check.value:.3g}{limits}"


def _likeliest(seen) -> list[tuple[str, float]]:
    return sorted(seen.kinds.items(), key=lambda item: -item[1])


def _made_by(terms: RunContext) -> str:
    return (
        f"model {terms.card.name}, sha256 {terms.sha256[:16]}, operating point '{terms.rule}', program {__version__}, "
        f"contract {terms.card.contract}"
    )


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"


def _rgb(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
