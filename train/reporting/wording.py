"""Numbers as the report prints them."""

from edge_app.screening.phrasing import share


def text(figure: dict | None, digits: int = 3) -> str:
    """Return `0.715 (0.454 to 0.902)`, or `-` of nothing."""
    return share(figure, digits) if figure else "-"


def between(figure: dict, digits: int = 3) -> str:
    """Return `0.454 to 0.902`."""
    return f"{figure['low']:.{digits}f} to {figure['high']:.{digits}f}"


def count(figures: dict) -> str:
    """Return `50 of 61`: positives of films."""
    return f"{figures['positives']} of {figures['n']}"


def missing(path, command: str) -> str:
    """Say in one sentence why something is not in the report and how to get it there."""
    return f"Not measured: `{path}` is missing; run `{command}`."
