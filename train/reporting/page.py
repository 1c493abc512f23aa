"""Reports in one HTML file: text, tables and figures, everything inside it.

    page = Page("Audit of lite0", "What the network knows, and what it only seems to know.")
    page.facts([Fact("AUC", "0.715", "0.454 to 0.902", target="at least 0.80", met=False)])
    section = page.section("By source", "Read `covid-chestxray-dataset` first.")
    section.table(("source", "AUC"), [("nih", "0.72")], "Test films.")
    figure, axes = subplots()
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

import cv2
import jinja2
import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib import pyplot as plt

mpl.use("Agg")  # files only: a desk may have no screen

# Colours that people with colour-blindness tell apart (Okabe & Ito 2008), calm ones first.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
STYLE = {
    "axes.grid": True,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": "medium",
    "font.size": 10,
    "grid.alpha": 0.25,
    "svg.hashsalt": "page",  # the same figure gives the same bytes
}
PNG_DPI = 110


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
        environment = jinja2.Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
        environment.filters["inline"] = _inline
        return environment.from_string(TEMPLATE).render(page=self, facts=self._facts)

    def write(self, path: Path) -> None:
        """Write the page, whole or not at all."""
        part = path.with_name(path.name + ".part")
        part.write_text(self.html(), encoding="utf-8")
        part.replace(path)


def subplots(rows: int = 1, columns: int = 1, size: tuple[float, float] = (7.0, 4.2), **options):
    """Return `matplotlib.pyplot.subplots` in the look of the page; `size` in inches."""
    with mpl.rc_context(STYLE):
        return plt.subplots(rows, columns, figsize=size, layout="constrained", **options)


def _uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _inline(text: str) -> Markup:
    safe = re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", safe))


TEMPLATE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{{ page.title }}</title>
<style>
:root { --ink: #1f2933; --soft: #52606d; --line: #d9e0e6; --wash: #f5f7f9; --blue: #0b5394; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; }
body { margin: 0 auto; padding: 1.5rem 1.25rem 4rem; max-width: 70rem; color: var(--ink); background: #fff;
  font: 1rem/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1, h2, h3 { line-height: 1.25; text-wrap: balance; }
h1 { margin: 0.5rem 0; font-size: 1.9rem; }
h2 { margin: 3rem 0 0.75rem; padding-bottom: 0.3rem; border-bottom: 2px solid var(--line); font-size: 1.4rem; }
h3 { margin: 2rem 0 0.5rem; font-size: 1.1rem; }
p { margin: 0.7rem 0; max-width: 46rem; }
a { color: var(--blue); }
code { padding: 0.05em 0.2em; background: var(--wash); border-radius: 3px; font-size: 0.9em; overflow-wrap: anywhere; }
.lead { color: var(--soft); font-size: 1.1rem; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(13.5rem, 1fr)); gap: 0.75rem;
  margin: 1.5rem 0; padding: 0; list-style: none; }
.facts li { padding: 0.8rem 1rem; border: 1px solid var(--line); border-top: 4px solid #9aa5b1; border-radius: 4px;
  background: var(--wash); }
.facts .met { border-top-color: #2f7d4f; }
.facts .missed { border-top-color: #b44d12; }
.facts span { display: block; color: var(--soft); font-size: 0.85rem; line-height: 1.4; }
.facts .name { color: var(--ink); font-weight: 600; }
.facts .value { color: var(--ink); font-size: 1.6rem; font-variant-numeric: tabular-nums; }
nav { margin: 1.5rem 0; padding: 0.8rem 1.25rem; border: 1px solid var(--line); border-radius: 4px; }
nav h2 { margin: 0; padding: 0; border: 0; font-size: 1rem; }
nav ol { margin: 0.4rem 0 0; padding-left: 1.4rem; columns: 18rem 2; }
.note { padding: 0.6rem 1rem; border-left: 4px solid #c98a1b; background: #fdf7ea; }
.wide { margin: 1rem 0; overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.875rem; font-variant-numeric: tabular-nums; }
caption { padding-bottom: 0.4rem; color: var(--soft); text-align: left; }
th, td { padding: 0.35rem 0.8rem 0.35rem 0; border-bottom: 1px solid var(--line); text-align: left;
  vertical-align: top; }
thead th { border-bottom: 2px solid #9aa5b1; color: var(--soft); font-weight: 600; vertical-align: bottom; }
tbody th { min-width: 8rem; font-weight: 500; }
td.number { white-space: nowrap; }
figure { margin: 1.25rem 0; }
figure img { display: block; max-width: 100%; height: auto; }
figcaption { max-width: 46rem; margin-top: 0.4rem; color: var(--soft); font-size: 0.9rem; }
footer { margin-top: 4rem; color: var(--soft); font-size: 0.85rem; overflow-wrap: anywhere; }
@media (max-width: 34rem) {
  body { padding: 1rem 0.9rem 3rem; } h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; } nav ol { columns: 1; }
  figure { overflow-x: auto; } figure img { max-width: none; width: max(100%, 36rem); } figcaption { max-width: 88vw; }
}
@media print {
  @page { margin: 16mm; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr, .facts li, .note { break-inside: avoid; }
  h2, h3, caption { break-after: avoid; }
  .wide { overflow: visible; } table { font-size: 8.5pt; } a { color: inherit; text-decoration: none; }
}
</style>
</head>
<body>
<header>
<h1>{{ page.title }}</h1>
{% if page.lead %}
<p class="lead">{{ page.lead | inline }}</p>
{% endif %}
</header>
{% if facts %}
<ul class="facts">
{% for fact in facts %}
<li{% if fact.met is not none %} class="{{ 'met' if fact.met else 'missed' }}"{% endif %}>
<span class="name">{{ fact.name }}</span>
<span class="value">{{ fact.value }}</span>
{% if fact.interval %}
<span>{{ fact.interval }}</span>
{% endif %}
{% if fact.target %}
<span>target: {{ fact.target }}{% if fact.met is not none %}; {{ 'met' if fact.met else 'not met' }}{% endif %}</span>
{% endif %}
{% if fact.note %}
<span>{{ fact.note | inline }}</span>
{% endif %}
</li>
{% endfor %}
</ul>
{% endif %}
<nav aria-label="Contents">
<h2>Contents</h2>
<ol>
{% for section in page.sections %}
<li><a href="#{{ section.name }}">{{ section.title }}</a></li>
{% endfor %}
</ol>
</nav>
<main>
{% for section in page.sections %}
<section aria-labelledby="{{ section.name }}">
<h2 id="{{ section.name }}">{{ loop.index }}. {{ section.title }}</h2>
{% for block in section.blocks %}
{% if block.kind == "text" %}
<p>{{ block.text | inline }}</p>
{% elif block.kind == "note" %}
<p class="note">{{ block.text | inline }}</p>
{% elif block.kind == "heading" %}
<h3>{{ block.text | inline }}</h3>
{% elif block.kind == "table" %}
<div class="wide" tabindex="0">
<table>
{% if block.caption %}
<caption>{{ block.caption | inline }}</caption>
{% endif %}
<thead><tr>{% for cell in block.header %}<th scope="col">{{ cell | inline }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in block.rows %}
<tr><th scope="row">{{ row[0] | inline }}</th>
{%- for cell in row[1:] -%}
<td{% if cell[:1] in "-0123456789" %} class="number"{% endif %}>{{ cell | inline }}</td>
{%- endfor %}</tr>
{% endfor %}
</tbody>
</table>
</div>
{% else %}
<figure><img src="{{ block.uri }}" alt="{{ block.alt }}">
{% if block.caption %}
<figcaption>{{ block.caption | inline }}</figcaption>
{% endif %}
</figure>
{% endif %}
{% endfor %}
</section>
{% endfor %}
</main>
{% if page.made %}
<footer>{{ page.made }}</footer>
{% endif %}
</body>
</html>
"""
