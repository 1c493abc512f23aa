"""The picture of a verdict: the film, and beside it the film with the heat map of the label that it is about."""

from pathlib import Path

import numpy as np

from edge_app.outputs import pictures
from edge_app.screening import decision, phrasing
from edge_app.screening.heat import Heat
from edge_app.screening.result import Judged, Refused, Screened
from edge_app.screening.run_context import RunContext

COLOURS = {
    decision.COVID: (178, 24, 24),
    decision.UNSURE: (122, 31, 140),
    decision.PNEUMONIA: (150, 90, 0),
    decision.NORMAL: (0, 110, 60),
    decision.REFUSED: (0, 90, 120),
}
MARGIN, GAP, HEADER = 16, 12, 104
# A place for a narrow film is this wide at least, since words stand beneath it; the sheet is cut below the last word.
LEAST_PLACE, MOST_BELOW = 480, 600


def draw(result: Screened, grey: np.ndarray, context: RunContext) -> np.ndarray:
    """Draw a film that was judged or refused.

    Args:
        result: of the film.
        grey: uint8 (H, W), the film.
        context: of its run.

    Returns:
        uint8 RGB (h, w, 3).
    """
    film = pictures.shown(grey)
    height, width = film.shape[:2]
    place = max(width, LEAST_PLACE)
    sheet = pictures.Sheet(2 * (place + MARGIN) + GAP, height + HEADER + MOST_BELOW)
    room, right = sheet.picture.width - 2 * MARGIN, MARGIN + place + GAP
    below = sheet.text(MARGIN, 10, outcome(result), 26, COLOURS[result.verdict], room)
    if isinstance(result, Judged):
        below = sheet.text(MARGIN, below, said(result), 18, width=room)
    made = f"{Path(result.path).name}   {context.card.name}   {result.time:%Y-%m-%d %H:%M} UTC"
    sheet.text(MARGIN, below, made.strip(), 14, pictures.PALE, room)  # a result may be without a name
    top = HEADER
    sheet.paste(film, MARGIN, top)
    below = mark_sides(sheet, MARGIN, top + height + 5, width)
    if isinstance(result, Refused):
        below = max(below, _reason(sheet, result, right + MARGIN, top + height // 5, place - 2 * MARGIN))
    else:
        heated = pictures.boxed(pictures.heated(film, result.field, result.heat), result.field)
        sheet.paste(pictures.outlined(heated, result.field), right, top)
        mark_sides(sheet, right, top + height + 5, width)
        ends = (
            _scores(sheet, result, context, MARGIN, below + 6, place),
            _legend(sheet, result, right, below + 6, place),
        )
        below = max(ends)
        if warning(result) == phrasing.OUTSIDE:
            below = sheet.band(MARGIN, below + 8, phrasing.OUTSIDE, room)
    below = sheet.text(MARGIN, below + 8, phrasing.NOT_A_DIAGNOSIS, 16, width=room)
    return sheet.pixels(below + 8)


def small(result: Screened, grey: np.ndarray, side: int) -> np.ndarray:
    """Return the film, uint8 (H, W), with its heat and lungs alone: uint8 RGB (h, w, 3), at most `side` pixels long."""
    import cv2

    film = pictures.shown(grey)
    if isinstance(result, Judged):
        film = pictures.outlined(pictures.heated(film, result.field, result.heat), result.field)
    scale = min(1.0, side / max(film.shape))
    return cv2.resize(film, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def warning(result: Screened) -> str | None:
    """Return the warning that most of the heat lies outside the lungs: `OUTSIDE` or `ASIDE` of `phrasing`, or None."""
    return phrasing.heat_warning(result.row())


def outcome(result: Screened) -> str:
    """Return the verdict as a headline."""
    return sentence(phrasing.outcome(result.row()))


def said(result: Judged) -> str:
    """Return both findings in words: the verdict alone hides what is said of pneumonia if it is about COVID-19."""
    return sentence(phrasing.findings(result.row()["findings"]))


def right(result: Judged, context: RunContext) -> dict[str, str]:
    """Return in words, by label, how often the answer given is right; of labels whose prevalence was stated."""
    return {
        label: f"{label}: {phrasing.right(found.answer, context.worth[label].get(found.answer), share)}"
        for label, share in context.prevalences.items()
        if (found := result.findings.get(label))
    }


def offer(result: Refused) -> str:
    """Return in words the verdict on a refused film put right; empty if nothing puts it right."""
    return sentence(f"{phrasing.offer(result.corrected.row())}.") if result.corrected else ""


def sentence(words: str) -> str:
    """Begin words with a capital."""
    return words[:1].upper() + words[1:]


def mark_sides(sheet: pictures.Sheet, left: int, top: int, width: int, size: int = 13) -> int:
    """Write beneath a picture which side of it is which; return where the next thing begins."""
    sheet.text_before(left + width, top, "image right", size, pictures.PALE)
    return sheet.text(left, top, "image left", size, pictures.PALE)


def draw_heat(sheet: pictures.Sheet, heat: Heat, left: int, top: int, width: int) -> int:
    """Draw the scale of a heat map's colours, and write what they show; return where the next thing begins."""
    low, high, of_what = phrasing.heat_scale(heat)
    sheet.paste(pictures.scale(width, 14), left, top)
    sheet.frame(left, top, width - 1, 13)
    sheet.text_before(left + width, top + 17, high, 13, pictures.PALE)
    top = sheet.text(left, top + 17, low, 13, pictures.PALE)
    top = sheet.paragraph(left, top, sentence(of_what), width, 13, pictures.PALE)
    return sheet.paragraph(left, top + 2, sentence(phrasing.heat_found(heat)), width, 16)


def _reason(sheet: pictures.Sheet, result: Refused, left: int, top: int, width: int) -> int:
    """Write why a film was refused where its heat would be."""
    top = sheet.paragraph(left, top, sentence(result.refusal.kind), width, 34, pictures.WARNING)
    top = sheet.paragraph(left, top + 10, sentence(result.refusal.sentence), width, 18)
    return sheet.paragraph(left, top + 16, offer(result), width, 18)


def _legend(sheet: pictures.Sheet, result: Judged, left: int, top: int, width: int) -> int:
    """Write what stands beneath the film with heat."""
    top = draw_heat(sheet, result.heat, left, top, width)
    if warning(result) == phrasing.ASIDE:
        top = sheet.paragraph(left, top, phrasing.ASIDE, width, 13)
    return sheet.text(left, top, "blue: outline of the lungs; thin box: what was judged", 13, pictures.PALE, width)


def _scores(sheet: pictures.Sheet, result: Judged, context: RunContext, left: int, top: int, width: int) -> int:
    """Write each score beside its thresholds, and how often such an answer is right where a prevalence was stated."""
    for label, score in result.inference.scores.items():
        words, found = f"{label}  {score:.3f}", result.findings.get(label)
        if found:
            words += f"  {found.answer}   ({phrasing.limits(found)})"
        top = sheet.text(left, top, words, 15, width=width)
    for words in right(result, context).values():
        top = sheet.paragraph(left, top, words, width, 13, pictures.PALE)
    whose = f"; thresholds of site '{context.card.site.name}'" if context.card.site else ""
    words = f"scores from 0 to 1; operating point '{context.rule}'{whose}"
    return sheet.paragraph(left, top, words, width, 13, pictures.PALE)
