"""What is drawn on a report beside text: the frame of a verdict, the bar of a score, a picture with its lines."""

import io
from collections.abc import Sequence

import numpy as np
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen.canvas import Canvas

from edge_app.web.report.pictures import MapPicture
from edge_app.web.text.result_view import Bar

# By kind of a verdict its ink, as on the page (static/style.css); all are dark, so that a copy keeps them.
INKS = {
    "covid": (0.64, 0.08, 0.08),
    "unsure": (0.48, 0.12, 0.55),
    "pneumonia": (0.5, 0.3, 0),
    "normal": (0, 0.38, 0.23),
    "refused": (0, 0.35, 0.47),
    "error": (0.31, 0.34, 0.36),
}
# Points; the frame's line and its dashes, by kind. Those of "pneumonia" are two lines, that of "normal" has a bar.
FRAMES = {
    "covid": (3.5, ()),
    "unsure": (2.5, (9, 5)),
    "pneumonia": (1, ()),
    "normal": (0.8, ()),
    "refused": (2.5, (0.01, 5)),
    "error": (1.2, ()),
}
SECOND_LINE, SIDE_BAR = 3, 5
# Of the lines of equal strength, from the weakest: dots, dashes, none; in points. A white rim keeps them apart from the
# film.
DASHES, LINE, RIM = ((0.8, 1.2), (3, 1.5), ()), 0.8, 2.2
# Grey of the band of unsure scores, between lines that a copy in black and white keeps.
BAND = 0.86


def frame(canvas: Canvas, kind: str, left: float, bottom: float, width: float, height: float) -> None:
    """Draw the frame of a verdict of a kind, in points; it lies inside the rectangle."""
    line, dashes = FRAMES[kind]
    canvas.saveState()
    canvas.setStrokeColorRGB(*INKS[kind])
    canvas.setFillColorRGB(*INKS[kind])
    canvas.setLineWidth(line)
    if dashes:
        canvas.setDash(list(dashes))
        canvas.setLineCap(1 if kind == "refused" else 0)
    canvas.rect(left + line / 2, bottom + line / 2, width - line, height - line)
    if kind == "pneumonia":
        canvas.rect(left + SECOND_LINE, bottom + SECOND_LINE, width - 2 * SECOND_LINE, height - 2 * SECOND_LINE)
    if kind == "normal":
        canvas.rect(left, bottom, SIDE_BAR, height, stroke=0, fill=1)
    canvas.restoreState()


def bar(canvas: Canvas, shown: Bar, left: float, bottom: float, width: float, height: float) -> None:
    """Draw a score with its thresholds: dashed from where it is unsure, solid from where it is suspected."""
    canvas.saveState()
    canvas.setLineWidth(0.5)
    if shown.unsure is not None and shown.suspected is not None:
        canvas.setFillGray(BAND)
        canvas.rect(left + shown.unsure * width, bottom, (shown.suspected - shown.unsure) * width, height, 0, 1)
    canvas.setFillGray(0.2)
    canvas.rect(left, bottom + height * 0.3, max(shown.score * width, 0.8), height * 0.4, 0, 1)
    canvas.setStrokeGray(0.35)
    canvas.rect(left, bottom, width, height)
    canvas.setStrokeGray(0)
    for at, dashes in ((shown.unsure, [1.5, 1.2]), (shown.suspected, [])):
        if at is not None:
            canvas.setLineWidth(1.2)
            canvas.setDash(dashes)
            canvas.line(left + at * width, bottom - 1.5, left + at * width, bottom + height + 1.5)
    canvas.restoreState()


def picture(canvas: Canvas, jpeg: bytes, left: float, bottom: float, width: float, height: float) -> None:
    """Put a JPEG on the page, in points, with a thin rim: a film may be as white as the paper."""
    canvas.drawImage(ImageReader(io.BytesIO(jpeg)), left, bottom, width, height)
    canvas.saveState()
    canvas.setLineWidth(0.4)
    canvas.rect(left, bottom, width, height)
    canvas.restoreState()


def map_picture(canvas: Canvas, shown: MapPicture, left: float, bottom: float, width: float, height: float) -> None:
    """Put a film under its map on the page, with its lines of equal strength."""
    picture(canvas, shown.jpeg, left, bottom, width, height)
    for lines, dashes in zip(shown.lines, DASHES, strict=True):
        for points in lines:
            _equal(canvas, np.array([left, bottom]) + (points * [1, -1] + [0, 1]) * [width, height], dashes)


def scale(
    canvas: Canvas, jpeg: bytes, levels: Sequence[float], left: float, bottom: float, width: float, height: float
):
    """Draw the scale of a map, with each level's line across it."""
    picture(canvas, jpeg, left, bottom, width, height)
    for level, dashes in zip(levels, DASHES, strict=True):
        at = left + level * width
        _equal(canvas, np.array([[at, bottom - 1], [at, bottom + height + 1]]), dashes)


def _equal(canvas: Canvas, points: np.ndarray, dashes: Sequence[float]) -> None:
    """Draw a line of equal strength through points, in points of the page: black on a white rim."""
    path = canvas.beginPath()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)
    if len(points) > 2:
        path.close()
    canvas.saveState()
    canvas.setLineJoin(1)
    for grey, width, dash in ((1, RIM, []), (0, LINE, list(dashes))):
        canvas.setStrokeGray(grey)
        canvas.setLineWidth(width)
        canvas.setDash(dash)
        canvas.drawPath(path)
    canvas.restoreState()
