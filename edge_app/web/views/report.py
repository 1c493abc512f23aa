"""The report of a reading as PDF."""

from flask import Blueprint, Response, request

from edge_app.web.http import attachment
from edge_app.web.readings.services import reading_or_404, services
from edge_app.web.views import stated

report = Blueprint("report", __name__)


@report.get("/readings/<id>/report.pdf")
def show(id: str):
    """Send a reading on one page of paper, at the prevalences that the request or the site's settings state."""
    from edge_app.web.report import content, page  # ReportLab: a tenth of a second, for who wants a report

    reading, (store, trials) = reading_or_404(id, trial=True), (services().reading_store, services().trials)
    findings = stated.right(reading.row)["findings"]
    said = content.of(reading, findings, lambda name: store.picture(id, name) or trials.picture(id, name))
    answer = Response(page.pdf(said, reading.time, page.paper(_territory())), mimetype="application/pdf")
    attachment.name(answer.headers, reading.name, id, "pdf")
    return answer


def _territory() -> str:
    """Return the reader's territory, as the browser tells it."""
    wanted = next(iter(request.accept_languages.values()), "")
    return wanted.replace("_", "-").rpartition("-")[2]
