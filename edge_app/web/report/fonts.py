"""The fonts of the report, which lie beside this file, and what is printed in place of characters that they lack."""

import unicodedata
from functools import cache
from itertools import groupby
from pathlib import Path

REGULAR, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
FOLDER = Path(__file__).with_name("fonts")
# Bidirectional categories (Unicode UAX 9) of letters that are written from right to left, and of their digits: they
# would be printed backwards without a library that orders and joins them.
TO_THE_LEFT = ("R", "AL", "AN")
# Beyond, ReportLab 5.1 tells a reader of the file another letter than the one that is printed.
LAST = 0xFFFF


@cache
def register() -> frozenset[int]:
    """Make the fonts known to ReportLab; return the code points that both can print."""
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.ttfonts import TTFont

    found = []
    for name in (REGULAR, BOLD):
        font = TTFont(name, FOLDER / f"{name}.ttf")
        pdfmetrics.registerFont(font)
        found.append(frozenset(font.face.charToGlyph))
    pdfmetrics.registerFontFamily(REGULAR, normal=REGULAR, bold=BOLD, italic=REGULAR, boldItalic=BOLD)
    return frozenset(point for point in found[0] & found[1] if point <= LAST)


def can_print(letter: str) -> bool:
    """Return whether a character is printed as itself; all kinds of space are printed as one."""
    category = unicodedata.category(letter)
    if category == "Zs":
        return True
    return (
        category[0] not in "CZ" and unicodedata.bidirectional(letter) not in TO_THE_LEFT and ord(letter) in register()
    )


def printable(text: str) -> str:
    """Return a text for the printer: characters that the fonts lack are written as code points, [U+738B U+5C0F].

    A name in another script so stays a name that can be told from others, and nothing vanishes.
    """
    done = []
    for fine, letters in groupby(unicodedata.normalize("NFC", text), can_print):
        if fine:
            done.append("".join("\u00a0" if letter == "\u202f" else letter for letter in letters))
        else:
            done.append("[" + " ".join(f"U+{ord(letter):04X}" for letter in letters) + "]")
    return "".join(done)
