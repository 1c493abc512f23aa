"""A report as PDF, on one page: what `content` says is laid out as large as the page allows."""

import io
import threading
from datetime import UTC, datetime

from reportlab import rl_config
from reportlab.lib.pagesizes import A4, LETTER
from reportlab.pdfgen.canvas import Canvas

from edge_app import __version__
from edge_app.web.report import fonts
from edge_app.web.report.content import Content
from edge_app.web.report.sheet import Sheet

PAPERS = {"a4": A4, "letter": LETTER}
# Territories whose printers hold US Letter; all others hold A4 (Unicode CLDR 46, paperSize).
OF_LETTER = ("BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE")
# Sizes of text in points, of which the largest is taken with which all has room; the least is that of a package insert.
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5)
# One report at a time: several at once would only compete for the cores that judge films.
_ONE = threading.Lock()


def pdf(content: Content, time: datetime, paper: str = "a4") -> bytes:
    """Return the report as a PDF file: the same bytes for the same reading, with the same words.

    Args:
        content: what it says.
        time: of the reading, with a time zone; also that of the file.
        paper: of `PAPERS`.
    """
    with _ONE:
        fonts.register()
        rl_config.useA85 = 0  # pictures as they are: no reader needs a file of letters alone
        file = io.BytesIO()
        canvas = Canvas(
            file,
            pagesize=PAPERS[paper],
            pageCompression=1,
            invariant=1,
            lang=content.language,
            initialFontName=fonts.REGULAR,  # pyright: ignore[reportArgumentType]  (its default, None, is taken for its type)
        )
        _describe(canvas, content, time)
        _laid_out(content, PAPERS[paper]).draw(canvas)
        canvas.showPage()
        canvas.save()
        return file.getvalue()


def paper(territory: str) -> str:
    """Return which of `PAPERS` the printers of a territory hold, by its code of ISO 3166 or an empty text."""
    return "letter" if territory.upper() in OF_LETTER else "a4"


def _laid_out(content: Content, paper: tuple[float, float]) -> Sheet:
    for size in SIZES[:-1]:
        sheet = Sheet(paper, content, size)
        if sheet.fits:
            return sheet
    return Sheet(paper, content, SIZES[-1])


def _describe(canvas: Canvas, content: Content, time: datetime) -> None:
    canvas.setTitle(f"{content.verdict.title} · {content.product}")
    canvas.setSubject(content.notice)
    canvas.setAuthor(content.product)
    canvas.setCreator(f"covid-xray {__version__}")
    canvas.setKeywords("")
    done = time.astimezone(UTC)
    canvas.setDateFormatter(lambda *_now: f"D:{done:%Y%m%d%H%M%S}Z")
    canvas.setViewerPreference("DisplayDocTitle", "true")
