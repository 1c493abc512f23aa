"""A film to try in one click, and the tour: what the verdicts mean and how often they were right."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from edge_app.errors import EdgeError
from edge_app.screening import decision
from edge_app.web.access.auth import guard
from edge_app.web.http.request_helpers import refuse
from edge_app.web.readings.inference_queue import Busy
from edge_app.web.readings.services import services
from edge_app.web.text import finding_view, wording

trial = Blueprint("trial", __name__)


@trial.post("/try")
def read() -> ResponseReturnValue:
    """Judge the film to try, and show its reading; it is not kept."""
    wait = guard().uploads.take(request.remote_addr or "")
    if wait:
        return (*refuse(429), {"Retry-After": str(wait)})
    trials = services().trials
    film = trials.film() or abort(404)
    try:
        reading = services().inference_queue.submit(film, keeper=trials)
    except Busy as busy:
        return (*refuse(503), {"Retry-After": str(busy.retry_after_s)})
    except EdgeError as fault:
        return refuse(422, str(fault))
    return redirect(url_for("pages.result", id=reading.id), 303)


@trial.get("/tour")
def tour() -> str:
    """Show what the verdicts mean, in which order the answers are found, and what was measured of them."""
    context = services().context
    return render_template(
        "tour.html",
        words=[wording.VERDICTS[verdict] for verdict in decision.VERDICTS],
        figures=finding_view.figures(context.row()),
        hospitals=finding_view.hospitals(context.points),
        context=context,
        site=context.row()["site"],
    )
