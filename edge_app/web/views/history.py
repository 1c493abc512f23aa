"""The history: readings are searched, exported, compared and deleted."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext as _

from edge_app.screening import decision
from edge_app.web.http.request_helpers import refuse
from edge_app.web.readings.services import reading_or_404, services
from edge_app.web.text import result_view

history = Blueprint("history", __name__)

# Readings on one page: some four screens of a phone.
A_PAGE = 25
# Parameters of the search.
FILTERS = ("label", "q", "verdict", "since", "until")


@history.get("/history")
def show():
    """List readings, the newest first."""
    wanted = _wanted()
    total = services().reading_store.count(**wanted)
    last = max(1, -(-total // A_PAGE))
    page = min(max(1, request.args.get("page", 1, int)), last)
    found = services().reading_store.search(**wanted, limit=A_PAGE, offset=(page - 1) * A_PAGE)
    filters = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    return render_template("history.html", readings=found, total=total, page=page, last=last, filters=filters)


@history.get("/history.csv")
def export():
    """Send the readings that the search finds as CSV; `bom=1`, as the page asks, begins it with a byte order mark."""
    mark = "\ufeff" if request.args.get("bom") == "1" else ""
    answer = Response(mark + services().reading_store.export_csv(**_wanted()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=readings-{datetime.now():%Y-%m-%d}.csv"
    return answer


def _wanted() -> dict:
    """Return the request's search, as arguments of `ReadingStore.search`."""
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
    """Return the start of a day in the device's time zone; None if the text is not a day since 1970."""
    try:
        day = datetime.strptime(text or "", "%Y-%m-%d")
    except ValueError:
        return None
    return (
        day.astimezone() if 1970 <= day.year < 9999 else None
    )  # the first and last years cannot be converted in every zone


@history.post("/history/selected")
def selected():
    """Compare the two readings that are ticked, or delete all that are."""
    chosen = [id for id in request.form.getlist("reading") if services().reading_store.get(id)]
    if request.form.get("do") == "delete":
        for id in chosen:
            services().reading_store.delete(id)
        return redirect(url_for("history.show"), 303)
    if len(chosen) != 2:
        words = _("%(number)s readings are selected; select two with the same patient label.", number=len(chosen))
        return refuse(400, words, translated=True)
    return redirect(url_for("history.compare", a=chosen[0], b=chosen[1]), 303)


@history.get("/compare")
def compare():
    """Show two films of one patient label side by side, the older on the left."""
    pair = [reading_or_404(request.args.get(name, "")) for name in ("a", "b")]
    if not pair[0].label or pair[0].label != pair[1].label:
        words = _("These films do not have the same patient label; only films of one patient are compared.")
        return refuse(400, words, translated=True)
    pair.sort(key=lambda reading: reading.row["time"])
    compared = all(reading.row["scores"] for reading in pair)
    seen = [result_view.seen(reading) for reading in pair]
    return render_template("compare.html", pair=pair, seen=seen, compared=compared)
