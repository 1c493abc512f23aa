"""A report laid out on one page with text of one size."""

import io
from collections.abc import Sequence
from functools import cached_property

from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from edge_app.web.report import fonts, pictures, shapes
from edge_app.web.report.column import Column
from edge_app.web.report.content import Card, Content, Map
from edge_app.web.report.pictures import LEVELS, MapPicture

# Points: 14 mm, which every printer leaves; between two things side by side; inside a frame.
MARGIN, GAP, PADDING = 40, 12, 7
# Height of the pictures with their words in points: at most a third of the page; as long as text is of a size that all
# can read, so high that three of them fill the width; at least 5 cm.
MOST_PICTURES, GOOD_PICTURES, LEAST_PICTURES = 280, 220, 145
LEGIBLE = 7.0
# A space that ends no line, and of which several stay several.
HARD = "\u00a0"
# Height of the scale of a map, and of the bar of a score, in points.
SCALE, BAR = 6, 8
# Sizes of text, of the page's: a headline, the words of pictures, small print.
HEADLINE, CAPTION, SMALL = 1.8, 0.85, 0.85


class Sheet:
    """A report laid out."""

    def __init__(self, paper: tuple[float, float], content: Content, size: float):
        """Lay it out.

        Args:
            paper: width and height of the page in points.
            content: what it says.
            size: of its text in points.
        """
        self._paper, self._content, self._size = paper, content, size
        self._width = paper[0] - 2 * MARGIN
        self._identity, self._verdict, self._above = self._of_identity(), self._of_verdict(), self._of_chips()
        self._reason = self._of_reason()
        self._hint = self._column(self._width)
        self._hint.text(content.hint, SMALL)
        self._cards = [self._of_card(card) for card in content.cards]
        self._facts = self._of_facts()

    @cached_property
    def _rest(self) -> float:
        """Height that is left for the pictures, in points."""
        cards = max((column.height for column in self._cards), default=0.0)
        taken = [2 * self._size, self._identity.height, self._verdict.height + 2 * PADDING + GAP, self._above.height]
        taken += [self._size + self._hint.height, cards + 2 * PADDING + GAP if cards else 0.0]
        taken += [max(column.height for column in self._facts)]
        return self._paper[1] - 2 * MARGIN - sum(taken)

    @property
    def fits(self) -> bool:
        """Whether it has room on the page, with pictures that are large enough."""
        least = (GOOD_PICTURES if self._size >= LEGIBLE else LEAST_PICTURES) if self._content.film else 0
        return self._rest >= max(least, self._reason.height)

    def draw(self, canvas: Canvas) -> None:
        """Draw it."""
        top = self._draw_head(canvas, self._paper[1] - MARGIN)
        self._identity.draw(canvas, MARGIN, top)
        top = self._draw_verdict(canvas, top - self._identity.height)
        self._above.draw(canvas, MARGIN, top)
        top -= self._above.height
        top = self._draw_pictures(canvas, top)
        self._hint.draw(canvas, MARGIN, top)
        top = self._draw_cards(canvas, top - self._hint.height)
        half = (self._width + GAP) / 2
        for at, column in enumerate(self._facts):
            column.draw(canvas, MARGIN + at * half, top)

    def _column(self, width: float) -> Column:
        return Column(width, self._size)

    def _of_identity(self) -> Column:
        found = self._column(self._width)
        found.several(self._content.identity)
        return found

    def _of_verdict(self) -> Column:
        found = self._column(self._width - 2 * PADDING - self._symbol)
        found.text(str(self._content.verdict.title), HEADLINE, bold=True)
        found.text(self._content.note, after=0)
        return found

    @property
    def _symbol(self) -> float:
        """Width of the verdict's symbol in points."""
        return 3 * self._size

    def _of_chips(self) -> Column:
        found = self._column(self._width)
        chips = [f"{symbol} {words}".replace(" ", HARD) for symbol, words in self._content.chips]
        found.text((4 * HARD + " ").join(chips), 1.1, bold=True, after=0.4)
        for words in self._content.warnings:
            found.text(f"! {words}", bold=True, after=0.4)
        return found

    def _of_reason(self) -> Column:
        content, width = self._content, self._width
        found = self._column((width - GAP) / 2 if content.film else width)
        for at, words in enumerate(content.reason):
            found.text(words, 1.1, bold=at == 0, after=0.7)
        if content.reason:
            found.text(str(content.verdict.not_means), 1.1, after=0.7)
        return found

    def _of_card(self, card: Card) -> Column:
        several = len(self._content.cards) > 1
        width = (self._width - GAP) / 2 if several else self._width
        found, told = self._column(width - 2 * PADDING), card.told
        found.text(f"{told.symbol} {told.words}", 1.15, bold=True)
        if bar := card.bar:
            wide = width - 2 * PADDING
            found.shape(BAR + 3, lambda canvas, left, under: shapes.bar(canvas, bar, left, under + 1.5, wide, BAR))
            found.text(bar.words)
        for name, words in zip(self._content.headings, told.meaning, strict=True):
            if words != self._content.verdict.do:  # it stands beneath the verdict
                found.named(name, str(words))
        found.text(card.often, bold=True)
        for sentence in told.proof:
            found.text(f"• {sentence}", SMALL, after=0.1)
        found.text(card.source, SMALL, after=0)
        return found

    def _of_facts(self) -> tuple[Column, Column]:
        """Return the facts in two columns that are nearly as high as each other."""
        columns = self._column((self._width - GAP) / 2), self._column((self._width - GAP) / 2)
        facts = self._content.facts
        for at, (name, value) in enumerate(facts):
            columns[2 * at >= len(facts)].named(name, value)
        columns[0].text(self._content.limits, SMALL, after=0)
        return columns

    def _draw_head(self, canvas: Canvas, top: float) -> float:
        size, bottom = self._size, top - 1.4 * self._size
        canvas.setFont(fonts.BOLD, 1.1 * size)
        canvas.drawString(MARGIN, top - size, self._content.product)
        canvas.drawRightString(MARGIN + self._width, top - size, self._content.notice)
        canvas.setLineWidth(0.8)
        canvas.line(MARGIN, bottom, MARGIN + self._width, bottom)
        return bottom - 0.6 * size

    def _draw_verdict(self, canvas: Canvas, top: float) -> float:
        kind, height = self._content.verdict.kind, self._verdict.height + 2 * PADDING
        shapes.frame(canvas, kind, MARGIN, top - height, self._width, height)
        canvas.saveState()
        canvas.setFillColorRGB(*shapes.INKS[kind])
        canvas.setFont(fonts.BOLD, 2.4 * self._size)
        canvas.drawCentredString(
            MARGIN + PADDING + self._symbol / 2, top - height / 2 - 0.85 * self._size, self._content.verdict.symbol
        )
        canvas.restoreState()
        self._verdict.draw(canvas, MARGIN + PADDING + self._symbol, top - PADDING)
        return top - height - 0.7 * self._size

    def _draw_pictures(self, canvas: Canvas, top: float) -> float:
        content, lower = self._content, self._reason.height
        if content.film:
            maps = [(one, pictures.under_map(content.film, one.heat, content.lungs)) for one in content.maps]
            row = Row(content.film, self._width, min(self._rest, MOST_PICTURES), content.maps, self._size)
            row.draw_film(canvas, top, content)
            for at, (one, drawn) in enumerate(maps, 1):
                row.draw_map(canvas, at, top, one, drawn, content)
            lower = max(lower, row.height)
        self._reason.draw(canvas, MARGIN + ((self._width + GAP) / 2 if content.film else 0), top)
        return top - lower - self._size

    def _draw_cards(self, canvas: Canvas, top: float) -> float:
        if not self._cards:
            return top
        height = max(column.height for column in self._cards) + 2 * PADDING
        width = (self._width - GAP * (len(self._cards) - 1)) / len(self._cards)
        for at, column in enumerate(self._cards):
            left = MARGIN + at * (width + GAP)
            canvas.setLineWidth(0.6)
            canvas.rect(left, top - height, width, height)
            column.draw(canvas, left + PADDING, top - PADDING)
        return top - height - 0.6 * self._size


