"""All the evidence for one film in one picture: what the networks saw, what they answered, and the limits."""

from pathlib import Path

import cv2
import numpy as np

from edge_app import __version__
from edge_app.errors import UnreadableRadiograph
from edge_app.gate.checks import Check
from edge_app.imaging import preprocess
from edge_app.outputs import overlay, pictures
from edge_app.outputs.pictures import INK, PALE, WARNING
from edge_app.screening import phrasing
from edge_app.screening.heat import Heat
from edge_app.screening.result import Inference, Judged, Refused, Screened
from edge_app.screening.run_context import RunContext

WIDTH, HEIGHT, MARGIN, GAP = 1560, 1400, 20, 16
# Sides of the large pictures (film, film with heat) and of the small ones, and where the words beside them begin.
LARGE, SMALL, WORDS = 490, 237, 1050
# Where a bar begins, and the numbers at the right rim.
BARS, NUMBERS = WORDS + 150, WIDTH - MARGIN
MOST_KINDS = 4
SCORES = "Scores, from 0 to 1"
# A picture narrower than this has no room for the words that say which side is which.
LEAST_MARKED = 140
BAR, GOOD, UNSURE = (70, 110, 160), (0, 110, 60), (226, 208, 232)


def draw(result: Screened, grey: np.ndarray, context: RunContext) -> np.ndarray:
    """Draw a film that was judged or refused.

    Args:
        result: of the film.
        grey: uint8 (H, W), the film.
        context: of its run.

    Returns:
        uint8 RGB (h, 1560, 3).
    """
    sheet = pictures.Sheet(WIDTH, HEIGHT)
    room = WIDTH - 2 * MARGIN
    top = sheet.text(MARGIN, 12, overlay.outcome(result), 32, overlay.COLOURS[result.verdict], room)
    if isinstance(result, Judged):
        top = sheet.text(MARGIN, top, overlay.said(result), 22, width=room)
    about = f"{Path(result.path).name}   as read: {_size(grey)} pixels   sha256 {result.sha256[:16]}"
    top = sheet.text(MARGIN, top, about, 15, PALE, room) + 6
    if overlay.warning(result) == phrasing.OUTSIDE:
        top = sheet.band(MARGIN, top, phrasing.OUTSIDE, room)
    below = max(_pictures(sheet, result, grey, context, top), _words(sheet, result, context, top)) + 14
    below = sheet.text(MARGIN, below, _made_by(context), 13, PALE, room)
    below = sheet.text(MARGIN, below, phrasing.NOT_A_DIAGNOSIS, 16, width=room)
    return sheet.pixels(below + 8)


def lines(result: Screened, context: RunContext) -> list[str]:
    """Return the same evidence as text."""
    found, text = result.inference, [f"{result.path}: {phrasing.outcome(result.row())}"]
    if isinstance(result, Refused):
        text += [result.refusal.sentence, *filter(None, [overlay.offer(result)])]
        text += ["scores, which do not count:"] if found else []
    if found and result.heat:
        text += _findings(result, found, context)
        text += [phrasing.colours(result.heat), phrasing.heat_found(result.heat)]
        text += filter(None, [overlay.warning(result)])
        text += _localisation(context)
    text += [f"kind of picture: {kind} {chance:.3f}" for kind, chance in _likeliest(result) if chance >= 0.01]
    text += [f"gate: {_check_in_words(check)}" for check in result.checks]
    text += [phrasing.of_site(context.card.site)] if context.card.site else []
    return [*text, _made_by(context), phrasing.NOT_A_DIAGNOSIS]


def _findings(result: Screened, found: Inference, context: RunContext) -> list[str]:
    """Return each score with its answer, its thresholds, what they gave, and how often such an answer is right."""
    text, answers = [], result.findings if isinstance(result, Judged) else {}
    for label, score in found.scores.items():
        point, answer = context.points.get(label), answers[label].answer if label in answers else None
        text.append(
            f"{label}: {score:.3f}{f' {answer}' if answer else ''}; "
            f"{phrasing.describe(point) if point else 'has no threshold'}"
        )
    return [*text, *(overlay.right(result, context).values() if isinstance(result, Judged) else ())]


