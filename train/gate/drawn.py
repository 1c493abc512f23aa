"""Drawn pictures that no package holds enough of: documents, windows, plots, noise, blanks, codes. Pure, seeded."""

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from edge_app.gate import refusal

# Drawn finer than asked for and shrunk, so that lines and letters have soft edges as in a real picture.
FINE = 2
WORDS = "patient name date report of the chest film no and findings left right lung impression clinic ward 12 2020 mg"
WORDS = (WORDS + " dear with heart size normal follow up seen on by please order table total sum page").split()


def draw(kind: str, rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a picture of one of `KINDS`.

    Returns:
        uint8 (side, side).
    """
    picture = KINDS[kind][0](rng, side)
    return np.ascontiguousarray(np.clip(picture, 0, 255).astype(np.uint8))


def reason(kind: str) -> str:
    """Return the refusal that a kind of drawn picture must get."""
    return KINDS[kind][1]


def text_page(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a page of running text: upright, a little askew, or white on black."""
    page, pen = _page(side, 255 - int(rng.integers(0, 30)))
    margin, at = side * FINE * rng.uniform(0.04, 0.15), side * FINE * rng.uniform(0.03, 0.12)
    size = side * FINE * rng.uniform(0.015, 0.05)
    while at < page.height - margin:
        _line_of_words(pen, rng, margin, at, page.width - margin, size)
        at += size * rng.choice([1.3, 1.3, 1.3, 2.2])
    return _scanned(page, rng, side)


def form(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a form: labelled fields, boxes to tick, a signature."""
    page, pen = _page(side, 250)
    full, size = side * FINE, side * FINE * rng.uniform(0.02, 0.035)
    _line_of_words(pen, rng, full * 0.1, full * 0.05, full * 0.9, size * 1.6)
    for at in np.arange(0.15, 0.8, rng.uniform(0.05, 0.09)) * full:
        if rng.random() < 0.3:
            pen.rectangle((full * 0.1, at, full * 0.1 + size, at + size), outline=0, width=FINE)
            _line_of_words(pen, rng, full * 0.1 + 2 * size, at, full * rng.uniform(0.4, 0.9), size)
        else:
            _line_of_words(pen, rng, full * 0.1, at, full * 0.35, size)
            pen.rectangle((full * 0.38, at - size * 0.3, full * 0.92, at + size * 1.2), outline=60, width=FINE)
            if rng.random() < 0.5:
                _line_of_words(pen, rng, full * 0.4, at, full * rng.uniform(0.5, 0.9), size)
    steps = np.cumsum(rng.normal(0, 1, (40, 2)), axis=0) * full * 0.01 + (full * 0.6, full * 0.9)
    pen.line([tuple(step) for step in steps], fill=20, width=2 * FINE)
    return _scanned(page, rng, side)


def table(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a table of numbers with rules, some rows shaded."""
    page, pen = _page(side, 255)
    full = side * FINE
    rows, columns = int(rng.integers(6, 25)), int(rng.integers(3, 9))
    down, across = np.linspace(full * 0.08, full * 0.95, rows + 1), np.linspace(full * 0.05, full * 0.95, columns + 1)
    for row in range(rows):
        if row % 2 and rng.random() < 0.9:
            pen.rectangle((across[0], down[row], across[-1], down[row + 1]), fill=225)
        for column in range(columns):
            text = f"{rng.uniform(0, 1000):.{rng.integers(0, 3)}f}" if row and column else str(rng.choice(WORDS))
            pen.text((across[column] + 4, down[row] + 3), text, fill=0, font=_font(int((down[1] - down[0]) * 0.6)))
    for at in down:
        pen.line((across[0], at, across[-1], at), fill=80, width=FINE)
    if rng.random() < 0.5:
        for at in across:
            pen.line((at, down[0], at, down[-1]), fill=80, width=FINE)
    return _scanned(page, rng, side)


def window(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a screenshot: windows with titles, menus, buttons and text on a plain or shaded desktop."""
    page, pen = _page(side, int(rng.integers(20, 235)))
    full = side * FINE
    for _ in range(rng.integers(1, 4)):
        left, top = rng.uniform(0, 0.4, 2) * full
        right, bottom = left + rng.uniform(0.35, 0.8) * full, top + rng.uniform(0.3, 0.8) * full
        back = int(rng.choice([255, 245, 235, 40, 30]))
        ink, size = (0 if back > 128 else 230), full * rng.uniform(0.015, 0.03)
        pen.rectangle((left, top, right, bottom), fill=back, outline=90, width=FINE)
        pen.rectangle((left, top, right, top + 1.8 * size), fill=int(rng.integers(40, 200)))
        _line_of_words(pen, rng, left + size, top + 0.3 * size, left + 0.5 * (right - left), size)
        for at in np.arange(top + 3 * size, bottom - 4 * size, size * rng.uniform(1.3, 2.5)):
            _line_of_words(pen, rng, left + size, at, left + rng.uniform(0.3, 0.95) * (right - left), size, ink)
        for at in np.arange(left + size, right - 7 * size, 8 * size):
            pen.rounded_rectangle(
                (at, bottom - 2.6 * size, at + 6 * size, bottom - size), size / 3, fill=170, outline=90
            )
            pen.text((at + size, bottom - 2.4 * size), str(rng.choice(WORDS)), fill=0, font=_font(int(size)))
    return _shrunk(page, side)


def viewer(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a screenshot of a film viewer without a film: dark panes, a tool bar, a work list, burnt-in text."""
    page, pen = _page(side, int(rng.integers(0, 45)))
    full, size = side * FINE, side * FINE * rng.uniform(0.015, 0.028)
    bar, width = full * rng.uniform(0.05, 0.1), full * rng.uniform(0.1, 0.3)
    pen.rectangle((0, 0, full, bar), fill=int(rng.integers(50, 110)))
    for at in np.arange(size, full - bar, bar * 0.9):
        pen.rounded_rectangle((at, bar * 0.15, at + bar * 0.7, bar * 0.85), bar * 0.1, fill=int(rng.integers(90, 200)))
    pen.rectangle((0, bar, width, full), fill=int(rng.integers(30, 80)))
    for at in np.arange(bar + size, full - size, 1.8 * size):
        _line_of_words(pen, rng, size, at, width - size, size, 210)
    many = int(rng.integers(1, 3))
    across, down = np.linspace(width, full, many + 1), np.linspace(bar, full, many + 1)
    for row in range(many):
        for column in range(many):
            left, top, right, bottom = across[column], down[row], across[column + 1], down[row + 1]
            pen.rectangle((left, top, right, bottom), outline=110, width=FINE)
            for at in (top + size, top + 2.4 * size, bottom - 2.4 * size):
                _line_of_words(pen, rng, left + size, at, left + 0.35 * (right - left), size, 220)
    return _shrunk(page, side)


def plot(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw axes with curves, bars or points."""
    dark = rng.random() < 0.2
    page, pen = _page(side, 15 if dark else 255)
    full, ink = side * FINE, 230 if dark else 0
    left, top, right, bottom = full * 0.12, full * 0.08, full * 0.94, full * 0.88
    pen.rectangle((left, top, right, bottom), outline=ink, width=FINE)
    for at in np.linspace(0, 1, int(rng.integers(4, 9))):
        x, y = left + at * (right - left), bottom - at * (bottom - top)
        pen.text((x, bottom + 5), f"{at:.1f}", fill=ink, font=_font(int(full * 0.025)))
        pen.text((left * 0.3, y), f"{at * 100:.0f}", fill=ink, font=_font(int(full * 0.025)))
        if rng.random() < 0.5:
            pen.line((left, y, right, y), fill=128, width=1)
    manner = rng.choice(["curve", "bars", "points"])
    for _ in range(int(rng.integers(1, 5))):
        shade, many = int(rng.integers(0, 200)), int(rng.integers(5, 100))
        xs = np.linspace(left, right, many)
        ys = np.clip(np.cumsum(rng.normal(0, 0.1, many)) + 0.5, 0.02, 0.98) * (top - bottom) + bottom
        if manner == "curve":
            pen.line(list(zip(xs, ys, strict=True)), fill=shade, width=2 * FINE)
        for x, y in zip(xs, ys, strict=True) if manner != "curve" else ():
            half = (right - left) / many * 0.3 if manner == "bars" else full * 0.006
            pen.rectangle((x - half, y, x + half, bottom if manner == "bars" else y + 2 * half), fill=shade)
    return _shrunk(page, side)


def code(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a QR code (OpenCV's own) or a bar code with its digits, on white."""
    if rng.random() < 0.5:
        text = " ".join(rng.choice(WORDS, int(rng.integers(3, 14))))
        modules = cv2.QRCodeEncoder.create().encode(text)
        wide = max(1, int(side * rng.uniform(0.4, 0.95)))
        drawn = cv2.resize(modules, (wide, wide), interpolation=cv2.INTER_NEAREST)
        picture = np.full((side, side), 255, np.uint8)
        at = rng.integers(0, side - wide + 1, 2)
        picture[at[0] : at[0] + wide, at[1] : at[1] + wide] = drawn
        return picture
    page, pen = _page(side, 255)
    full, at = side * FINE, side * FINE * 0.08
    while at < full * 0.92:
        width = full * 0.006 * rng.integers(1, 5)
        pen.rectangle((at, full * 0.2, at + width, full * 0.75), fill=0)
        at += width + full * 0.006 * rng.integers(1, 4)
    pen.text((full * 0.2, full * 0.78), str(rng.integers(10**11, 10**12)), fill=0, font=_font(int(full * 0.07)))
    return _shrunk(page, side)


def white_noise(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw independent greys, normal or uniform."""
    if rng.random() < 0.5:
        return rng.integers(0, 256, (side, side))
    return rng.normal(rng.uniform(80, 180), rng.uniform(25, 80), (side, side))


def pink_noise(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw clouds: energy falls with a power of the frequency."""
    frequency = np.hypot(np.fft.fftfreq(side)[:, np.newaxis], np.fft.rfftfreq(side))
    frequency[0, 0] = 1
    clouds = np.fft.irfft2(
        np.fft.rfft2(rng.normal(size=(side, side))) / frequency ** rng.uniform(0.6, 1.3), (side, side)
    )
    return 128 + clouds / clouds.std() * rng.uniform(25, 60)


def specks(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw salt and pepper on a plain grey."""
    picture = np.full((side, side), rng.integers(60, 200))
    dice, share = rng.random((side, side)), rng.uniform(0.05, 0.4)
    picture[dice < share], picture[dice > 1 - share] = 0, 255
    return picture


def television(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a set without a signal: short horizontal dashes, lines of different brightness."""
    picture = rng.integers(0, 256, (side, side // 3 + 1)).repeat(3, axis=1)[:, :side]
    return picture * rng.uniform(0.5, 1, (side, 1))


def blank(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw one grey, or one with the faint noise of a sensor or a JPEG."""
    return rng.integers(0, 256) + rng.normal(0, rng.choice([0, 0.5, 1.5]), (side, side))


def gradient(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw a smooth change of grey, straight or round."""
    down, across = np.mgrid[:side, :side] / side
    if rng.random() < 0.5:
        turn = rng.uniform(0, 2 * np.pi)
        slope = np.cos(turn) * down + np.sin(turn) * across
    else:
        slope = np.hypot(down - rng.uniform(), across - rng.uniform())
    slope = (slope - slope.min()) / np.ptp(slope)
    low, high = np.sort(rng.uniform(0, 255, 2))
    return low + slope * max(high - low, 40)


def landscape(rng: np.random.Generator, side: int) -> np.ndarray:
    """Draw hills under a plain or shaded sky, some with a sun: one side of the picture shows nothing."""
    high, low = rng.uniform(120, 256), rng.uniform(60, 256)
    picture = np.linspace(high, high if rng.random() < 0.6 else low, side)[:, np.newaxis].repeat(side, axis=1)
    down, across = np.mgrid[:side, :side] / side
    if rng.random() < 0.5:
        sun = np.hypot(across - rng.uniform(), down - rng.uniform(0, 0.3)) < rng.uniform(0.03, 0.12)
        picture[sun] = rng.uniform(200, 256)
    for horizon in np.sort(rng.uniform(0.4, 0.9, int(rng.integers(1, 5)))):
        waves, slopes = rng.uniform(0, 2 * np.pi, 4), rng.uniform(1, 14, 4)
        edge = sum(np.sin(slope * across + wave) / slope for slope, wave in zip(slopes, waves, strict=True))
        ground = down > horizon + 0.12 * edge
        picture[ground] = rng.uniform(10, 170) + rng.normal(0, rng.uniform(0, 25), picture.shape)[ground]
    return cv2.GaussianBlur(picture, (0, 0), 0.7)


# Kind: how it is drawn, and the reason that its refusal must give.
KINDS: dict[str, tuple[Callable[[np.random.Generator, int], np.ndarray], str]] = {
    "text page": (text_page, refusal.PICTURE),
    "form": (form, refusal.PICTURE),
    "table": (table, refusal.PICTURE),
    "window": (window, refusal.PICTURE),
    "viewer": (viewer, refusal.PICTURE),
    "plot": (plot, refusal.PICTURE),
    "code": (code, refusal.PICTURE),
    "gradient": (gradient, refusal.PICTURE),
    "landscape": (landscape, refusal.PICTURE),
    "pink noise": (pink_noise, refusal.NOISE),
    "white noise": (white_noise, refusal.NOISE),
    "specks": (specks, refusal.NOISE),
    "television": (television, refusal.NOISE),
    "blank": (blank, refusal.BLANK),
}


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(max(6, size))


def _page(side: int, back: int) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = Image.new("L", (side * FINE, side * FINE), back)
    return page, ImageDraw.Draw(page)


def _line_of_words(pen, rng, left: float, top: float, right: float, size: float, ink: int = 0) -> None:
    """Write random words from `left` as far as they end before `right`."""
    font, text = _font(int(size)), ""
    while pen.textlength(longer := f"{text}{rng.choice(WORDS)} ", font=font) < right - left:
        text = longer
    pen.text((left, top), text, fill=ink, font=font)


def _shrunk(page: Image.Image, side: int) -> np.ndarray:
    return cv2.resize(np.asarray(page), (side, side), interpolation=cv2.INTER_AREA)


def _scanned(page: Image.Image, rng: np.random.Generator, side: int) -> np.ndarray:
    """Shrink a page; some askew and with the noise of a scanner, some white on black."""
    picture = _shrunk(page, side)
    if rng.random() < 0.4:
        turn = cv2.getRotationMatrix2D((side / 2, side / 2), rng.uniform(-4, 4), 1)
        picture = cv2.warpAffine(picture, turn, (side, side), borderValue=(int(picture[0, 0]),))
        picture = picture * rng.uniform(0.8, 1) + rng.normal(0, 4, picture.shape)
    return 255 - picture if rng.random() < 0.15 else picture
