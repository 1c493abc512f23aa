"""The flag `--pictures`: which pictures of its films a run keeps in the store, for the page."""

import argparse
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heavy
    from edge_app.screening.result import Screened
    from edge_app.screening.run_context import RunContext

# Of a run over a folder on two cores, in turn with one without: a thumbnail takes 3 % of the time and 2 kB a film; all
# that the page shows takes as long again as the judging, twice, and half a megabyte.
NONE, SMALL, ALL = "none", "small", "all"


def add(parser: argparse.ArgumentParser, default: str = SMALL) -> None:
    """Declare the flag."""
    parser.add_argument(
        "--pictures",
        choices=(NONE, SMALL, ALL),
        default=default,
        help="which pictures of each film to keep in the store, for the page: none, a small one for its list, or all "
        "that it shows (default %(default)s)",
    )


def drawer(which: str) -> "Callable[[Screened, RunContext], Mapping[str, bytes]] | None":
    """Return what draws the pictures of a result with `grey`, files by name; None if none are kept."""
    return {NONE: None, SMALL: _small, ALL: _all}[which]


def _small(result: "Screened", context: "RunContext") -> Mapping[str, bytes]:
    from edge_app.outputs import thumbnail
    from edge_app.store.reading import THUMBNAIL

    assert result.grey is not None
    return {THUMBNAIL: thumbnail.draw(result.grey)}


def _all(result: "Screened", context: "RunContext") -> Mapping[str, bytes]:
    from edge_app.web.readings import layers

    assert result.grey is not None
    return {**_small(result, context), **layers.layers(result, result.grey, context)}
