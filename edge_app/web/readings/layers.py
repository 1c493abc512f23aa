"""The pictures of a reading that a browser lays over each other: the film, its heat map, its lungs. Pure.

They are drawn from the decoded grey levels and hold none of the bytes that were sent: no EXIF, no polyglot.
"""

import io

import numpy as np

from edge_app.outputs import overlay, pictures
from edge_app.screening.finding import LABELS
from edge_app.screening.heat import Heat
from edge_app.screening.result import Judged, Screened
from edge_app.screening.run_context import RunContext

FILM, HEAT, LUNGS, SHEET = "film.jpg", "heat.png", "lungs.png", "sheet.png"
# The map of each finding, of those that the model has a map of; `HEAT` is the same picture as one of them.
HEATS = {label: f"heat-{label}.png" for label in LABELS}
NAMES = (FILM, HEAT, LUNGS, SHEET, *HEATS.values())
# JPEG qualities to try in turn, and the bytes allowed: a result page has less than 200 kB with its pictures. A film of
# 760 pixels takes 40 to 90 kB at the first quality; a noisy one takes more.
QUALITIES, MOST_BYTES = (85, 70, 50, 30), 110_000
# Levels of zlib: the sheet is seldom downloaded, so it may be a sixth larger and takes a third of the time.
FAST, SMALL = 3, 6
# Side of the heat map's picture in pixels: the class map has some ten places a side, so more pixels would not show.
HEAT_SIDE = 192


def layers(result: Screened, grey: np.ndarray, context: RunContext) -> dict[str, bytes]:
    """Draw the pictures of a film that was judged or refused.

    Args:
        result: of the film.
        grey: uint8 (H, W), the film.
        context: of its run.

    Returns:
        Files by name: `FILM`, grey JPEG; `SHEET`, PNG, all on one page; and of a film with a verdict `HEAT`, PNG whose
        alpha is the strength of the map of the label that the verdict is about, those of `HEATS` that there is a map
        of, on the same scale, and `LUNGS`, PNG with alpha, the lungs' outline and the box that was judged. All layers
        cover the whole film; a browser stretches them to one size.
    """
    return shown(result, grey) | {SHEET: _png(overlay.draw(result, grey, context), FAST)}


def shown(result: Screened, grey: np.ndarray) -> dict[str, bytes]:
    """Draw the same pictures without `SHEET`."""
    film = pictures.shown(grey)
    found = {FILM: _jpeg(film[..., 0])}
    if isinstance(result, Judged):
        drawn = {label: _png(_heat(one, result, film.shape)) for label, one in result.inference.heats.items()}
        found |= {HEATS[label]: drawn[label] for label in HEATS if label in drawn}
        found[HEAT] = drawn[result.heat.label]
        found[LUNGS] = _png(_lungs(result.field, film.shape))
    return found


def _heat(heat: Heat, result: Judged, shape) -> np.ndarray:
    """Return a heat map in its colours, uint8 RGBA (h, w, 4): weak heat is more transparent."""
    scale = HEAT_SIDE / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape[:2])
    top, left, bottom, right = pictures.pixels_of_box(result.field, (height, width))
    strength = pictures.strength(heat, (bottom - top, right - left))
    done = np.zeros((height, width, 4), np.uint8)
    done[top:bottom, left:right, :3] = pictures.coloured(strength)
    done[top:bottom, left:right, 3] = 255 * strength**pictures.EASE
    return done


def _lungs(field, shape) -> np.ndarray:
    """Return the outline of the lungs and the box, uint8 RGBA (h, w, 4).

    They are drawn on black: both colours have a full channel, so the brightest channel gives the alpha.
    """
    drawn = pictures.boxed(pictures.outlined(np.zeros(shape, np.uint8), field), field)
    alpha = drawn.max(axis=2, keepdims=True)
    full = drawn.astype(np.uint16) * 255 // np.maximum(alpha, 1)
    return np.concatenate([full.astype(np.uint8), alpha], axis=2)


def _jpeg(grey: np.ndarray) -> bytes:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(grey))
    content = b""
    for quality in QUALITIES:
        file = io.BytesIO()
        picture.save(file, "JPEG", quality=quality, optimize=True)
        content = file.getvalue()
        if len(content) <= MOST_BYTES:
            break
    return content


def _png(pixels: np.ndarray, level: int = SMALL) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=level)
    return content.getvalue()
