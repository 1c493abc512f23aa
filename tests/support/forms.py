"""The forms of the page."""

import io
import re


def token_of(answer) -> str:
    """Return the token of the forms of a page that a client was answered with."""
    return re.search(r'name="csrf_token" value="([^"]+)"', answer.text)[1]


def classify(client, content: bytes, name="film.png", **headers):
    """Send a film to the API as a form."""
    data = {"film": (io.BytesIO(content), name)}
    headers |= {"X-CSRF-Token": client.token} if hasattr(client, "token") else {}
    return client.post("/api/v1/classify", data=data, content_type="multipart/form-data", headers=headers)
