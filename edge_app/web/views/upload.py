"""Films are sent: the landing page, and the outcome of each file."""

import hashlib
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.datastructures import FileStorage

from edge_app.errors import EdgeError
from edge_app.store.reading import Reading
from edge_app.store.reading_tables import PAGE
from edge_app.web.access.auth import guard
from edge_app.web.http.request_helpers import form_label, refuse, wants_json
from edge_app.web.readings import batches, sent_again
from edge_app.web.readings.pace import Busy
from edge_app.web.readings.services import services
from edge_app.web.text import finding_view, result_view, wording
from edge_app.web.views.api import MOST_BYTES

upload = Blueprint("upload", __name__)

# Films in one form; they are read one after another while the browser waits. A script sends each by itself.
MOST_AT_ONCE = 10
# Bytes of a form beside its film: a body of `MOST_BYTES` is the most that is read.
BESIDE = 8_192


@upload.get("/")
def landing() -> str:
    """Show the page where films are chosen, dropped, pasted or photographed."""
    return render_template(
        "landing.html",
        photographs=services().inference_queue.takes_photographs,
        label=form_label(),
        most_bytes=MOST_BYTES - BESIDE,
        most_mib=MOST_BYTES >> 20,
        most_in_form=MOST_AT_ONCE,
        most_in_batch=batches.MOST,
    )


@dataclass(frozen=True)
class _Place:
    """A film's place in a batch; `batch` is empty for one that comes alone."""

    batch: str = ""
    number: int = 0
    label: str = ""

    def tell(self, state: str, **more: str) -> None:
        """Note what becomes of the film."""
        if self.batch:
            services().batches.tell(self.batch, self.number, state, **more)


@upload.post("/readings")
def send() -> ResponseReturnValue:
    """Judge the films of the form; a script sends one film at a time and gets JSON."""
    films = [film for film in request.files.getlist("film") if film.filename]
    if not films:
        return refuse(400, _("No file was sent. Choose a film first."), translated=True)
    if len(films) > MOST_AT_ONCE:
        words = _("%(number)s films were sent at once; %(most)s are allowed.", number=len(films), most=MOST_AT_ONCE)
        return refuse(413, words, translated=True)
    if len(films) > 1 and not wants_json():
        return _batch(films)
    first = _judge(films[0], _place())
    if wants_json():
        return {name: str(value) for name, value in first.items() if value}, first["status"], _retry(first)
    if first["url"]:
        return redirect(first["url"], 303)
    body, status = refuse(first["status"], first["sentence"])
    return body, status, _retry(first)


def _batch(films: list[FileStorage]) -> ResponseReturnValue:
    """Judge the films of a form that no script sent, as a batch, and show it."""
    held = services().batches
    id = held.begin([film.filename or "" for film in films], form_label())
    for number, film in enumerate(films, 1):
        place = _Place(id, number, form_label())
        outcome = _judge(film, place)
        if outcome["status"] in (429, 503):  # nobody sends it again by itself
            place.tell(batches.UNREAD, sentence=str(outcome["sentence"]))
    return redirect(url_for("batches.show", id=id), 303)


def _place() -> _Place:
    """Return the place in a batch that the form names, if it is there and its film has no reading yet."""
    id, number = request.form.get("batch", ""), request.form.get("number", "")
    if not (id and number.isascii() and number.isdigit() and len(number) < 6):
        return _Place(label=form_label())
    found = services().batches.film(id, int(number))
    return _Place(id, int(number), found[0]) if found else _Place(label=form_label())


def _judge(film: FileStorage, place: _Place) -> dict:
    """Judge one file; return its outcome for a page or a script."""
    outcome = {"name": film.filename, "status": 200, "url": "", "sentence": "", "kind": "error", "symbol": "!"}
    wait = guard().uploads.take(request.remote_addr or "")
    if wait:
        title, do = wording.of_error(429)
        return outcome | {"status": 429, "title": title, "sentence": do, "retry": wait}
    photograph, content = request.form.get("photograph") == "1", film.read()
    place.tell(batches.SENT)
    found = services().reading_store.search(limit=-1, film=hashlib.sha256(content).hexdigest())
    known = sent_again.earlier(found, services().context, place.label, photograph)
    if known and request.form.get("again") != "1":
        return outcome | _known(known, place)
    try:
        reading = services().inference_queue.submit(
            content, film.filename or "", place.label, photograph, source=PAGE, batch=place.batch
        )
    except Busy as busy:
        place.tell(batches.WAITING)
        title, do = wording.of_error(503)
        return outcome | {"status": 503, "title": title, "sentence": do, "retry": busy.retry_after_s}
    except EdgeError as fault:
        place.tell(batches.UNREAD, sentence=_nameless(str(fault), film.filename or ""))
        return outcome | {"status": 422, "title": wording.of_error(422)[0], "sentence": str(fault), "lang": "en"}
    except BaseException:
        place.tell(batches.WAITING)
        raise
    place.tell(batches.READ, reading=reading.id)
    return outcome | _outcome(reading)


def _nameless(sentence: str, name: str) -> str:
    """Return a sentence as it is kept: without the file's name where that is not."""
    return sentence if services().settings.keep_names or not name else sentence.replace(name, "the film")


def _known(reading: Reading, place: _Place) -> dict:
    """Return the outcome of a film that was read before; its reading gets the label if it has none."""
    if place.label and not reading.label:
        services().reading_store.relabel(place.label, [reading.id])
    place.tell(batches.KNOWN, reading=reading.id)
    said = _("This film was read before, on %(time)s. It was not read again.", time=result_view.when(reading.time))
    shown = _outcome(reading)
    return shown | {"sentence": f"{said} {shown['sentence']}", "url": f"{shown['url']}?sent=again"}


def _outcome(reading: Reading) -> dict:
    words, refused = wording.of(reading.row), reading.row["refusal"]
    said = " · ".join(one.words for one in finding_view.told(reading.row))
    why = wording.of_refusal(refused["kind"])[0] if refused else said
    url = url_for("pages.result", id=reading.id)
    return {"url": url, "title": words.title, "kind": words.kind, "symbol": words.symbol, "sentence": why}


def _retry(outcome: dict) -> dict[str, str]:
    return {"Retry-After": str(outcome["retry"])} if outcome.get("retry") else {}
