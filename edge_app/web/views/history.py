"""The worklist: readings of all sources are searched, sorted, exported, labelled, compared and deleted."""

from datetime import datetime, timedelta

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _

from edge_app.screening import decision
from edge_app.store.reading import THUMBNAIL
from edge_app.store.reading_tables import SOURCES
from edge_app.web.http.request_helpers import form_label, refuse
from edge_app.web.readings import reading_query, sent_again
from edge_app.web.readings.services import reading_or_404, services
from edge_app.web.text import result_view, wording, worklist_view

history = Blueprint("history", __name__)

# Readings on one page: some four screens of a phone, and with their thumbnails less than 250 kB.
A_PAGE = 25
# Parameters of the search.
FILTERS = ("label", "q", "verdict", "since", "until", "source", "batch")
# Orders that begin with the largest: the newest, the most suspicious.
DOWN_FIRST = ("time", "score")


@history.app_context_processor
def _for_all() -> dict:
    return {"source_names": worklist_view.SOURCES, "readings_of_film": _of_film, "unread": wording.VERDICTS[None]}


@history.get("/history")
def show():
    """List readings, the newest first unless sorted by another column."""
    wanted, kept = _wanted(), services().reading_store
    by_verdict = kept.by_verdict(**{**wanted, "verdict": None})
    total = kept.count(**wanted)
    last = max(1, -(-total // A_PAGE))
    page = min(max(1, request.args.get("page", 1, int)), last)
    sort, down = _order()
    filters = {name: request.args[name] for name in FILTERS if request.args.get(name)}
    ordered = {name: request.args[name] for name in ("sort", "dir") if request.args.get(name)}
    return render_template(
        "history.html",
        readings=kept.search(limit=A_PAGE, offset=(page - 1) * A_PAGE, sort=sort, down=down, **wanted),
        counts=worklist_view.counts(by_verdict),
        total=total,
        page=page,
        last=last,
        filters=filters,
        ordered=ordered,
        columns=_columns(sort, down),
        days=_days(),
    )


def _order() -> tuple[str, bool]:
    """Return the column that the request sorts by, and whether the largest come first."""
    sort = request.args.get("sort", "time")
    sort = sort if sort in reading_query.COLUMNS else "time"
    direction = request.args.get("dir")
    return sort, direction == "down" if direction in ("up", "down") else sort in DOWN_FIRST


def _columns(sort: str, down: bool) -> dict[str, dict[str, str]]:
    """Return of each column its `aria-sort`, and the order that its head leads to."""
    found = {}
    for name in reading_query.COLUMNS:
        here = name == sort
        then = not down if here else name in DOWN_FIRST
        aria = ("descending" if down else "ascending") if here else "none"
        found[name] = {"aria": aria, "dir": "down" if then else "up", "mark": ("▼" if down else "▲") if here else ""}
    return found


def _days() -> dict[str, str]:
    """Return the dates of today and yesterday in the device's time zone, as the form has them."""
    today = datetime.now().astimezone().date()
    return {"today": today.isoformat(), "yesterday": (today - timedelta(days=1)).isoformat()}


@history.get("/history.csv")
def export():
    """Send the readings that the search finds as CSV; `bom=1`, as the page asks, begins it with a byte order mark."""
    mark = "\ufeff" if request.args.get("bom") == "1" else ""
    answer = Response(mark + services().reading_store.export_csv(**_wanted()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=readings-{datetime.now():%Y-%m-%d}.csv"
    return answer


def _wanted() -> dict:
    """Return the request's search, as arguments of `ReadingStore.search`."""
    verdict, source = request.args.get("verdict"), request.args.get("source")
    verdicts = (*decision.VERDICTS, reading_query.UNREAD, reading_query.SUSPECTED)
    return {
        "label": request.args.get("label", "").strip() or None,
        "text": request.args.get("q", "").strip() or None,
        "verdict": verdict if verdict in verdicts else None,
        "since": _day(request.args.get("since")),
        "until": _day(request.args.get("until"), later=1),
        "source": source if source in SOURCES else None,
        "batch": request.args.get("batch") or None,
    }


def _day(text: str | None, later: int = 0) -> datetime | None:
    """Return the start of a day, or of the day `later` days after it; None if the text is not a day since 1970."""
    try:
        day = datetime.strptime(text or "", "%Y-%m-%d").date()
    except ValueError:
        return None
    if not 1970 <= day.year < 9999:  # the first and last years cannot be converted in every zone
        return None
    return reading_query.start_of(day + timedelta(days=later))


@history.post("/history/selected")
def selected():
    """Compare the two readings that are ticked; delete all that are, or give them a patient label."""
    chosen = [id for id in request.form.getlist("reading") if services().reading_store.get(id)]
    if request.form.get("do") == "label":
        services().reading_store.relabel(form_label(), chosen)
        return redirect(url_for("history.show"), 303)
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


@history.get(f"/readings/<id>/{THUMBNAIL}")
def thumbnail(id: str):
    """Send the small picture of a reading."""
    reading_or_404(id)
    return Response(services().reading_store.thumbnail(id) or abort(404), mimetype="image/jpeg")


@history.post("/readings/<id>/label")
def label(id: str):
    """Give a reading another patient label."""
    services().reading_store.relabel(form_label(), [reading_or_404(id).id])
    return redirect(url_for("pages.result", id=id), 303)


def _of_film(reading) -> list:
    """Return readings of the same bytes under another patient label: one of the two is probably wrong."""
    film = reading.row["sha256"]
    found = services().reading_store.search(limit=-1, film=film) if film else []
    return sent_again.under_other_labels(found, reading.label)
