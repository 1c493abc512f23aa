"""The pictures of a reading for a browser, which lays them over one another: the film, its heat, its lungs. Pure.

They are drawn anew from the decoded grey: nothing of the bytes that were sent is in them: no EXIF, no polyglot.
"""

import io

import cv2
import numpy as np

from edge_app.outputs import overlay, pictures
from edge_app.screening.inference import Inference
from edge_app.screening.result import Judged, Screened
from edge_app.screening.run_context import RunContext

FILM, HEAT, LUNGS, SHEET = "film.jpg", "heat.png", "lungs.png", "sheet.png"
NAMES = (FILM, HEAT, LUNGS, SHEET)
# A result page weighs less than 200 kB with its pictures. A film of 760 pixels takes 40 to 90 kB at the first quality;
# one that is all noise is brought down to what is allowed.
QUALITIES, MOST_BYTES = (85, 70, 50, 30), 110_000
# Of zlib: the sheet, which is seldom asked for, in a third of the time of the default, a sixth larger.
FAST, SMALL = 3, 6
# A class map has some ten places a side: at this many pixels its smoothed picture looks the same as at 760.
HEAT_SIDE = 192


def layers(result: Screened, grey: np.ndarray, terms: RunContext) -> dict[str, bytes]:
    """Draw a film that was judged or refused.

    Args:
        result: of the film.
        grey: uint8 (H, W), the film.
        terms: of its run.

    Returns:
        Files by name: `FILM`, JPEG, grey; of a film that has a verdict `HEAT`, PNG with alpha, full where the map of
        COVID-19 is, and `LUNGS`, PNG with alpha, their outline and the box that was judged; `SHEET`, PNG, all on one
        page. They cover the same part of the film; a browser stretches them to one size.
    """
    film = pictures.shown(grey)
    found = {FILM: _jpeg(film[..., 0])}
    if isinstance(result, Judged):
        found[HEAT] = _png(_heat(result.inference, film.shape))
        found[LUNGS] = _png(_lungs(result.field, film.shape))
    return found | {SHEET: _png(overlay.draw(result, grey, terms), FAST)}


def _heat(seen: Inference, shape) -> np.ndarray:
    """Return the class map in its colours, uint8 RGBA (h, w, 4): the weaker, the more can be seen through."""
    scale = HEAT_SIDE / max(shape)
    height, width = (max(1, round(side * scale)) for side in shape[:2])
    top, left, bottom, right = pictures.pixels_of_box(seen.field, (height, width))
    full = pictures.full_heat(seen.heat)
    whole = cv2.resize(seen.heat.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(whole / full, 0, 1)
    done = np.zeros((height, width, 4), np.uint8)
    done[top:bottom, left:right, :3] = pictures.coloured(strength)
    done[top:bottom, left:right, 3] = 255 * strength**pictures.EASE
    return done


def _lungs(field, shape) -> np.ndarray:
    """Return the outline of the lungs and the box, uint8 RGBA (h, w, 4).

    They are drawn on black: both colours have a channel that is full, so that the brightest channel is the alpha.
    """
    drawn = pictures.boxed(pictures.outlined(np.zeros(shape, np.uint8), field), field)
    alpha = drawn.max(axis=2, keepdims=True)
    full = drawn.astype(np.uint16) * 255 // np.maximum(alpha, 1)
    return np.concatenate([full.astype(np.uint8), alpha], axis=2)


def _jpeg(grey: np.ndarray) -> bytes:
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(grey))
    for quality in QUALITIES:
        content = io.BytesIO()
        picture.save(content, "JPEG", quality=quality, optimize=True)
        if content.tell() <= MOST_BYTES:
            break
    return content.getvalue()


def _png(pixels: np.ndarray, level: int = SMALL) -> bytes:
    from PIL import Image

    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG", compress_level=level)
    return content.getvalue()
