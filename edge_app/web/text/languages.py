"""Which languages the page speaks, and which one a reader gets: the catalogues in `translations/` decide."""

from pathlib import Path

from babel import Locale
from flask import Flask, request
from flask_babel import Babel, get_locale

from edge_app import __version__
from edge_app.web.text import wording

ENGLISH = "en"
FOLDER = Path(__file__).parents[1] / "translations"
COOKIE = "language"
# A year: a clinic's phone is asked once.
REMEMBERED_S = 365 * 24 * 3600


def names(folder: Path = FOLDER) -> dict[str, str]:
    """Return what each language calls itself, by its code: English, which needs no catalogue, and all compiled ones."""
    codes = sorted(path.parents[1].name for path in folder.glob("*/LC_MESSAGES/messages.mo"))
    return {code: Locale.parse(code).get_display_name().capitalize() for code in (ENGLISH, *codes)}


NAMES = names()


def init_app(app: Flask) -> None:
    """Give an app its languages, and what `base.html` says in each of them."""
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
    """Return the reader's language: that of the cookie, else the best that the browser asks for, else English."""
    said = request.cookies.get(COOKIE, "")
    return said if said in NAMES else request.accept_languages.best_match(list(NAMES), ENGLISH)


def remember(answer, code: str) -> None:
    """Put a language into the answer's cookie, if it is one."""
    if code in NAMES:
        answer.set_cookie(
            COOKIE, code, max_age=REMEMBERED_S, httponly=True, samesite="Strict", secure=request.is_secure
        )


def back(path: str) -> str:
    """Return where to go back to: a path of this site and of no other, else the landing page.

    A browser takes `//host` and `/\\host` for another site, and drops tabs and line breaks before it looks.
    """
    fine = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if fine else "/"
