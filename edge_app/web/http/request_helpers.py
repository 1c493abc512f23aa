"""What a request to the pages asks for, and how it is answered when that cannot be had."""

from flask import abort, current_app, render_template, request

from edge_app.web.text import wording

# Of a patient label: long enough for a number and a remark, too short for a letter.
MOST_LABEL = 64


def services():
    """Return what the app was made with."""
    return current_app.extensions["services"]


def reading_or_404(id: str):
    """Return a reading, or answer 404."""
    return services().reading_store.get(id) or abort(404)


def form_label() -> str:
    """Return the patient label of a form, without what moves a cursor."""
    said = "".join(letter for letter in request.values.get("label", "") if letter.isprintable())
    return said.strip()[:MOST_LABEL]


def wants_json() -> bool:
    """Say whether a script asks, which shows an answer in the page that is there."""
    return request.accept_mimetypes.best == "application/json"


def refuse(status: int, sentence: str = "", translated: bool = False):
    """Answer an HTTP error, as a page or for a script.

    Args:
        status: of HTTP.
        sentence: what was found; what is allowed; what to do; may be empty.
        translated: whether it is in the reader's language; the program's own are English.

    Returns:
        Body and status, as a view returns them.
    """
    headline, do = wording.of_error(status)
    if wants_json():
        said = sentence or str(do)
        return {"title": str(headline), "sentence": said, "kind": "error", "symbol": "!"}, status
    words = {"headline": headline, "do": do, "sentence": sentence, "translated": translated}
    return render_template("error.html", status=status, **words), status
