"""What all pictures for people are drawn with: a film at its shown size, the outline of the lungs, heat, text. Pure.

Left stays left: nothing is ever mirrored, and the edges say which side of the picture they are.
"""

import cv2
import numpy as np

from edge_app.imaging.lung_field import LungField
from edge_app.screening.heat import Heat
from edge_app.screening.phrasing import printable

# Sides of a film as it is shown, in pixels: a small one is enlarged, so that its texture can be seen.
LEAST_SHOWN, MOST_SHOWN = 500, 760
# How much of a colour the hottest place has, and of that how much is there where the film is black: the colour takes
# light and shade from the film, so that ribs and vessels can be followed through it.
OPACITY, LEAST_LIGHT = 0.6, 0.7
# A weak heat is laid on a little stronger than in proportion, else a place at a tenth of the scale cannot be seen.
EASE = 0.75
# The grey of a film on which the scale of the colours is shown.
SCALE_GREY = 200
# Pixels beside the words of a band.
BAND_RIM = 12
# Outline of the lungs: light blue, seen on black and on white, and by all kinds of colour blindness.
LUNGS, BOX = (80, 220, 255), (255, 170, 40)
INK, PALE, PAPER, WARNING = (20, 20, 24), (100, 100, 108), (250, 250, 248), (178, 24, 24)


def shown(grey: np.ndarray) -> np.ndarray:
    """Return a film, uint8 (H, W), as uint8 RGB (h, w, 3) with its longer side `LEAST_SHOWN` .. `MOST_SHOWN`."""
    longest = max(grey.shape)
    scale = np.clip(longest, LEAST_SHOWN, MOST_SHOWN) / longest
    size = tuple(max(1, round(side * scale)) for side in grey.shape[::-1])
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    return cv2.cvtColor(small, cv2.COLOR_GRAY2RGB)


def outlined(film: np.ndarray, field: LungField) -> np.ndarray:
    """Return a copy of a shown film, uint8 (h, w, 3), with the outline of the lungs."""
    # A step of the mask is some pixels of the film; blurred by half a step its rim is a line and no staircase.
    step = max(film.shape) / len(field.mask)
    mask = cv2.resize(field.mask, film.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    mask = cv2.GaussianBlur(mask, (0, 0), max(step, 0.5))
    edges, _ = cv2.findContours((mask > 127).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(film.copy(), edges, -1, LUNGS, 2, cv2.LINE_AA)


def boxed(film: np.ndarray, field: LungField) -> np.ndarray:
    """Return a copy of a shown film, uint8 (h, w, 3), with the box that the classifier sees."""
    top, left, bottom, right = pixels_of_box(field, film.shape)
    return cv2.rectangle(film.copy(), (left, top), (right - 1, bottom - 1), BOX, 1)


def heated(film: np.ndarray, field: LungField, heat: Heat) -> np.ndarray:
    """Return a copy of a shown film, uint8 RGB (h, w, 3), with a heat map laid over the box of the lungs."""
    top, left, bottom, right = pixels_of_box(field, film.shape)
    done = film.copy()
    done[top:bottom, left:right] = under_heat(done[top:bottom, left:right], heat)
    return done


def under_heat(part: np.ndarray, heat: Heat) -> np.ndarray:
    """Return the part of a film that a heat map is of, uint8 RGB (h, w, 3), with the map laid over it."""
    return laid_over(part, strength(heat, part.shape))


def strength(heat: Heat, shape: tuple[int, ...]) -> np.ndarray:
    """Return how strong the colours of a heat map are on a picture of a shape, float (h, w), 0 .. 1.

    The scale is fixed: a strength means the same on every film.
    """
    # Linear: a cubic one swings beyond its values, and would show heat beside a very cold place where there is none.
    return heat.strength(cv2.resize(heat.logits.astype(np.float32), shape[1::-1], interpolation=cv2.INTER_LINEAR))


def scale(width: int, height: int) -> np.ndarray:
    """Return the colours of all strengths, 0 at the left and 1 at the right, on a grey film: uint8 (h, w, 3)."""
    strength = np.linspace(0, 1, width)[np.newaxis].repeat(height, axis=0)
    return laid_over(np.full((height, width, 3), SCALE_GREY, np.uint8), strength)


def laid_over(film: np.ndarray, strength: np.ndarray) -> np.ndarray:
    """Return a film, uint8 (h, w, 3), with the colours of strengths, float (h, w), 0 .. 1, laid over it."""
    weight = (OPACITY * strength**EASE)[..., np.newaxis]
    light = LEAST_LIGHT + (1 - LEAST_LIGHT) * film / 255
    return (film * (1 - weight) + coloured(strength) * light * weight + 0.5).astype(np.uint8)


def coloured(strength: np.ndarray) -> np.ndarray:
    """Return float (..., 3), 0 .. 255, the colours of strengths 0 .. 1: `inferno`, even to the eye and in print."""
    levels = (60 + 195 * np.clip(strength, 0, 1)).astype(np.uint8)  # its lowest quarter is as black as a lung
    table = cv2.applyColorMap(np.arange(256, dtype=np.uint8)[:, np.newaxis], cv2.COLORMAP_INFERNO)[:, 0, ::-1]
    return table.astype(np.float32)[levels]


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

    def text_before(self, right: int, top: int, words: str, size: int = 16, ink=INK) -> int:
        """Write a line that ends at `right`; return where the next one begins, in pixels from the top."""
        self._pen.text((right, top), printable(words), fill=ink, font=_font(size), anchor="ra")
        return top + round(size * 1.4)

    def paragraph(self, left: int, top: int, words: str, width: int, size: int = 16, ink=INK) -> int:
        """Write words in as many lines as they take; return where the next one begins."""
        for line in self._wrapped(words, width, size):
            top = self.text(left, top, line, size, ink, width)
        return top

    def band(self, left: int, top: int, words: str, width: int, size: int = 18) -> int:
        """Write a warning on a red band, as high as it takes; return where the next thing begins."""
        room = width - 2 * BAND_RIM
        high = round(size * 1.4) * len(self._wrapped(words, room, size)) + BAND_RIM
        self.bar(left, top, width - 1, high, WARNING)
        self.paragraph(left + BAND_RIM, top + BAND_RIM // 2, words, room, size, PAPER)
        return top + high + BAND_RIM

    def bar(self, left: int, top: int, width: int, height: int, ink) -> None:
        """Fill a rectangle."""
        self._pen.rectangle((left, top, left + max(0, width), top + height), fill=ink)

    def frame(self, left: int, top: int, width: int, height: int, ink=PALE) -> None:
        """Draw the rim of a rectangle."""
        self._pen.rectangle((left, top, left + width, top + height), outline=ink)

    def pixels(self, height: int | None = None) -> np.ndarray:
        """Return what was drawn, uint8 (H, W, 3), of its upper `height` pixels."""
        return np.asarray(self.picture)[:height]

    def _wrapped(self, words: str, width: int, size: int) -> list[str]:
        lines, font = [""], _font(size)
        for word in printable(words).split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self._pen.textlength(longer, font=font) > width:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines


def _font(size: int):
    from PIL import ImageFont

    return ImageFont.load_default(size)
