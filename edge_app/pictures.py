"""What all pictures for people are drawn with: a film at its shown size, the outline of the lungs, heat, text. Pure.

Left stays left: nothing is ever mirrored, and the edges say which side of the picture they are.
"""

import cv2
import numpy as np

from edge_app.lung_field import LungField
from edge_app.report import printable

# Sides of a film as it is shown, in pixels: a small one is enlarged, so that its texture can be seen.
LEAST_SHOWN, MOST_SHOWN = 500, 760
# Logits of the class map at which a colour is full, unless a film is hotter: pictures of two films can be compared.
FULL_HEAT = 4.0
# Share of the film that the hottest place hides; less and the colours cannot be told apart, more and the film is gone.
OPACITY = 0.6
LUNGS = (
    80,
    220,
    255,
)  # outline of the lungs: light blue, seen on black and on white, and by all kinds of colour blindness
INK, PALE, PAPER, WARNING = (20, 20, 24), (110, 110, 118), (250, 250, 248), (178, 24, 24)


def shown(grey: np.ndarray) -> np.ndarray:
    """Return a film, uint8 (H, W), as uint8 RGB (h, w, 3) with its longer side `LEAST_SHOWN` .. `MOST_SHOWN`."""
    longest = max(grey.shape)
    scale = np.clip(longest, LEAST_SHOWN, MOST_SHOWN) / longest
    size = tuple(max(1, round(side * scale)) for side in grey.shape[::-1])
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)


def outlined(film: np.ndarray, field: LungField) -> np.ndarray:
    """Return a copy of a shown film, uint8 (h, w, 3), with the outline of the lungs."""
    mask = cv2.resize(field.mask, film.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    edges, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(film.copy(), edges, -1, LUNGS, 2, cv2.LINE_AA)


def boxed(film: np.ndarray, field: LungField) -> np.ndarray:
    """Return a copy of a shown film, uint8 (h, w, 3), with the box that the classifier sees."""
    top, left, bottom, right = pixels_of_box(field, film.shape)
    return cv2.rectangle(film.copy(), (left, top), (right - 1, bottom - 1), (255, 170, 40), 2)


def heated(film: np.ndarray, field: LungField, heat: np.ndarray, full: float) -> np.ndarray:
    """Return a copy of a shown film with a class map laid over it.

    Args:
        film: uint8 RGB (h, w, 3) of `shown`.
        field: whose box the map covers.
        heat: float32 (rows, columns), logits: only what is above 0 is laid over.
        full: the logit at which the colour is full.
    """
    top, left, bottom, right = pixels_of_box(field, film.shape)
    whole = cv2.resize(heat.astype(np.float32), (right - left, bottom - top), interpolation=cv2.INTER_CUBIC)
    strength = np.clip(whole / full, 0, 1)
    colours = coloured(strength)
    weight = (OPACITY * np.sqrt(strength))[..., np.newaxis]
    done = film.copy()
    part = done[top:bottom, left:right]
    part[:] = (part * (1 - weight) + colours * weight + 0.5).astype(np.uint8)
    return done


def coloured(strength: np.ndarray) -> np.ndarray:
    """Return float (..., 3), 0 .. 255, the colours of strengths 0 .. 1: `inferno`, even to the eye and in print."""
    levels = (60 + 195 * np.clip(strength, 0, 1)).astype(np.uint8)  # its lowest quarter is as black as a lung
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, np.newaxis], cv2.COLORMAP_INFERNO)[:, 0, ::-1]
    return table.astype(np.float32)[levels]


def full_heat(heat: np.ndarray) -> float:
    """Return the logit at which a map's colour is full."""
    return max(FULL_HEAT, float(heat.max()))


def pixels_of_box(field: LungField, shape) -> tuple[int, int, int, int]:
    """Return the box of the lungs in pixels of a picture: top, left, bottom, right; at least 1 x 1."""
    height, width = shape[:2]
    top, left, bottom, right = field.box
    first_row, first_column = int(top * height), int(left * width)
    return (
        first_row,
        first_column,
        max(first_row + 1, round(bottom * height)),
        max(first_column + 1, round(right * width)),
    )


class Sheet:
    """A page to draw on: pictures and text, from the upper left corner."""

    def __init__(self, width: int, height: int):
        """Make it, in pixels."""
        from PIL import Image, ImageDraw

        self.picture = Image.new("RGB", (width, height), PAPER)
        self._pen = ImageDraw.Draw(self.picture)

    def paste(self, pixels: np.ndarray, left: int, top: int) -> None:
        """Put a picture, uint8 (h, w, 3), on it."""
        from PIL import Image

        self.picture.paste(Image.fromarray(np.ascontiguousarray(pixels)), (left, top))

    def text(self, left: int, top: int, words: str, size: int = 16, ink=INK, width: int | None = None) -> int:
        """Write a line, cut at `width` pixels; return where the next one begins, in pixels from the top."""
        words, font = printable(words), _font(size)  # a file's name may hold line breaks
        if width is not None and self._pen.textlength(words, font=font) > width:
            while words and self._pen.textlength(words + "...", font=font) > width:
                words = words[:-1]
            words = words.rstrip() + "..."
        self._pen.text((left, top), words, fill=ink, font=font)
        return top + round(size * 1.4)

    def paragraph(self, left: int, top: int, words: str, width: int, size: int = 16, ink=INK) -> int:
        """Write words in as many lines as they take; return where the next one begins."""
        line, font = "", _font(size)
        for word in words.split():
            if line and self._pen.textlength(f"{line} {word}", font=font) > width:
                top, line = self.text(left, top, line, size, ink, width), word
            else:
                line = f"{line} {word}".strip()
        return self.text(left, top, line, size, ink, width) if line else top

    def bar(self, left: int, top: int, width: int, height: int, ink) -> None:
        """Fill a rectangle."""
        self._pen.rectangle((left, top, left + max(0, width), top + height), fill=ink)

    def frame(self, left: int, top: int, width: int, height: int, ink=PALE) -> None:
        """Draw the rim of a rectangle."""
        self._pen.rectangle((left, top, left + width, top + height), outline=ink)

    def pixels(self) -> np.ndarray:
        """Return what was drawn, uint8 (H, W, 3)."""
        return np.asarray(self.picture)


def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)