def _localisation(context: RunContext) -> list[str]:
    """Return in words how well the model finds opacities, if its card tells."""
    found = context.card.localisation
    return [phrasing.localisation(found)] if found else []


def _pictures(sheet: pictures.Sheet, result: Screened, grey: np.ndarray, context: RunContext, top: int) -> int:
    """Draw the film, the film with heat, and the small ones; return where the next thing begins."""
    film, found, second = _fitted(pictures.shown(grey), LARGE), result.inference, MARGIN + LARGE + GAP
    marked, legend = film, ""
    if result.field:
        marked, legend = pictures.outlined(film, result.field), "blue: outline of the lungs"
    if found:
        marked, legend = pictures.boxed(marked, found.field), f"{legend}; box: what the classifier sees"
    below = _picture(sheet, marked, MARGIN, top, LARGE)
    below = sheet.text(MARGIN, below, legend, 14, PALE)
    if found and result.heat:
        heated = pictures.outlined(pictures.heated(film, found.field, result.heat), found.field)
        end = _picture(sheet, heated, second, top, LARGE)
        end = overlay.draw_heat(sheet, result.heat, second, end + 4, LARGE)
        if overlay.warning(result) == phrasing.ASIDE:
            end = sheet.text(second, end, phrasing.ASIDE, 14, width=LARGE)
        for words in _localisation(context):
            end = sheet.paragraph(second, end, overlay.sentence(words), LARGE, 13, PALE)
        below = max(below, end)
    ends = [below]
    for at, (pixels, words) in enumerate(_small_ones(grey, result, context, film)):
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


def _small_ones(
    grey: np.ndarray, result: Screened, context: RunContext, film: np.ndarray
) -> list[tuple[np.ndarray, str]]:
    """Return what both networks saw, and the maps of the other labels, each with words."""
    shown, found = [], result.inference
    try:
        whole = preprocess.to_pixels(grey, preprocess.LUNG_SIZE)
        side = preprocess.LUNG_SIZE
        shown.append(
            (_rgb(whole[..., 0]), f"what finds the lungs and the kind of picture sees: {side} x {side} pixels")
        )
    except UnreadableRadiograph:  # it is blank
        pass
    if found:
        shown.append((_rgb(found.pixels[..., 0]), f"what the classifier sees: {_size(found.pixels)}"))
        for at, label in enumerate(context.card.labels):
            if result.heat and label != result.heat.label:
                one = found.heats.get(label) or Heat(label, found.maps[..., at], chances=False, inside=None)
                shown.append((pictures.heated(film, found.field, one), phrasing.colours(one)))
    return shown


def _words(sheet: pictures.Sheet, result: Screened, context: RunContext, top: int) -> int:
    """Write and draw all that stands beside the pictures; return where the next thing begins."""
    room = NUMBERS - WORDS
    if isinstance(result, Refused):
        top = sheet.paragraph(WORDS, top, overlay.sentence(result.refusal.sentence), room, 18, WARNING)
        top = sheet.paragraph(WORDS, top + 4, overlay.offer(result), room, 17) + 12
    if result.inference:
        top = _scores(sheet, result, result.inference.scores, context, top)
    if not result.view_classes and not result.checks:
        words = "This model has no gate: nothing asked whether this is a frontal chest film."
        return sheet.paragraph(WORDS, top, words, room, 14, PALE)
    return _checks(sheet, result, _view_classes(sheet, result, top))


