"""Fields of a card by their dotted path, checked as they are taken."""

from edge_app.json_text import quoted


def take(raw, where: str, kind, within: str = ""):
    """Return the field at a dotted path, of the given type.

    Args:
        raw: the card, or a part of it.
        where: path in `raw`.
        kind: type, or types.
        within: path of `raw` in the card, with a dot at its end; empty of the card itself.

    Raises:
        ValueError: it is missing or of another type; the text names it.
    """
    value = raw
    for name in where.split("."):
        if not isinstance(value, dict) or name not in value:
            raise ValueError(f"its card lacks field '{within}{where}'")
        value = value[name]
    if not isinstance(value, kind) or isinstance(value, bool):
        wanted = {str: "text", int: "a whole number", list: "a list", dict: "a mapping"}.get(kind, "a number")
        raise ValueError(f"its card's field '{within}{where}' is {quoted(value)}; it must be {wanted}")
    return value


def share(raw, where: str, within: str = "") -> float:
    """Return the number at a dotted path; errors as of `take`, and where it is not in 0 .. 1."""
    value = take(raw, where, (int, float), within)
    if not 0 <= value <= 1:
        raise ValueError(f"its card's field '{within}{where}' is {value}; 0 to 1 is allowed")
    return float(value)


def figure(raw, where: str, within: str = "") -> dict:
    """Return the figure {value, low, high} at a dotted path; errors as of `share`."""
    for part in ("value", "low", "high"):
        share(raw, f"{where}.{part}", within)
    return take(raw, where, dict, within)
