"""Reports in one HTML file: text, tables and figures, everything inside it.

    page = Page("Audit of lite0", "What the network knows, and what it only seems to know.")
    page.facts([Fact("AUC", "0.715", "0.454 to 0.902", target="at least 0.80", met=False)])
    section = page.section("By source", "Read `covid-chestxray-dataset` first.")
    section.table(("source", "AUC"), [("nih", "0.72")], "Test films.")
    figure, axes = one_plot()
    section.figure(figure, alt="ROC curve that bends to the upper left", caption="ROC.")
    page.write(Path("report.html"))

The file needs no network and no script (its own content policy forbids both), reads on a phone and prints. Text is
plain: everything is escaped, and only `**strong**` and `` `code` `` become markup.
"""

import base64
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import jinja2
import matplotlib as mpl
import numpy as np
from cycler import cycler
from markupsafe import Markup, escape
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from edge_app import atomic_io

mpl.use("Agg")  # files only: a desk may have no screen

# Colours that people with colour-blindness tell apart (Okabe & Ito 2008), calm ones first.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
STYLE: dict[RcKeyType, Any] = {
    "axes.grid": True,
    "axes.prop_cycle": cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 10,
    "grid.alpha": 0.25,
    "svg.hashsalt": "page",  # the same figure gives the same bytes
}
PNG_DPI = 110
TEMPLATES = Path(__file__).with_name("templates")


@dataclass(frozen=True)
class Fact:
    """One figure of the box on top: what, how much, between what, what was aimed at, and whether that was met."""

    name: str
    value: str
    interval: str = ""
    target: str = ""
    met: bool | None = None
    note: str = ""


@dataclass
class Section:
    """A chapter of a page; what is added appears in that order."""

    title: str
    name: str
    blocks: list[dict] = field(default_factory=list)

    def text(self, *paragraphs: str) -> None:
        """Add paragraphs."""
        self.blocks += [{"kind": "text", "text": text} for text in paragraphs]

    def note(self, text: str) -> None:
        """Add a paragraph that stands out: a warning, or what was not measured and why."""
        self.blocks.append({"kind": "note", "text": text})

    def heading(self, text: str) -> None:
        """Add a heading below the section's own."""
        self.blocks.append({"kind": "heading", "text": text})

    def table(self, header: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> None:
        """Add a table; the first cell of a row names it.

        Raises:
            ValueError: a row has not as many cells as the header.
        """
        rows = [[str(cell) for cell in row] for row in rows]
        if wrong := [row for row in rows if len(row) != len(header)]:
            raise ValueError(f"row {wrong[0]} has {len(wrong[0])} cells; the header has {len(header)}")
        self.blocks.append({"kind": "table", "header": list(header), "rows": rows, "caption": caption})

    def figure(self, figure, alt: str, caption: str = "", kind: str = "svg") -> None:
        """Add a matplotlib figure, and close it.

        Args:
            figure: the figure.
            alt: what a reader who cannot see it should know.
            caption: what it shows.
            kind: `svg` stays sharp at any size; `png` is smaller where the figure holds pictures.
        """
        out = io.BytesIO()
        with mpl.rc_context(STYLE):
            figure.savefig(out, format=kind, dpi=PNG_DPI, metadata={"Date": None} if kind == "svg" else None)
        plt.close(figure)
        self._image(_uri("image/svg+xml" if kind == "svg" else "image/png", out.getvalue()), alt, caption)

    def picture(self, pixels: np.ndarray, alt: str, caption: str = "") -> None:
        """Add a picture, uint8 (H, W) grey or (H, W, 3) RGB, as PNG, with `alt` and `caption` as in `figure`."""
        done, coded = cv2.imencode(".png", pixels if pixels.ndim == 2 else pixels[..., ::-1])
        if not done:
            raise ValueError(f"pixels are {pixels.dtype} {pixels.shape}; a picture is uint8 (H, W) or (H, W, 3)")
        self._image(_uri("image/png", coded.tobytes()), alt, caption)

    def _image(self, uri, alt, caption):
        if not alt:
            raise ValueError("a figure needs an alternative text")
        self.blocks.append({"kind": "image", "uri": uri, "alt": alt, "caption": caption})


class Page:
    """One report; `section` adds chapters, `write` makes the file."""

    def __init__(self, title: str, lead: str = "", made: str = ""):
        """Begin a page with its title, a sentence under it, and where and when it was made (printed at the foot)."""
        self.title, self.lead, self.made = title, lead, made
        self.sections: list[Section] = []
        self._facts: list[Fact] = []

    def facts(self, facts: Iterable[Fact]) -> None:
        """Add figures to the box on top."""
        self._facts += facts

    def section(self, title: str, *paragraphs: str) -> Section:
        """Add a chapter, listed in the table of contents, that begins with `paragraphs`."""
        section = Section(title, f"{len(self.sections) + 1}-{re.sub('[^a-z0-9]+', '-', title.lower()).strip('-')}")
        section.text(*paragraphs)
        self.sections.append(section)
        return section

    def html(self) -> str:
        """Return the whole page."""
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(TEMPLATES),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        environment.filters["inline"] = _inline
        return environment.get_template("report.html").render(page=self, facts=self._facts)

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all."""
        atomic_io.write(path, self.html().encode())


def one_plot(size: tuple[float, float] = (7.0, 4.2)) -> tuple[Figure, Axes]:
    """Return a figure with one plot in the look of the page; `size` in inches."""
    with mpl.rc_context(STYLE):
        return plt.subplots(figsize=size, layout="constrained")


def subplots(rows: int, columns: int, size: tuple[float, float], **options) -> tuple[Figure, np.ndarray]:
    """Return a figure and its plots, an object array as of `matplotlib.pyplot.subplots`, in the look of the page."""
    with mpl.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=size, layout="constrained", **options)


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _inline(text: str) -> Markup:
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe))