def _scores(sheet: pictures.Sheet, result: Screened, scores: dict[str, float], context: RunContext, top: int) -> int:
    """Draw a bar for each label's score with its thresholds, and what they gave in words."""
    room, wide = NUMBERS - WORDS, NUMBERS - BARS
    heading = "Scores, which do not count: the film is refused" if isinstance(result, Refused) else SCORES
    top = sheet.text(WORDS, top, heading, 17)
    for label, score in scores.items():
        sheet.text(WORDS, top, label, 16)
        sheet.text_before(BARS - 12, top, f"{score:.3f}", 16)
        point = context.points.get(label)
        marks = [point.threshold] if point else []
        if point and point.unsure_from is not None:  # pale from where it is unsure
            marks.append(point.unsure_from)
            band = point.threshold - point.unsure_from
            sheet.bar(BARS + int(point.unsure_from * wide), top + 2, int(band * wide), 16, UNSURE)
        sheet.bar(BARS, top + 6, int(score * wide), 8, BAR)
        sheet.frame(BARS, top + 2, wide, 16)
        for mark in marks:
            sheet.bar(BARS + int(mark * wide) - 1, top - 1, 2, 22, INK)
        top += 29
    marked = "thick line: threshold"
    top = sheet.text(BARS, top - 4, f"{marked}; shaded: unsure" if context.limits[1] else marked, 12, PALE)
    for label, point in context.points.items():
        top = sheet.paragraph(WORDS, top + 2, f"{label}: {phrasing.describe(point)}", room, 13, PALE)
    if context.card.site:
        top = sheet.paragraph(WORDS, top + 2, phrasing.of_site(context.card.site), room, 13, PALE)
    if isinstance(result, Judged):
        for words in overlay.right(result, context).values():
            top = sheet.paragraph(WORDS, top + 2, words, room, 13, PALE)
    return top + 12


def _view_classes(sheet: pictures.Sheet, result: Screened, top: int) -> int:
    """Draw the chances of the likeliest kinds of picture."""
    if not result.view_classes:
        return top
    top = sheet.text(WORDS, top, "Kind of picture", 17)
    for kind, chance in _likeliest(result)[:MOST_KINDS]:
        sheet.text(WORDS, top, kind, 14)
        sheet.text_before(BARS - 12, top, f"{chance:.3f}", 14)
        sheet.bar(BARS, top + 4, int(chance * (NUMBERS - BARS)), 8, BAR)
        top += 21
    return top + 12


def _checks(sheet: pictures.Sheet, result: Screened, top: int) -> int:
    """Write what the gate looked at, each value beside its limit."""
    if not result.checks:
        return top
    top = sheet.text(WORDS, top, "What the gate looked at", 17)
    for check in result.checks:
        ink = GOOD if check.ok else WARNING
        sheet.text(WORDS, top, "ok" if check.ok else "NO", 14, ink)
        sheet.text(WORDS + 34, top, check.name, 14, ink, 230)
        sheet.text_before(WORDS + 330, top, f"{check.value:.3g}", 14, ink)
        sheet.text(WORDS + 345, top, _limits(check), 14, PALE)
        top += 20
    return top


def _limits(check: Check) -> str:
    limits = [f"at least {check.low:.3g}"] if check.low is not None else []
    limits += [f"at most {check.high:.3g}"] if check.high is not None else []
    return ", ".join(limits)


def _check_in_words(check: Check) -> str:
    limits = f" ({_limits(check)})" if _limits(check) else ""
    return f"{'ok' if check.ok else 'NO'}  {check.name}: {check.value:.3g}{limits}"


def _likeliest(result: Screened) -> list[tuple[str, float]]:
    return sorted(result.view_classes.items(), key=lambda item: -item[1])


def _made_by(context: RunContext) -> str:
    return (
        f"model {context.card.name}, sha256 {context.sha256[:16]}, operating point '{context.rule}', "
        f"program {__version__}, contract {context.card.contract}"
    )


def _size(pixels: np.ndarray) -> str:
    return f"{pixels.shape[1]} x {pixels.shape[0]}"


def _rgb(grey: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(grey, cv2.COLOR_GRAY2RGB)
