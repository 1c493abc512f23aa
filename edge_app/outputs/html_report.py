"""One self-contained page of a session to show a colleague: the model, its operating point, and every film's outcome.

Each row is written as it comes. HTML needs no end, so the page of a run that was stopped can be read.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app import __version__
from edge_app.errors import WrongUsage, remedy
from edge_app.outputs import row_file
from edge_app.outputs.counts import Counts
from edge_app.screening import decision, phrasing
from edge_app.screening.result import Judged, Refused, Result
from edge_app.screening.run_context import RunContext

if TYPE_CHECKING:  # Jinja2 is imported only for a report
    from jinja2 import Environment

# Class and symbol of each verdict. Colour alone is lost on colour-blind readers and on a black-and-white print.
SYMBOLS = {
    decision.COVID: ("covid", "▲"),
    decision.UNSURE: ("unsure", "◆"),
    decision.PNEUMONIA: ("pneumonia", "■"),
    decision.NORMAL: ("normal", "○"),
    decision.REFUSED: ("refused", "✕"),
    None: ("error", "!"),
}
# Longer side of a film's picture in pixels, and its JPEG quality.
THUMBNAIL, QUALITY = 320, 80
TEMPLATES = Path(__file__).with_name("templates")


class HtmlReport:
    """Writes the head at once, a row for each film, and the counts at the end."""

    def __init__(self, path: Path, context: RunContext, images: bool = False):
        """Begin the page.

        Args:
            path: the file; what was there is replaced.
            context: of the run.
            images: whether each row gets a small picture of the film with its heat map.

        Raises:
            WrongUsage: it cannot be written.
        """
        self._context, self._images, self._templates = context, images, _templates()
        self._counts = Counts()
        try:
            self._file = path.open("w", encoding="utf-8", errors="xmlcharrefreplace")
        except OSError as error:
            reason = f"cannot be written ({error.strerror}); {remedy(error, 'name a file in a folder of yours')}"
            raise WrongUsage(f"--report: '{path}' {reason}.") from error
        self._write_head()

    def add(self, result: Result) -> None:
        """Write one row."""
        row = result.row()
        outcome = phrasing.outcome(row)
        self._counts.add(row)
        kind, symbol = SYMBOLS[row["verdict"]]
        inside = row["lungs"] and row["lungs"]["heat_inside"]
        self._write(
            "report_row.html",
            name=row["path"] or row["sha256"][:16],
            time=row["time"][:19].replace("T", " "),
            stored=row["stored"],
            kind=kind,
            symbol=symbol,
            outcome=outcome,
            remarks=_remarks(row),
            picture=_picture(result) if self._images else "",
            colours=phrasing.colours(result.heat) if isinstance(result, Judged) else "",
            scores=[_score(row, label) for label in self._context.card.labels],
            inside="" if inside is None else inside,
            inside_percent="" if inside is None else f"{inside:.0%}",
        )

    def close(self) -> None:
        """Write the counts and the end."""
        self._write("report_end.html", counts=self._counts, notice=phrasing.NOT_A_DIAGNOSIS)
        self._file.close()

    def _write_head(self) -> None:
        context, card = self._context, self._context.card
        points = [f"{label}: {phrasing.describe(point)}" for label, point in context.points.items()]
        points += [phrasing.of_site(card.site)] if card.site else []
        points += [phrasing.localisation(card.localisation)] if card.localisation else []
        points += [phrasing.worth(label, context.worth[label], share) for label, share in context.prevalences.items()]
        self._write(
            "report_head.html",
            notice=phrasing.NOT_A_DIAGNOSIS,
            model=card.name,
            sha256=context.sha256,
            version=__version__,
            rule=context.rule,
            points=points,
            labels=card.labels,
        )

    def _write(self, template: str, **values) -> None:
        row_file.add(self._file, self._templates.get_template(template).render(values))


def _templates() -> "Environment":
    """Return the report's templates: every value is escaped, and so is what would move a cursor."""
    from jinja2 import Environment, FileSystemLoader

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
        finalize=lambda value: phrasing.printable(value) if type(value) is str else value,
    )


def _remarks(row: Mapping) -> list[str]:
    """Return what stands beneath a verdict: a reason, what a corrected film reads, an error, a warning."""
    refusal, corrected = row["refusal"], row["corrected"]
    found = [
        refusal and refusal["sentence"],
        corrected and phrasing.offer(corrected),
        row["error"],
        phrasing.OUTSIDE if phrasing.heat_warning(row) == phrasing.OUTSIDE else None,
        row.get("replaces") and phrasing.replaced(row["replaces"]),
    ]
    return [remark for remark in found if remark]


def _score(row: Mapping, label: str) -> tuple[str, str]:
    """Return a score, and the answer to the finding; empty where there is none."""
    score, found = (row["scores"] or {}).get(label), (row["findings"] or {}).get(label)
    return "" if score is None else f"{score:.3f}", found["answer"] if found else ""


def _picture(result: Result) -> str:
    """Return a film with its heat map as JPEG in base64; empty where its pixels were not kept."""
    if not isinstance(result, Judged | Refused) or result.grey is None:
        return ""
    import base64
    import io

    from PIL import Image

    from edge_app.outputs import overlay

    content = io.BytesIO()
    Image.fromarray(overlay.small(result, result.grey, THUMBNAIL)).save(content, "JPEG", quality=QUALITY)
    return base64.b64encode(content.getvalue()).decode()
