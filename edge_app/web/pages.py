"""The pages that people see: landing, result, history, compare, privacy, login's and errors' looks."""

from datetime import datetime, timedelta
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, redirect, render_template, request, url_for
from flask_babel import Babel, get_locale
from flask_babel import gettext as _

from edge_app import __version__, decision, refusal
from edge_app.errors import EdgeError
from edge_app.web import languages, layers, result_view, wording

pages = Blueprint("pages", __name__)

# Of a patient label: long enough for a number and a remark, too short for a letter.
MOST_LABEL = 64
# Readings on one page of the history: some four screens of a phone.
A_PAGE = 25
PICTURES = {layers.FILM: "image/jpeg", layers.HEAT: "image/png", layers.LUNGS: "image/png", layers.SHEET: "image/png"}


def init_app(app) -> None:
    """Give an app its pages, its languages and what templates ask for."""
    from edge_app.web import status

    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(Path(__file__).parent / "translations"))
    Babel(app, locale_selector=languages.chosen)
    app.register_blueprint(pages)
    app.register_blueprint(status.status)
    app.jinja_env.filters.update(number=result_view.number, percent=result_view.percent, when=result_view.when)
    app.context_processor(_for_all)


def _for_all() -> dict:
    return {
        "language": str(get_locale()),
        "languages": languages.NAMES,
        "words_of": wording.of,
        "label_names": wording.LABELS,
        "notice": wording.NOTICE,
        "version": __version__,
        "has_camera": services().camera is not None,
        "most_label": MOST_LABEL,
        "verdicts": {verdict: wording.VERDICTS[verdict] for verdict in decision.VERDICTS},
    }


def services():
    """Return what the app was made with."""
    return current_app.extensions["services"]


def error(status: int, sentence: str = "") -> str:
    """Return the page of an HTTP error.

    Args:
        status: of HTTP.
        sentence: what was found; what is allowed; what to do, in English as the program words it; may be empty.
    """
    headline, do = wording.of_error(status)
    return render_template("error.html", status=status, headline=headline, do=do, sentence=sentence)


@pages.get("/")
def landing() -> str:
    """Show where a film is chosen, dropped, pasted or photographed."""
    return _landing([])


def _landing(outcomes: list[dict]) -> str:
    photographs = services().terms.card.camera is not None
    return render_template("landing.html", outcomes=outcomes, photographs=photographs, label=form_label())


@pages.post("/readings")
def upload():
    """Judge what was sent; a script asks for one film at a time and is answered in JSON."""
    films = [film for film in request.files.getlist("film") if film.filename]
    if not films:
        return _refuse(400, _("No file was sent. Choose a film first."))
    outcomes = [_judge(film) for film in films]
    if _wants_json():
        said = outcomes[0]
        return {name: str(value) for name, value in said.items() if value}, said["status"], _retry(said)
    if len(outcomes) == 1 and outcomes[0]["url"]:
        return redirect(outcomes[0]["url"], 303)
    if len(outcomes) == 1:
        said = outcomes[0]
        return error(said["status"], said["sentence"]), said["status"], _retry(said)
    return _landing(outcomes)


def _judge(film) -> dict:
    """Judge one file; return its outcome for a page or a script."""
    from edge_app.web.reader import Busy

    outcome = {"name": film.filename, "status": 200, "url": "", "sentence": "", "title": "", "kind": "error"}
    photograph = request.form.get("photograph") == "1"
    try:
        reading = services().reader.submit(film.read(), film.filename, form_label(), photograph=photograph)
    except Busy as busy:
        title, do = wording.of_error(503)
        return outcome | {"status": 503, "title": title, "sentence": do, "retry": busy.retry_after_s, "symbol": "!"}
    except EdgeError as fault:
        title = wording.of_error(422)[0]
        return outcome | {"status": 422, "title": title, "sentence": str(fault), "symbol": "!"}
    words = wording.of(reading.row)
    url = url_for("pages.result", id=reading.id)
    return outcome | {"url": url, "title": words.title, "kind": words.kind, "symbol": words.symbol}


def _retry(said: dict) -> dict:
    return {"Retry-After": str(said["retry"])} if said.get("retry") else {}


def form_label() -> str:
    """Return the patient label of a form, without what moves a cursor."""
    said = "".join(letter for letter in request.values.get("label", "") if letter.isprintable())
    return said.strip()[:MOST_LABEL]


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _refuse(status: int, sentence: str):
    if _wants_json():
        return {"title": str(wording.of_error(status)[0]), "sentence": sentence, "kind": "error", "symbol": "!"}, status
    return error(status, sentence), status


def reading_or_404(id: str):
    """Return a reading, or answer 404."""
    return services().shelf.get(id) or abort(404)


@pages.get("/readings/<id>")
def result(id: str):
    """Show a reading."""
    reading = reading_or_404(id)
    others = _others(reading)
    return render_template("result.html", reading=reading, others=others, **_seen(reading), **_worth(reading.row))


def _seen(reading) -> dict:
    row = reading.row
    return {
        "bars": result_view.bars(row),
        "measured": result_view.measured(row, reading.checks or ()),
        "also_pneumonia": result_view.also_pneumonia(row),
        "warning": result_view.heat_warning(row),
        "try_photograph": _may_be_photograph(row),
        "refusal": row["refusal"] and wording.of_refusal(row["refusal"]["kind"]),
        "change": row["corrected"] and wording.CHANGES.get(row["corrected"]["change"], row["corrected"]["change"]),
        "corrected": row["corrected"] and wording.VERDICTS[row["corrected"]["verdict"]],
        "proof": result_view.proof(row),
    }


