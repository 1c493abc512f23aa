"""A multipart/related body (RFC 2387, RFC 2046 5.1) in a file, of any size: where its parts lie."""

import contextlib
import mmap
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from werkzeug.http import parse_options_header

# A boundary has up to 70 characters (RFC 2046 5.1.1), Orthanc's 73; bytes of a part's headers: a few media types.
LONGEST_BOUNDARY, MOST_HEAD = 200, 1 << 13
# Parts of one body: a study of films has some 10, and senders split what is larger.
MOST_PARTS = 1000


class Broken(Exception):
    """It is not a multipart body; the sentence says why."""


class Part(NamedTuple):
    """A part: its media type without parameters, in lower case, and its bytes."""

    media_type: str
    content: memoryview


def boundary(content_type: str) -> tuple[str, str, bytes]:
    """Return media type, the parameter `type` and the boundary of a Content-Type; "" and b"" for what it lacks."""
    kind, options = parse_options_header(content_type)
    return kind.lower(), options.get("type", "").lower(), options.get("boundary", "").encode("latin-1", "replace")


@contextlib.contextmanager
def parts(body: BinaryIO, mark: bytes) -> Iterator[list[Part]]:
    """Yield the parts of a body; they are gone after the block.

    Args:
        body: a file on the disk or in memory, from its beginning.
        mark: the boundary.

    Raises:
        Broken: it does not end, has too many parts, or is not such a body.
    """
    if not 0 < len(mark) <= LONGEST_BOUNDARY:
        raise Broken("the Content-Type names no boundary")
    data = _mapped(body)
    with memoryview(data) as view:
        found: list[Part] = []
        try:
            for kind, start, end in _places(data, b"--" + mark):
                if len(found) == MOST_PARTS:
                    raise Broken(f"it has more than {MOST_PARTS} parts; send fewer at a time")
                found.append(Part(kind, view[start:end]))
            yield found
        finally:
            for part in found:
                part.content.release()
    if isinstance(data, mmap.mmap):
        data.close()


def _mapped(body: BinaryIO) -> "mmap.mmap | bytes":
    try:
        return mmap.mmap(body.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError):  # in memory, or empty
        return body.read()


def _places(data: "mmap.mmap | bytes", delimiter: bytes) -> Iterator[tuple[str, int, int]]:
    """Yield media type, start and end of each part."""
    line = b"\r\n" + delimiter
    after = len(delimiter) if data[: len(delimiter)] == delimiter else _behind(data, line, 0)
    while True:
        if data[after : after + 2] == b"--":
            return
        head_end = data.find(b"\r\n\r\n", after, after + MOST_HEAD)
        if head_end < 0:
            raise Broken("the headers of a part do not end")
        start = head_end + 4
        # A part without content ends with the line break that ends its headers.
        following = _behind(data, line, start - 2)
        yield _media_type(data[after:head_end]), start, max(start, following - len(line))
        after = following


def _behind(data: "mmap.mmap | bytes", line: bytes, start: int) -> int:
    """Return the place behind the next boundary."""
    found = data.find(line, start)
    if found < 0:
        raise Broken("it breaks off before its last boundary")
    return found + len(line)


def _media_type(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-type":
            return parse_options_header(value.strip().decode("latin-1"))[0].lower()
    return ""
