"""The page's languages, which are those of the catalogues in `translations/`, and the choice of a reader's language."""

from pathlib import Path

from babel import Locale, UnknownLocaleError
from flask import Flask, request
from flask_babel import Babel, get_locale
from werkzeug.wrappers import Response

from edge_app import __version__
from edge_app.web.text import spoken, wording
from edge_app.web.text.spoken import ENGLISH, FOLDER

COOKIE = "language"
# A year: a clinic's phone chooses once.
REMEMBERED_S = 365 * 24 * 3600


def names(folder: Path = FOLDER) -> dict[str, str]:
    """Return each language's name for itself, by its code: English, which needs no catalogue, and all compiled ones.

    A language whose dates and names this environment lacks is left out: the light one keeps those of
    `edge_app.system.slim.LOCALES`.
    """
    found = {code: _own_name(code) for code in spoken.codes(folder)}
    return {code: name for code, name in found.items() if name}


def _own_name(code: str) -> str:
    try:
        return (Locale.parse(code).get_display_name() or code).capitalize()
    except UnknownLocaleError:
        return ""


NAMES = names()


def init_app(app: Flask) -> None:
    """Add the languages, and the values that `base.html` needs, to an app."""
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", str(FOLDER))
    Babel(app, locale_selector=chosen)
    app.context_processor(
        lambda: {
            "language": str(get_locale()),
            "languages": NAMES,
            "notice": wording.NOTICE,
            "version": __version__,
        }
    )


def chosen() -> str:
    """Return the reader's language: that of the cookie, else the best match of the browser's, else English."""
    code = request.cookies.get(COOKIE, "")
    return code if code in NAMES else request.accept_languages.best_match(list(NAMES), ENGLISH)


def remember(answer: Response, code: str) -> None:
    """Set the answer's cookie to a language, if it is one of the page's."""
    if code in NAMES:
        answer.set_cookie(
            COOKIE, code, max_age=REMEMBERED_S, httponly=True, samesite="Strict", secure=request.is_secure
        )


def back(path: str) -> str:
    """Return the path to go back to if it is on this site, else that of the landing page, without the site's prefix.

    A browser takes `//host` and `/\\host` for another site, and drops tabs and line breaks first.
    """
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fine else "/"
