"""A film at full depth for the page's viewer: what it must know of it, and tiles of its values."""

import gzip

from flask import Blueprint, Response, abort, request

from edge_app.web.readings.film_file import FilmFile
from edge_app.web.readings.services import reading_or_404, services

films = Blueprint("films", __name__)

# Of an answer that asks the viewer to come again.
NOT_YET = 202
# Of a number in a tile's name.
MOST_DIGITS = 6


@films.get("/readings/<id>/film.json")
def facts(id: str):
    """Send what the viewer must know of a film; 202 while it is being made, 404 if none is kept."""
    reading_or_404(id)
    pictures = services().reading_store.pictures
    awaited = id in pictures.films_awaited  # asked first: it may come in between
    film = pictures.film(id)
    if film is None:
        return ({}, NOT_YET) if awaited else abort(404)
    return film.facts


@films.get("/readings/<id>/film/<place>")
def tile(id: str, place: str):
    """Send a tile of a film's values (`film_file`), named LEVEL-COLUMN-ROW.

    Like every picture of a patient, no browser stores it.
    """
    reading_or_404(id)
    film = services().reading_store.pictures.film(id)
    content = (film and _tile(film, place)) or abort(404)
    if "gzip" not in request.accept_encodings:
        return Response(gzip.decompress(content), mimetype="application/octet-stream")
    answer = Response(content, mimetype="application/octet-stream")
    answer.headers["Content-Encoding"] = "gzip"
    return answer


def _tile(film: FilmFile, place: str) -> bytes | None:
    parts = place.split("-")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < MOST_DIGITS for part in parts):
        return None
    try:
        return film.tile(*map(int, parts))
    except (OSError, LookupError):  # deleted just now, or never there
        return None
