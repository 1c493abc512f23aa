"""The pages of a reading and of privacy, the choice of language, and what all pages have in common."""

import json
from collections.abc import Mapping

from flask import Blueprint, Flask, Response, abort, redirect, render_template, request, url_for

from edge_app.gate import refusal
from edge_app.screening import decision
from edge_app.web.http import attachment
from edge_app.web.http.request_helpers import MOST_LABEL
from edge_app.web.readings import layers
from edge_app.web.readings.reading_store import Reading
from edge_app.web.readings.services import reading_or_404, services
from edge_app.web.text import facts_view, finding_view, heat_view, languages, result_view, wording
from edge_app.web.views import stated

pages = Blueprint("pages", __name__)

PICTURES = {layers.FILM: "image/jpeg", layers.HEAT: "image/png", layers.LUNGS: "image/png", layers.SHEET: "image/png"}
PICTURES |= dict.fromkeys(layers.HEATS.values(), "image/png")
# Other readings of a patient label that are listed beneath a reading; the history has them all.
MOST_OTHERS = 5


def init_app(app: Flask) -> None:
    """Add the pages, the languages and the values of templates to an app; `live.init_app` adds the live page."""
    from edge_app.web.views.batch import batch
    from edge_app.web.views.history import history
    from edge_app.web.views.report import report
    from edge_app.web.views.status import status
    from edge_app.web.views.trial import trial
    from edge_app.web.views.upload import upload

    languages.init_app(app)
    for blueprint in (upload, batch, pages, history, status, trial, report):
        app.register_blueprint(blueprint)
    app.jinja_env.filters.update(number=result_view.number, percent=result_view.percent, when=result_view.when)
    app.context_processor(_for_all)


def _for_all() -> dict:
    return {
        "words_of": wording.of,
        "refusal_of": wording.of_refusal,
        "label_names": wording.LABELS,
        "has_camera": services().camera is not None,
        "trial_film": lambda: services().trials.available,
        "most_label": MOST_LABEL,
        "keep_days": services().settings.keep_days,
        "findings_of": finding_view.told,
        "has_film": services().reading_store.pictures.has_film,
        "heat_of": heat_view.told,
        "facts_of": facts_view.told,
        "maps_of": heat_view.maps,
        "verdicts": {verdict: wording.VERDICTS[verdict] for verdict in decision.VERDICTS},
    }


@pages.get("/readings/<id>")
def result(id: str):
    """Show a reading."""
    reading = reading_or_404(id, trial=True)
    others, shown = _others(reading), result_view.seen(reading) | stated.right(reading.row)
    return render_template(
        "result.html", reading=reading, others=others, try_photograph=_may_be_photograph(reading.row), **shown
    )


def _may_be_photograph(row: Mapping) -> bool:
    """Return whether a refused file may be a photograph of a film that can be read as one."""
    kind = (row["refusal"] or {}).get("kind")
    takes_photographs = services().inference_queue.takes_photographs
    kinds = (refusal.FILM_PHOTOGRAPH, refusal.PICTURE, refusal.UNLIKE)
    return kind in kinds and not row["camera"] and takes_photographs


def _others(reading: Reading) -> list[Reading]:
    """Return the newest other readings of the same patient label."""
    if not reading.label:
        return []
    found = services().reading_store.search(label=reading.label, limit=MOST_OTHERS + 1)
    return [other for other in found if other.id != reading.id][:MOST_OTHERS]


@pages.get("/readings/<id>/<name>")
def picture(id: str, name: str):
    """Send one of the pictures that were drawn of a reading."""
    if name not in PICTURES:
        abort(404)
    reading = reading_or_404(id, trial=True)
    content = services().reading_store.picture(id, name) or services().trials.picture(id, name) or abort(404)
    answer = Response(content, mimetype=PICTURES[name])
    if name == layers.SHEET:
        attachment.name(answer.headers, reading.name, id, "png")
    return answer


@pages.get("/readings/<id>.json")
def as_json(id: str):
    """Send a reading's row as a JSON file, without the patient label."""
    reading = reading_or_404(id, trial=True)
    answer = Response(json.dumps(reading.row, indent=1) + "\n", mimetype="application/json")
    attachment.name(answer.headers, reading.name, id, "json")
    return answer


@pages.post("/readings/<id>/delete")
def delete(id: str):
    """Delete a reading and its pictures."""
    reading_or_404(id)
    services().reading_store.delete(id)
    return redirect(url_for("history.show"), 303)


@pages.get("/privacy")
def privacy():
    """Show what is kept, with a button that erases it."""
    return _privacy()


def _privacy(erased: int | None = None, unsure: bool = False) -> str:
    count = services().reading_store.count()
    return render_template("privacy.html", count=count, erased=erased, unsure=unsure, settings=services().settings)


@pages.post("/privacy/erase")
def erase():
    """Erase everything that the page keeps."""
    if request.form.get("sure") != "1":
        return _privacy(unsure=True), 400
    erased = services().reading_store.erase()
    services().hub.erase()
    return _privacy(erased=erased)


@pages.post("/language")
def language():
    """Remember the chosen language, and go back."""
    answer = redirect(request.script_root + languages.back(request.form.get("next", "")), 303)
    languages.remember(answer, request.form.get("language", ""))
    return answer
