"""Films are sent: the landing page, and the outcome of each file."""

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from edge_app.errors import EdgeError
from edge_app.web.access.auth import guard
from edge_app.web.http.request_helpers import form_label, refuse, wants_json
from edge_app.web.readings.inference_queue import Busy
from edge_app.web.readings.services import services
from edge_app.web.text import finding_view, wording

upload = Blueprint("upload", __name__)

# Films in one form; they are read one after another while the browser waits. A script sends each by itself.
MOST_AT_ONCE = 10


@upload.get("/")
def landing() -> str:
    """Show the page where films are chosen, dropped, pasted or photographed."""
    return _landing([])


def _landing(outcomes: list[dict]) -> str:
    photographs = services().inference_queue.takes_photographs
    return render_template("landing.html", outcomes=outcomes, photographs=photographs, label=form_label())


@upload.post("/readings")
def send() -> ResponseReturnValue:
    """Judge the films of the form; a script sends one film at a time and gets JSON."""
    films = [film for film in request.files.getlist("film") if film.filename]
    if not films:
        return refuse(400, _("No file was sent. Choose a film first."), translated=True)
    if len(films) > MOST_AT_ONCE:
        words = _("%(number)s films were sent at once; %(most)s are allowed.", number=len(films), most=MOST_AT_ONCE)
        return refuse(413, words, translated=True)
    outcomes = [_judge(film) for film in films]
    first = outcomes[0]
    if wants_json():
        return {name: str(value) for name, value in first.items() if value}, first["status"], _retry(first)
    if len(outcomes) > 1:
        return _landing(outcomes)
    if first["url"]:
        return redirect(first["url"], 303)
    body, status = refuse(first["status"], first["sentence"])
    return body, status, _retry(first)


def _judge(film: FileStorage) -> dict:
    """Judge one file; return its outcome for a page or a script."""
    outcome = {"name": film.filename, "status": 200, "url": "", "sentence": "", "kind": "error", "symbol": "!"}
    photograph = request.form.get("photograph") == "1"
    wait = guard().uploads.take(request.remote_addr or "")
    if wait:
        title, do = wording.of_error(429)
        return outcome | {"status": 429, "title": title, "sentence": do, "retry": wait}
    try:
        reading = services().inference_queue.submit(
            film.read(), film.filename or "", form_label(), photograph=photograph
        )
    except Busy as busy:
        title, do = wording.of_error(503)
        return outcome | {"status": 503, "title": title, "sentence": do, "retry": busy.retry_after_s}
    except EdgeError as fault:
        return outcome | {"status": 422, "title": wording.of_error(422)[0], "sentence": str(fault), "lang": "en"}
    words, refused = wording.of(reading.row), reading.row["refusal"]
    said = " · ".join(one.words for one in finding_view.told(reading.row))
    why = wording.of_refusal(refused["kind"])[0] if refused else said
    url = url_for("pages.result", id=reading.id)
    return outcome | {"url": url, "title": words.title, "kind": words.kind, "symbol": words.symbol, "sentence": why}


def _retry(outcome: dict) -> dict[str, str]:
    return {"Retry-After": str(outcome["retry"])} if outcome.get("retry") else {}
