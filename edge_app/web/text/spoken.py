"""The language in which words are said: on the page the reader's, by Flask-Babel; else a named one, without Flask."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from pathlib import Path
from typing import NamedTuple

from babel import Locale, dates, numbers
from babel.support import LazyProxy, NullTranslations, Translations

ENGLISH = "en"
FOLDER = Path(__file__).parents[1] / "translations"


class _Spoken(NamedTuple):
    locale: Locale
    translations: NullTranslations


_spoken: ContextVar[_Spoken | None] = ContextVar("spoken", default=None)


class LazyString(LazyProxy):
    """Words that are translated when they are said."""

    def __html__(self) -> str:
        return str(self)


def codes(folder: Path = FOLDER) -> list[str]:
    """Return the codes of the languages: English, which needs no catalogue, and those of all compiled ones."""
    return [ENGLISH, *sorted(path.parents[1].name for path in folder.glob("*/LC_MESSAGES/messages.mo"))]


@contextmanager
def speaking(code: str) -> Iterator[None]:
    """Say all words of this thread in a language of `codes` until the block ends."""
    found = _Spoken(Locale.parse(code), Translations.load(FOLDER, [code]))
    before = _spoken.set(found)
    try:
        yield
    finally:
        _spoken.reset(before)


def locale() -> Locale | None:
    """Return the language with its numbers and dates; None on a page without a reader."""
    if found := _spoken.get():
        return found.locale
    from flask_babel import get_locale

    return get_locale()


def gettext(words: str, **values) -> str:
    """Return English words in the language, with values in place of `%(name)s`; without values, `%%` stays as it is."""
    if found := _spoken.get():
        said = found.translations.ugettext(words)
        return said % values if values else said
    from flask_babel import gettext as of_page

    return of_page(words, **values)


def lazy_gettext(words: str) -> LazyString:
    """Return words that are translated when they are said."""
    return LazyString(gettext, words, enable_cache=False)


def format_decimal(number: float, format: str) -> str:
    """Return a number in a pattern of Unicode TR 35."""
    return numbers.format_decimal(number, format=format, locale=locale())


def format_percent(number: float, format: str) -> str:
    """Return a share, 0 .. 1, in a pattern of Unicode TR 35."""
    return numbers.format_percent(number, format=format, locale=locale())


def format_date(day: date) -> str:
    """Return a day, of medium length."""
    return dates.format_date(day, "medium", locale=locale())
