"""The live page of `serve` and `camera`: what the camera sees, advice, a shutter, and the verdict on the last film.

A browser requests one picture after another: a stream would hold one of the server's threads for each browser.
"""

from typing import TYPE_CHECKING

from flask import Blueprint, Flask, Response, abort, current_app, redirect, render_template, url_for

from edge_app.web.http.request_helpers import MOST_LABEL, form_label, wants_json
from edge_app.web.text import finding_view, labels, wording

if TYPE_CHECKING:  # heavy: imported where there is a camera
    from edge_app.camera.ui.live_view import LiveView

live = Blueprint("live", __name__)

# Lines of advice at once: a person who holds a film reads no more.
MOST_ADVICE = 2


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
    return render_template("live.html", state=state(), most_label=MOST_LABEL)


@live.get("/picture.jpg")
def picture():
    """Send the newest picture; nothing yet before the first."""
    content = _view().picture()
    return Response(content, mimetype="image/jpeg") if content else Response(status=204)


@live.get("/state")
def state() -> dict:
    """Return what the page shows now.

    Returns:
        `number` of the frame, `advice`, `progress` from 0 to 1, and the last film with its `findings`.
    """
    view = _view()
    moment, number = view.newest()
    if view.fault:
        advice = [view.fault]
    elif moment is None or moment.frame is None or moment.view is None:
        advice = [str(labels.BROKEN if moment and moment.status.sentence else labels.WAITING)]
    else:
        advice = [str(labels.ADVICE[one.kind]) for one in moment.advice][:MOST_ADVICE]
    progress = moment.progress if moment else 0.0
    now: dict[str, object] = {"number": number, "advice": advice, "progress": progress, "url": "", "findings": []}
    last = view.last()
    if last is None:
        return now
    words = wording.of(last.row)
    findings = [one.words for one in finding_view.told(last.row)]
    shown = {"title": str(words.title), "kind": words.kind, "symbol": words.symbol, "findings": findings}
    return now | {"url": last.url, "picture": last.picture} | shown


@live.post("/shutter")
def shutter():
    """Press the shutter."""
    _view().press(form_label())
    if wants_json():
        return {}
    return redirect(url_for("live.show", _anchor="last-name"), 303)
