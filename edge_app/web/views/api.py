"""The API for programs: /api/v1, in JSON; `openapi.json` beside this file describes it."""

import json
from datetime import datetime
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.datastructures import MultiDict

from edge_app.errors import EdgeError
from edge_app.screening import decision
from edge_app.store.reading_tables import API, SOURCES
from edge_app.web.access import auth
from edge_app.web.http.problems import fault
from edge_app.web.http.request_helpers import MOST_LABEL
from edge_app.web.readings.pace import Busy
from edge_app.web.readings.reading_store import Reading
from edge_app.web.readings.services import services

api = Blueprint("api", __name__, url_prefix="/api/v1")

# Bytes of a request: a DICOM film of 4,280 x 3,520 pixels with 16 bits, the largest of a flat panel, has 30 MB.
MOST_BYTES = 32 << 20
# Rows of one answer: by default, and at most.
FEW, MANY = 25, 200
# Media types that a bare body may have; its format is told from its content.
FILMS = (
    *("image/png", "image/jpeg", "image/jpg", "image/tiff", "image/bmp", "image/webp", "image/jp2"),
    *("application/dicom", "application/octet-stream"),
)
FORM = "multipart/form-data"


class Wrong(Exception):
    """A request that cannot be answered: `status` of HTTP, and a sentence."""

    def __init__(self, status: int, sentence: str, retry_after_s: int = 0):
        super().__init__(sentence)
        self.status, self.sentence, self.retry_after_s = status, sentence, retry_after_s


@api.errorhandler(Wrong)
def _wrong(error: Wrong):
    return fault(error.status, error.sentence, error.retry_after_s)


@api.post("/classify")
def classify():
    """Judge one film: a form with the field `film`, or the film itself as the body."""
    given = _parameters({"label", "photograph"}, form=request.mimetype == FORM)
    photograph = _flag("photograph", given)
    wait = auth.guard().uploads.take(request.remote_addr or "")
    if wait:
        raise Wrong(429, f"films: more were sent than one a second; wait {wait} s.", wait)
    name, content = _film()
    try:
        kept = services().inference_queue.submit(content, name, _label(given.get("label", "")), photograph, source=API)
    except Busy as busy:
        raise Wrong(503, f"films: {busy}.", busy.retry_after_s) from busy
    except EdgeError as error:
        raise Wrong(422, str(error)) from error
    return shown(kept)


@api.get("/results")
def results():
    """List readings, the newest first."""
    given = _parameters({"label", "verdict", "since", "until", "source", "batch", "limit", "offset"})
    verdict = given.get("verdict")
    if verdict is not None and verdict not in decision.VERDICTS:
        raise Wrong(400, f"verdict: is {verdict!r}; it must be one of {', '.join(map(repr, decision.VERDICTS))}.")
    source = given.get("source")
    if source is not None and source not in SOURCES:
        raise Wrong(400, f"source: is {source[:40]!r}; it must be one of {', '.join(map(repr, SOURCES))}.")
    wanted = {
        "label": _label(given["label"]) if "label" in given else None,
        "verdict": verdict,
        "since": _time("since", given),
        "until": _time("until", given),
        "source": source,
        "batch": given.get("batch") or None,
    }
    limit, offset = _whole("limit", given, FEW, 1, MANY), _whole("offset", given, 0, 0, 1_000_000_000)
    found = services().reading_store.search(limit, offset, **wanted)
    return {"total": services().reading_store.count(**wanted), "results": [shown(reading) for reading in found]}


@api.get("/results/<id>")
def result(id: str):
    """Return one reading."""
    return shown(_reading(id))


@api.delete("/results/<id>")
def delete(id: str):
    """Delete one reading with its pictures."""
    services().reading_store.delete(_reading(id).id)
    return Response(status=204)


@api.get("/openapi.json")
def openapi():
    """Return the description of this interface (OpenAPI 3.1)."""
    return Response(_description(), mimetype="application/json")


@cache
def _description() -> str:
    return Path(__file__).with_name("openapi.json").read_text(encoding="utf-8")


def shown(reading: Reading) -> dict:
    """Return a reading for JSON: a row of docs/results.md with the page's own fields."""
    row = {name: value for name, value in reading.row.items() if name != "path"}
    return row | {
        "id": reading.id,
        "label": reading.label,
        "kept_until": reading.kept_until.isoformat(timespec="seconds"),
        "photograph": reading.photograph,
        "source": reading.source,
        "name": reading.name,
        "batch": reading.batch,
        "checks": list(reading.checks),
        "facts": dict(reading.facts),
        "url": url_for("pages.result", id=reading.id),
    }


def _film() -> tuple[str, bytes]:
    if request.mimetype == FORM:
        films = request.files.getlist("film")
        if len(films) != 1:
            raise Wrong(400, f"film: the form has {len(films)} of them; send one file in the field 'film'.")
        name, content = films[0].filename or "film", films[0].read()
    elif request.mimetype in FILMS:
        name, content = "", request.get_data()
    else:
        raise Wrong(415, f"Content-Type: is {request.mimetype!r}; it must be {FORM}, or one of {', '.join(FILMS)}.")
    if not content:
        raise Wrong(400, f"{name or 'film'}: is empty; send a film.")
    return name, content


def _parameters(known: set[str], form: bool = False) -> dict[str, str]:
    """Return the parameters of the address and, with `form`, of the form by name; each may be given once."""
    values: dict[str, str] = {}
    for given in (request.args, request.form if form else MultiDict[str, str]()):
        for name in given:
            if name not in known | {"csrf_token"}:
                short = str(name or "")[:40]  # a form may hold a field without a name
                raise Wrong(400, f"{short!r}: is not known here; {', '.join(sorted(known))} may be given.")
            if name in values or len(given.getlist(name)) > 1:
                raise Wrong(400, f"{name}: is given more than once.")
            values[name] = given[name]
    return values


def _label(text: str) -> str:
    if len(text) > MOST_LABEL or not text.isprintable():
        raise Wrong(400, f"label: has {len(text)} characters; at most {MOST_LABEL} that can be printed are allowed.")
    return text.strip()


def _flag(name: str, given: dict[str, str]) -> bool:
    text = given.get(name, "0")
    if text not in ("0", "1"):
        raise Wrong(400, f"{name}: is {text[:40]!r}; it must be 0 or 1.")
    return text == "1"


def _whole(name: str, given: dict[str, str], default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 12 and least <= int(text) <= most):
        raise Wrong(400, f"{name}: is {text[:40]!r}; a whole number from {least} to {most} is allowed.")
    return int(text)


def _time(name: str, given: dict[str, str]) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or not 1970 < time.year < 9999:
        raise Wrong(400, f"{name}: is {text[:40]!r}; a date or a time is allowed, such as 2026-11-27T14:30:00+01:00.")
    return time.astimezone()


def _reading(id: str) -> Reading:
    found = services().reading_store.get(id)
    if found is None:
        raise Wrong(404, "reading: there is none of that name; it was deleted, or its time is over.")
    return found


def for_errors(status: int, sentence: str) -> ResponseReturnValue:
    """Return the answer to an error that Flask found, such as an unknown path."""
    return json.dumps(fault(status, sentence)[0]), status, {"Content-Type": "application/json"}
