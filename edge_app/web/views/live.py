"""The live page of `serve` and `camera`: what the camera sees, advice, a shutter, and the verdict on the last film.

A browser requests one picture after another: a stream would hold one of the server's threads for each browser.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, request, url_for

from edge_app.camera.detect import advice
from edge_app.web.http.request_helpers import MOST_LABEL, form_label, wants_json
from edge_app.web.text import finding_view, finding_words, labels, wording

if TYPE_CHECKING:  # heavy: imported where there is a camera
    from edge_app.camera.loop.loop import Moment
    from edge_app.camera.ui.live_view import LiveView

live = Blueprint("live", __name__)

# Lines of advice at once: a person who holds a film reads no more.
MOST_ADVICE = 2
# What is in view: nothing, the film that was judged last, a film that was not judged yet, or nobody knows.
FILMS = NONE, DONE, NEW, UNKNOWN = "none", "done", "new", "unknown"


def init_app(app: Flask, view: "LiveView | None", at: str = "/live") -> None:
    """Add the live page to an app.

    Args:
        app: `languages.init_app` was called for it; its templates can call `csrf_token`.
        view: what the camera sees; None without a camera, where the page answers 404.
        at: path of the page.
    """
    app.extensions["live"] = view
    app.register_blueprint(live, url_prefix=at)


def _view() -> "LiveView":
    return current_app.extensions["live"] or abort(404)


@live.get("")
def show() -> str:
    """Show the page."""
    return render_template("live.html", state=state(), most_label=MOST_LABEL, kiosk=_kiosk())


@live.get("/picture.jpg")
def picture():
    """Send the newest picture; nothing yet before the first."""
    content = _view().picture()
    return Response(content, mimetype="image/jpeg") if content else Response(status=204)


@live.get("/state")
def state() -> dict:
    """Return what the page shows now.

    Returns:
        `number` of the frame, `advice`, `progress` from 0 to 1, which `film` is in view, of `FILMS`, and the last film:
        when it was `judged`, its `findings` in words, its `answers` with their symbols, what to `do`, and what comes
        `next`.
    """
    view = _view()
    moment, number = view.newest()
    if view.fault:
        said = [view.fault]
    elif moment is None or moment.frame is None or moment.view is None:
        said = [str(labels.BROKEN if moment and moment.status.sentence else labels.WAITING)]
    else:
        said = [str(labels.ADVICE[one.kind]) for one in moment.advice][:MOST_ADVICE]
    progress = moment.progress if moment else 0.0
    film = _film(moment)
    now: dict[str, object] = {"number": number, "advice": said, "progress": progress, "film": film}
    now |= {"url": "", "judged": "", "findings": [], "answers": [], "do": "", "next": ""}
    last = view.last()
    if last is None:
        return now
    words = wording.of(last.row)
    told = finding_view.told(last.row)
    shown = {"title": str(words.title), "kind": words.kind, "symbol": words.symbol}
    shown |= {"findings": [one.words for one in told], "do": _do(last.row)}
    shown |= {"answers": [{"words": one.words, "kind": one.kind, "symbol": one.symbol} for one in told]}
    coming = finding_words.NEXT_FILM if film == NONE else finding_words.TAKE_AWAY if told else ""
    return now | {"url": last.url, "judged": last.row["time"], "picture": last.picture, "next": str(coming)} | shown


def _film(moment: "Moment | None") -> str:
    """Return which of `FILMS` is in view."""
    kinds = [one.kind for one in moment.advice] if moment else []
    if not kinds:
        return UNKNOWN
    return {advice.NO_FILM: NONE, advice.DONE: DONE}.get(kinds[0], NEW)


def _do(row: Mapping) -> str:
    """Return what to do first about a film, of a refused one after the reason."""
    if row["refusal"]:
        return " ".join(f"{str(words).rstrip('.')}." for words in wording.of_refusal(row["refusal"]["kind"]))
    return str(finding_words.FIRST[None if row["error"] else row["verdict"]])


def _kiosk() -> bool:
    """Return whether the page is to fill the screen."""
    return request.args.get("kiosk") == "1"


@live.post("/shutter")
def shutter():
    """Press the shutter."""
    _view().press(form_label())
    if wants_json():
        return {}
    return redirect(url_for("live.show", kiosk="1" if _kiosk() else None, _anchor="last-name"), 303)
