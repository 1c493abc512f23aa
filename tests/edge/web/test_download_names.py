"""Under which name a browser saves what it downloads."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
from werkzeug.datastructures import Headers
from werkzeug.http import parse_options_header

from edge_app.web.http import attachment
from tests.support import results
from tests.support.films import draw_film


def _names(film: str, ending="png") -> tuple[str, str | None]:
    """Return the plain name of the header, and the one in UTF-8."""
    headers = Headers()
    attachment.name(headers, film, "0123456789abcdef", ending)
    header = headers["Content-Disposition"]
    assert header.isascii() and header.isprintable(), "a browser of any age reads it"
    kind, _, rest = header.partition(";")
    assert kind == "attachment"
    plain = parse_options_header(header.partition("; filename*")[0])[1]["filename"]
    _, _, extended = rest.partition("filename*=UTF-8''")
    return plain, unquote(extended) if extended else None


@pytest.mark.parametrize(
    ("film", "name"),
    [
        ("IM0001.dcm", "IM0001-reading.png"),
        ("Thorax 3, left.jpeg", "Thorax 3, left-reading.png"),
        ("1.2.840.113619.2.5", "1.2.840.113619.2.5-reading.png"),
        ("no-ending", "no-ending-reading.png"),
        ("../../etc/passwd.png", "passwd-reading.png"),
        ("C:\\films\\a.png", "a-reading.png"),
        ('a";b=c|<x>?.png', "a__b=c__x-reading.png"),
        ("a\r\nSet-Cookie: x=1.png", "a__Set-Cookie_ x=1-reading.png"),
        (".hidden.png", "hidden-reading.png"),
        ("CON.png", "CON-reading.png"),
        ("%2e%2e%2f.png", "2e_2e_2f-reading.png"),
        ("", "reading-01234567.png"),
        ("...", "reading-01234567.png"),
        ("x" * 300 + ".png", "x" * attachment.MOST_LETTERS + "-reading.png"),
    ],
    ids=ascii,
)
def test_a_name_is_safe_everywhere(film, name):
    assert _names(film) == (name, None)


@pytest.mark.parametrize(
    ("film", "plain", "whole"),
    [
        ("Röntgen.png", "Rontgen-reading.png", "Röntgen-reading.png"),
        ("王小明.dcm", "reading-01234567.png", "王小明-reading.png"),
        ("a\u202egnp.exe.png", None, None),
    ],
    ids=ascii,
)
def test_letters_of_all_scripts_are_kept_beside_plain_ones(film, plain, whole):
    found = _names(film)
    if plain is None:  # what turns the direction of writing is taken out
        assert found == ("a_gnp.exe-reading.png", None)
    else:
        assert found == (plain, whole)


@pytest.mark.parametrize(("path", "ending"), [("/sheet.png", "png"), (".json", "json"), ("/report.pdf", "pdf")])
@pytest.mark.parametrize(("film", "stem"), [("IM 7.dcm", "IM 7-reading"), ("", None)])
def test_what_is_downloaded_is_named_after_the_film(browser, kept, path, ending, film, stem):
    result = replace(results.judged("", "ab" * 32), grey=draw_film(1, 240, 200))
    reading = kept.reading_store.keep(result, kept.context, "Secret label", name=film)
    header = browser.get(f"/readings/{reading.id}{path}").headers["Content-Disposition"]
    expected = stem or f"reading-{reading.id[:8]}"
    assert parse_options_header(header) == ("attachment", {"filename": f"{expected}.{ending}"})
