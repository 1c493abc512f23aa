"""Scripts and styles are sent as gzip to browsers that take it: the viewer's library is 353 kB, and 87 kB then."""

import functools
import gzip

from flask import Flask, Response, request

# Of which kinds a static file is worth it.
KINDS = ("text/", "application/javascript", "image/svg+xml")
# Bytes: what is less fits into one packet anyway.
LEAST = 1400
# Files that are kept compressed: more than the page has.
MOST_FILES = 64


def init_app(app: Flask) -> None:
    """Have an app send its static files as gzip."""
    app.after_request(_compress)


def _compress(answer: Response) -> Response:
    if request.endpoint != "static" or not (answer.mimetype or "").startswith(KINDS):
        return answer
    answer.headers.add("Vary", "Accept-Encoding")
    if answer.status_code != 200 or "gzip" not in request.accept_encodings or (answer.content_length or 0) < LEAST:
        return answer
    answer.direct_passthrough = False
    content = answer.get_data()
    answer.set_data(_gzipped(content))
    answer.headers["Content-Encoding"] = "gzip"
    answer.set_etag(f"{answer.get_etag()[0]}-gzip")
    return answer


@functools.lru_cache(MOST_FILES)
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)