def _may_be_photograph(row) -> bool:
    """Say whether a refused file may be the photograph of a film, and could be read as one."""
    kind = (row["refusal"] or {}).get("kind")
    return kind in (refusal.PICTURE, refusal.UNLIKE) and not row["camera"] and services().terms.card.camera is not None


def _worth(row) -> dict:
    asked = request.args.get("in100")
    try:
        in_100 = result_view.in_100(asked, services().terms.prevalence)
    except ValueError:
        return {"in_100": asked, "worth": None, "wrong_share": True}
    worth = result_view.worth(row, in_100) if in_100 and row["scores"] else None
    return {"in_100": "" if in_100 is None else f"{in_100:g}", "worth": worth, "wrong_share": False}


def _others(reading) -> list:
    """Return the newest other readings of the same patient label."""
    if not reading.label:
        return []
    found = services().shelf.search(label=reading.label, limit=6)
    return [other for other in found if other.id != reading.id][:5]


@pages.get("/readings/<id>/<name>")
def picture(id: str, name: str):
    """Send one of the pictures that were drawn of a film."""
    if name not in PICTURES:
        abort(404)
    reading_or_404(id)
    content = services().shelf.picture(id, name) or abort(404)
    answer = Response(content, mimetype=PICTURES[name])
    if name == layers.SHEET:
        answer.headers["Content-Disposition"] = f"attachment; filename=reading-{id[:8]}.png"
    return answer


@pages.get("/readings/<id>.json")
def as_json(id: str):
    """Send a reading's row as a file; the patient label is not in it."""
    import json

    answer = Response(json.dumps(reading_or_404(id).row, indent=1) + "\n", mimetype="application/json")
    answer.headers["Content-Disposition"] = f"attachment; filename=reading-{id[:8]}.json"
    return answer


@pages.post("/readings/<id>/delete")
def delete(id: str):
    """Delete a reading and its pictures."""
    reading_or_404(id)
    services().shelf.delete(id)
    return redirect(url_for("pages.history"), 303)


@pages.get("/history")
def history():
    """List readings, the newest first."""
    wanted = _wanted()
    number = max(1, request.args.get("page", 1, int))
    total = services().shelf.count(**wanted)
    found = services().shelf.search(**wanted, limit=A_PAGE, offset=(number - 1) * A_PAGE)
    said = {name: value for name, value in request.args.items() if value and name != "page"}
    last = max(1, -(-total // A_PAGE))
    return render_template("history.html", readings=found, total=total, page=number, last=last, said=said)


@pages.get("/history.csv")
def export():
    """Send what the history shows as CSV."""
    answer = Response(services().shelf.export_csv(**_wanted()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=readings-{datetime.now():%Y-%m-%d}.csv"
    return answer


def _wanted() -> dict:
    """Return what the history is asked for."""
    verdict = request.args.get("verdict")
    until = _day(request.args.get("until"))
    return {
        "label": request.args.get("label", "").strip() or None,
        "text": request.args.get("q", "").strip() or None,
        "verdict": verdict if verdict in decision.VERDICTS else None,
        "since": _day(request.args.get("since")),
        "until": until and until + timedelta(days=1),
    }


def _day(text: str | None) -> datetime | None:
    """Return the start of a day in the device's time zone; None if it is none."""
    try:
        return datetime.strptime(text or "", "%Y-%m-%d").astimezone()
    except (ValueError, OverflowError, OSError):
        return None


@pages.post("/history/selected")
def selected():
    """Compare the two readings that are ticked, or delete all that are."""
    chosen = [id for id in request.form.getlist("reading") if services().shelf.get(id)]
    if request.form.get("do") == "delete":
        for id in chosen:
            services().shelf.delete(id)
        return redirect(url_for("pages.history"), 303)
    if len(chosen) != 2:
        return _refuse(400, _("%(number)s readings are ticked; tick two of one patient label.", number=len(chosen)))
    return redirect(url_for("pages.compare", a=chosen[0], b=chosen[1]), 303)


@pages.get("/compare")
def compare():
    """Show two films of one patient label side by side, the older at the left."""
    pair = [reading_or_404(request.args.get(name, "")) for name in ("a", "b")]
    if not pair[0].label or pair[0].label != pair[1].label:
        return _refuse(400, _("These films bear no label in common; only films of one patient are compared."))
    pair.sort(key=lambda reading: reading.time)
    scores = [(reading.row["scores"] or {}).get("covid") for reading in pair]
    change = None if None in scores else scores[1] - scores[0]
    return render_template("compare.html", pair=pair, seen=[_seen(reading) for reading in pair], change=change)


@pages.get("/privacy")
def privacy():
    """Say what is kept, and offer to erase it."""
    return _privacy()


def _privacy(erased: int | None = None, unsure: bool = False) -> str:
    count = services().shelf.count()
    return render_template("privacy.html", count=count, erased=erased, unsure=unsure, settings=services().settings)


@pages.post("/privacy/erase")
def erase():
    """Erase everything that the page keeps."""
    if request.form.get("sure") != "1":
        return _privacy(unsure=True), 400
    return _privacy(erased=services().shelf.erase())


@pages.post("/language")
def language():
    """Remember the language that was chosen, and go back."""
    answer = redirect(languages.back(request.form.get("next", "")), 303)
    languages.remember(answer, request.form.get("language", ""))
    return answer
