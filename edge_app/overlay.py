"""The picture of a verdict: the film, and beside it the film with what the network looked at."""

from pathlib import Path

import numpy as np

from edge_app import decision, pictures, report
from edge_app.result import Result
from edge_app.terms import Terms

# Below this share most of the heat lies where no lung is, and the verdict rests on something else.
LEAST_INSIDE = 0.5
COLOURS = {
    decision.COVID: (178, 24, 24),
    decision.UNSURE: (122, 31, 140),
    decision.PNEUMONIA: (150, 90, 0),
    decision.NORMAL: (0, 110, 60),
    decision.REFUSED: (0, 90, 120),
}
MARGIN, GAP, HEADER, FOOTER = 16, 12, 78, 150
OUTSIDE = "Most of the heat lies outside the lungs: do not trust this reading."


def draw(result: Result, terms: Terms) -> np.ndarray:
    """Draw a film that has a verdict.

    Args:
        result: with `grey`, uint8 (H, W), and a reading.
        terms: of its run.

    Returns:
        uint8 RGB (h, w, 3).
    """
    film, seen = pictures.shown(result.grey), result.reading
    height, width = film.shape[:2]
    sheet = pictures.Sheet(2 * width + GAP + 2 * MARGIN, height + HEADER + FOOTER)
    room, right = sheet.picture.width - 2 * MARGIN, MARGIN + width + GAP
    words = report.outcome(result.row())
    below = sheet.text(MARGIN, 10, words[0].upper() + words[1:], 26, COLOURS[result.verdict], room)
    sheet.text(
        MARGIN,
        below,
        f"{Path(result.path).name}   {terms.card.name}   {result.time:%Y-%m-%d %H:%M} UTC",
        14,
        pictures.PALE,
        room,
    )
    sheet.paste(film, MARGIN, HEADER)
    if seen.refusal:
        _reason(sheet, result, right, width, height)
    else:
        full = pictures.full_heat(seen.heat)
        sheet.paste(pictures.outlined(pictures.heated(film, seen.field, seen.heat, full), seen.field), right, HEADER)
        _legend(sheet, seen, full, right, HEADER + height + 30, width)
        _scores(sheet, seen, terms, MARGIN, HEADER + height + 30, width)
    for left in (MARGIN, right)[: 1 if seen.refusal else 2]:
        sheet.text(left, HEADER + height + 6, "image left", 13, pictures.PALE)
        sheet.text(left + width - 75, HEADER + height + 6, "image right", 13, pictures.PALE)
    sheet.text(MARGIN, sheet.picture.height - 24, report.NOT_A_DIAGNOSIS, 14, pictures.PALE, room)
    return sheet.pixels()


def small(result: Result, side: int) -> np.ndarray:
    """Return the film with its heat and lungs alone, uint8 RGB (h, w, 3), at most `side` pixels long."""
    import cv2

    film, seen = pictures.shown(result.grey), result.reading
    if seen.field and not seen.refusal:
        film = pictures.heated(film, seen.field, seen.heat, pictures.full_heat(seen.heat))
        film = pictures.outlined(film, seen.field)
    scale = min(1.0, side / max(film.shape))
    return cv2.resize(film, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)


def inside_in_words(share: float | None) -> str:
    """Say what share of the heat lies inside the lungs."""
    return "nothing on it speaks for COVID-19" if share is None else f"{share:.0%} of the heat lies inside the lungs"


def warning(share: float | None) -> str | None:
    """Return the warning that most of the heat lies outside the lungs, if it does."""
    return OUTSIDE if share is not None and share < LEAST_INSIDE else None


def _reason(sheet, result, left, width, height) -> None:
    """Write why a film was refused where its heat would be."""
    top = sheet.paragraph(left + 20, HEADER + height // 4, result.refusal.kind, width - 40, 34, pictures.WARNING)
    top = sheet.paragraph(left + 20, top + 10, result.refusal.sentence, width - 40, 18)
    if result.corrected:
        offered = f"{result.corrected.change}, it reads: {result.corrected.verdict}"
        sheet.paragraph(left + 20, top + 20, offered[0].upper() + offered[1:], width - 40, 18)


def _legend(sheet, seen, full, left, top, width) -> None:
    """Draw the scale of the colours, and say how much of the heat is inside."""
    strength = np.linspace(0, 1, width)[np.newaxis].repeat(14, axis=0)
    sheet.paste(pictures.coloured(strength).astype(np.uint8), left, top)
    sheet.frame(left, top, width - 1, 13)
    below = sheet.text(left, top + 17, "0: does not speak for COVID-19", 13, pictures.PALE)
    sheet.text(left + width - 170, top + 17, f"{full:.0f}: speaks strongly (logit)", 13, pictures.PALE)
    below = sheet.text(left, below + 2, f"{inside_in_words(seen.heat_inside)} (outlined)", 16)
    if said := warning(seen.heat_inside):
        sheet.paragraph(left, below, said, width, 16, pictures.WARNING)


def _scores(sheet, seen, terms, left, top, width) -> None:
    """Write each score beside its threshold."""
    thresholds, band = terms.limits
    for label, score in seen.scores.items():
        said = f"{label}  {score:.3f}"
        if label == "covid" and band:
            said += f"   unsure from {band[0]:.3f}, suspected from {band[1]:.3f}"
        elif label in thresholds:
            said += f"   suspected from {thresholds[label]:.3f}"
        top = sheet.text(left, top, said, 15, width=width)
    sheet.text(left, top, f"operating point '{terms.rule}'", 13, pictures.PALE, width)
