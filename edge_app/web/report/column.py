"""A column of a report: paragraphs and drawn things, one below another."""

from collections.abc import Callable, Iterable
from html import escape

from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Paragraph

from edge_app.web.report import fonts

# Of a paragraph's line to the size of its letters.
LEADING = 1.22
# Points: higher than any page.
ENDLESS = 10_000
# (canvas, left, bottom) in points.
Draw = Callable[[Canvas, float, float], None]


class Column:
    """Paragraphs and other things one below another.

    Attributes:
        height: of all, in points.
    """

    def __init__(self, width: float, size: float):
        self._width, self._size = width, size
        self._things: list[tuple[float, Draw, float]] = []
        self.height = 0.0

    def text(self, words: str, scale: float = 1.0, bold: bool = False, after: float = 0.25, markup: str = "") -> None:
        """Add a paragraph; `markup` is put before the words as it is."""
        if not words and not markup:
            return
        size = self._size * scale
        style = ParagraphStyle(
            "", fontName=fonts.BOLD if bold else fonts.REGULAR, fontSize=size, leading=size * LEADING, allowOrphans=1
        )
        paragraph = Paragraph(markup + escape(fonts.printable(words)), style)
        high = paragraph.wrap(self._width, 10_000)[1]
        self._add(high, lambda canvas, left, bottom: paragraph.drawOn(canvas, left, bottom), after * self._size)

    def named(self, name: str, words: str) -> None:
        """Add a paragraph that begins with a name in bold."""
        self.text(words, markup=f"<b>{escape(fonts.printable(name))}</b>&nbsp; ")

    def several(self, named: Iterable[tuple[str, str]]) -> None:
        """Add a paragraph of several names, each with its words."""
        parts = (
            f"<b>{escape(fonts.printable(name))}</b>&nbsp; {escape(fonts.printable(words))}" for name, words in named
        )
        self.text("", markup=" &nbsp; &nbsp; ".join(parts))

    def shape(self, height: float, draw: Draw, after: float = 0.5) -> None:
        """Add a thing that `draw(canvas, left, bottom)` draws."""
        self._add(height, draw, after * self._size)

    def _add(self, height: float, draw: Draw, after: float) -> None:
        self._things.append((height, draw, after))
        self.height += height + after

    def draw(self, canvas: Canvas, left: float, top: float) -> None:
        """Draw all below a height."""
        for height, draw, after in self._things:
            draw(canvas, left, top - height)
            top -= height + after
