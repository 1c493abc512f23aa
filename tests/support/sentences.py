"""What must not stand in a sentence to a user."""

import re

# What Python says when a value is not what was expected.
PYTHON = re.compile(
    r"object has no attribute|NoneType|Traceback|subscriptable|not understood|could not convert|invalid literal|"
    r"unpack_from|unpack requires|to unpack|buffer|\bstruct\b|dtype|ndarray|index out of|list index|\w+Error\b|"
    r"\w+Exception\b|<class|(?<!')\bb'|cannot reshape"
)

# Letters of a sentence behind the name of its file: two lines of a terminal, and a format's name in it.
LONGEST = 400


def wrong_with(sentence: str, where: object) -> list[str]:
    """Return what keeps a sentence from being one of ours: where: what was found; what is allowed, or what to do."""
    found = [] if sentence.startswith(f"{where}: ") else ["does not begin with the file"]
    rest = sentence.removeprefix(f"{where}: ")
    if ";" not in rest:
        found.append("does not say what is allowed or what to do")
    if not sentence.endswith(".") or not sentence.isprintable():
        found.append("is not one printable sentence")
    if len(rest) > LONGEST:
        found.append(f"has {len(rest)} letters")
    if words := PYTHON.search(rest[:LONGEST]):
        found.append(f"has Python's words {words[0]!r}")
    if "failed inside this program" in rest:
        found.append("is a bug of this program")
    return [f"{why}: {rest[:LONGEST]}" for why in found]