class Row:
    """The film and its maps side by side, each with its words above and below.

    Attributes:
        height: in points, with all words.
    """

    def __init__(self, film: bytes, width: float, most_height: float, maps: Sequence[Map], size: float):
        """Lay it out: all pictures alike, as large as a row `width` wide and `most_height` high allows."""
        self._film, self._caption = film, CAPTION * size
        self._line = 1.35 * self._caption
        cells = max(2, 1 + len(maps))
        self._cell = (width - (cells - 1) * GAP) / cells
        self._empty = [Column(self._cell, self._caption) for _ in maps]
        for column, one in zip(self._empty, maps, strict=True):
            column.text(one.empty, bold=True)
        words = 2 * self._line
        if maps:
            words += SCALE + 4 + self._line + max(column.height for column in self._empty)
        with Image.open(io.BytesIO(film)) as picture:
            wide, high = picture.size
        scale = min(self._cell / wide, (most_height - words) / high)
        self._wide, self._high = wide * scale, high * scale
        self.height = self._high + words

    def draw_film(self, canvas: Canvas, top: float, content: Content) -> None:
        """Draw the film."""
        bottom = self._words(canvas, 0, top, content.film_name, content)
        shapes.picture(canvas, self._film, MARGIN, bottom, self._wide, self._high)

    def draw_map(self, canvas: Canvas, at: int, top: float, one: Map, drawn: MapPicture, content: Content) -> None:
        """Draw the film under a map, at a place of the row, with the map's scale."""
        left, bottom = MARGIN + at * (self._cell + GAP), self._words(canvas, at, top, one.title, content)
        shapes.map_picture(canvas, drawn, left, bottom, self._wide, self._high)
        under = bottom - self._line - SCALE - 3
        shapes.scale(canvas, pictures.scale(), LEVELS, left, under, self._wide, SCALE)
        low, high = one.ends
        under -= self._line * 0.9
        canvas.drawString(left, under, low)
        canvas.drawRightString(left + self._wide, under, high)
        for level, words in zip(LEVELS, one.marks, strict=False):
            canvas.drawCentredString(left + level * self._wide, under, words)
        self._empty[at - 1].draw(canvas, left, under - 0.3 * self._line)

    def _words(self, canvas: Canvas, at: int, top: float, title: str, content: Content) -> float:
        """Write above and below a picture; return where it begins at the bottom."""
        left, bottom = MARGIN + at * (self._cell + GAP), top - self._line - self._high
        canvas.setFont(fonts.BOLD, self._caption)
        canvas.drawString(left, top - self._caption, title)
        canvas.setFont(fonts.REGULAR, self._caption * 0.9)
        canvas.drawString(left, bottom - self._caption, content.sides[0])
        canvas.drawRightString(left + self._wide, bottom - self._caption, content.sides[1])
        return bottom
