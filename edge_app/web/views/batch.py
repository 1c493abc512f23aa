"""Batches: films that were sent at once, on a page that shows how far they are."""

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from edge_app import json_text
from edge_app.web.http.request_helpers import form_label, label_of, refuse, wants_json
from edge_app.web.readings import batches
from edge_app.web.readings.batches import Batch
from edge_app.web.readings.services import services
from edge_app.web.text import worklist_view

batch = Blueprint("batches", __name__)

# Of the field of a row's label; its number follows.
LABEL = "label-"


@batch.post("/batches")
def begin() -> ResponseReturnValue:
    """Begin a batch; a script sends the names of the files as JSON in `names`, and then each film by itself."""
    try:
        names = json_text.parse(request.form.get("names", ""))
    except ValueError:
        names = None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return refuse(400, "names: is not a list of files' names in JSON; choose the films again.")
    if not 1 <= len(names) <= batches.MOST:
        words = _("%(number)s films were sent at once; %(most)s are allowed.", number=len(names), most=batches.MOST)
        return refuse(413, words, translated=True)
    id = services().batches.begin(names, form_label())
    return {"id": id, "url": url_for("batches.show", id=id), "rows": url_for("batches.rows", id=id)}


@batch.get("/batches/<id>")
def show(id: str) -> str:
    """Show a batch."""
    return render_template("batch.html", **_shown(id))


@batch.get("/batches/<id>/rows")
def rows(id: str) -> str:
    """Return the part of the page that changes while films are read."""
    return render_template("_batch.html", **_shown(id))


@batch.post("/batches/<id>/labels")
def label(id: str) -> ResponseReturnValue:
    """Give films other patient labels: fields `label-1`, `label-2`, ..."""
    found = _batch(id)
    typed = {film.number: request.form.get(f"{LABEL}{film.number}") for film in found.films}
    services().batches.relabel(id, {number: label_of(text) for number, text in typed.items() if text is not None})
    if wants_json():
        return {"saved": True}
    return redirect(url_for("batches.show", id=id), 303)


def _batch(id: str) -> Batch:
    return services().batches.get(id) or abort(404)


def _shown(id: str) -> dict:
    found = _batch(id)
    return {"batch": found, "counts": worklist_view.of_batch(found)}
