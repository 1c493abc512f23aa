"""The forms of the page."""

import re


def token_of(answer) -> str:
    """Return the token of the forms of a page that a client was answered with."""
    return re.search(r'name="csrf_token" value="([^"]+)"', answer.text)[1]
