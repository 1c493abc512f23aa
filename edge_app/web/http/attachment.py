"""The name under which a browser saves what it downloads."""

import re
import unicodedata
from urllib.parse import quote

from werkzeug.datastructures import Headers

# Characters of a film's name that are kept: with the rest, most file systems' 255 bytes are enough in any script.
MOST_LETTERS = 60
# Not the last number of a UID.
ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}$")
# What separates folders, or a file system refuses (Windows the most), and what a script of a shell would read.
UNSAFE = re.compile(r'[/\\:*?"<>|%\'`$;&]')


def name(headers: Headers, film: str, id: str, ending: str) -> None:
    """Have an answer saved as STEM-reading.ENDING after its film, or as reading-ID.ENDING where its name is not kept.

    The header is as of RFC 6266: plain ASCII for old browsers, and beside it UTF-8 (RFC 8187).

    Args:
        headers: of the answer.
        film: the film's file name; may be empty.
        id: of the reading.
        ending: such as "png".
    """
    kept = stem(film)
    whole = f"{kept}-reading.{ending}" if kept else f"reading-{id[:8]}.{ending}"
    plain = unicodedata.normalize("NFKD", whole).encode("ascii", "ignore").decode()
    if plain == whole:
        headers.set("Content-Disposition", "attachment", filename=whole)
        return
    fallback = plain if len(plain) > len(f"-reading.{ending}") else f"reading-{id[:8]}.{ending}"
    extended = {"filename*": f"UTF-8''{quote(whole, safe='')}"}
    headers.set("Content-Disposition", "attachment", filename=fallback, **extended)


def stem(film: str) -> str:
    """Return a file's name without its ending, safe on every file system; empty if nothing is left."""
    base = film.replace("\\", "/").rpartition("/")[2]
    base = ENDING.sub("", base) or base
    # Of category "C" are control characters and those that turn the direction of writing.
    letters = ("_" if unicodedata.category(letter)[0] == "C" or UNSAFE.match(letter) else letter for letter in base)
    return unicodedata.normalize("NFC", "".join(letters)).strip(" .-_")[:MOST_LETTERS].strip(" .-_")
