"""What a picture must measure to be decoded at all, and what decoders raise on damaged files."""

import struct
import sys
import zlib
from pathlib import Path

from edge_app.errors import UnreadableRadiograph

# A film at 20 pixels a millimetre, thrice as fine as digital radiography, has 60 megapixels; more than this is a bomb.
MOST_PIXELS = 100_000_000
# Below this no lung structure is left; the smallest films of the public collections are about 150 pixels.
LEAST_SIDE = 64
# Of the 5,539 films of the public collections two are longer; beyond this a picture is a strip or several films in one.
MOST_ELONGATED = 3
# What decoders raise on damaged files, as seen on some 3,000: a broken length or type surfaces as almost anything.
DAMAGE = (ArithmeticError, AttributeError, EOFError, LookupError, OSError, RuntimeError, SyntaxError)
DAMAGE += (TypeError, ValueError, struct.error, zlib.error)
# Of these, what Python raises itself, in words about its values and types; and marks of those words in others.
PYTHONS = (ArithmeticError, AttributeError, LookupError, TypeError, struct.error, UnicodeError)
OF_PYTHON = ("buffer", "invalid literal", "convert", "unpack", "b'", 'b"', "<", "Error", "None", "object", "array")


def damage() -> tuple[type[Exception], ...]:
    """Return `DAMAGE` and, once pydicom is loaded, what it raises of its own where an element breaks the standard.

    For `except`: Python asks for it only when something was raised.
    """
    errors = sys.modules.get("pydicom.errors")
    return (*DAMAGE, errors.BytesLengthException) if errors else DAMAGE


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse what no chest film measures, before a pixel is decoded.

    Raises:
        UnreadableRadiograph: too small, too large or too elongated.
    """
    size = f"{path}: is {width} x {height} pixels"
    if min(width, height) < LEAST_SIDE:
        raise UnreadableRadiograph(f"{size}; a radiograph must be at least {LEAST_SIDE} on each side.")
    if width * height > MOST_PIXELS:
        raise UnreadableRadiograph(f"{size}; at most {MOST_PIXELS:,} in all are read; export a smaller picture.")
    if max(width, height) > MOST_ELONGATED * min(width, height):
        raise UnreadableRadiograph(
            f"{size}; one side may be at most {MOST_ELONGATED} times the other; crop to one film."
        )


def one_line(error: Exception) -> str:
    """Return the text of a decoder's exception, fit for a sentence of ours; other words for one of Python's own."""
    text = " ".join(str(error).split())[:120].rstrip(".")
    own = isinstance(error, PYTHONS) or any(mark in text for mark in OF_PYTHON)
    return "its parts contradict each other" if own or not text else text
