"""What the pages read from a request, and their answer when it fails."""

from flask import render_template, request

from edge_app.web.text import wording

# Characters of a patient label: long enough for a number and a remark, too short for a letter.
MOST_LABEL = 64


def form_label() -> str:
    """Return the patient label of a form, of `label_of`."""
    return label_of(request.values.get("label", ""))


def label_of(text: str) -> str:
    """Return a patient label as typed, without control characters, at most `MOST_LABEL` characters."""
    return "".join(filter(str.isprintable, text)).strip()[:MOST_LABEL]


def wants_json() -> bool:
    """Return whether the page's script sent the request: it shows the answer without a new page."""
    return request.accept_mimetypes.best == "application/json"


def refuse(status: int, sentence: str = "", translated: bool = False) -> tuple[dict | str, int]:
    """Answer an HTTP error, as a page or for a script.

    Args:
        status: of HTTP.
        sentence: what was found; what is allowed; what to do. May be empty.
        translated: whether the sentence is in the reader's language; the program's own sentences are English.

    Returns:
        Body and status, as a view returns them.
    """
    headline, do = wording.of_error(status)
    if wants_json():
        return {"title": str(headline), "sentence": sentence or str(do), "kind": "error", "symbol": "!"}, status
    words = {"headline": headline, "do": do, "sentence": sentence, "translated": translated}
    return render_template("error.html", status=status, **words), status
