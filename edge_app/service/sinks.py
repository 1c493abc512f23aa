"""Where the results of a run go: the store, files, and stdout, as the flags of `commands.common` ask for."""

import os
from argparse import Namespace
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from edge_app.errors import WrongUsage
from edge_app.store.location import DEFAULT_STORE, default_path

if TYPE_CHECKING:
    from edge_app.events.run_sink import EventSink
    from edge_app.screening.result import Result
    from edge_app.screening.run_context import RunContext
    from edge_app.store.kept_readings import Draw, KeptReadings
    from edge_app.store.store import Store


class Sink(Protocol):
    """Something that every result is given to."""

    def add(self, result: "Result") -> None:
        """Take a result; raises `EdgeError` or `OSError` if it cannot be written."""

    def close(self) -> None:
        """Write what is left."""


class Keeper(Sink, Protocol):
    """A sink that knows the films that were judged before."""

    def known(self, sha256: str) -> Mapping | None:
        """Return the row of a film with these bytes; None if it was not judged."""


def store(args: Namespace, context: "RunContext") -> "Store | None":
    """Open the store of `--store` and begin a run in it; None without that flag."""
    if not args.store:
        return None
    from edge_app.store.store import Store

    opened = Store(default_path() if args.store == DEFAULT_STORE else args.store)
    opened.begin(context, replace=args.again)
    return opened


def readings(
    store: "Store", context: "RunContext", source: str, draw: "Draw | None", tells: bool = False
) -> "KeptReadings":
    """Return the sink that keeps each result with its reading in an opened store.

    Args:
        store: of `store`.
        context: of the run.
        source: of its films, of `reading_tables.SOURCES`.
        draw, tells: as of `KeptReadings`.

    Raises:
        StoreFault: its tables cannot be made.
    """
    from edge_app.store.kept_readings import KeptReadings

    return KeptReadings(store, context, source, draw, tells)


def events(args: Namespace, source: str, readings: "KeptReadings | None") -> "EventSink | None":
    """Return the sink of `--events`; None without that flag.

    Args:
        args: with the flags of `commands.common`.
        source: of the run's films, of `reading_tables.SOURCES`.
        readings: of `readings`, which comes before it; None without a store.
    """
    if not args.events:
        return None
    from edge_app.events.run_sink import EventSink

    if readings is None:
        return EventSink(args.events, source)
    return EventSink(args.events, source, lambda: readings.last, readings.untold(), readings.told)


def recent_rows() -> Keeper:
    """Return a keeper that knows only the films of this run."""
    from edge_app.outputs.recent_rows import RecentRows

    return RecentRows()


def files(args: Namespace, context: "RunContext") -> Iterable[tuple[str, Sink]]:
    """Open the files that the flags name, one after the other; yield (flag, sink).

    Raises:
        WrongUsage: one cannot be written.
    """
    if args.csv:
        from edge_app.outputs.csv_file import Csv

        yield "--csv", Csv(args.csv, context, args.csv_bom)
    if args.overlays:
        from edge_app.outputs.overlays import Overlays

        yield "--overlays", Overlays(args.overlays, context)
    if args.report:
        from edge_app.outputs.html_report import HtmlReport

        yield "--report", HtmlReport(args.report, context, images=args.report_images)


def stdout(args: Namespace, context: "RunContext", runtime: str) -> Sink:
    """Return the sink on stdout: JSON lines, or a table with the name of the runtime above it."""
    if args.json:
        from edge_app.outputs.json_lines import JsonLines

        return JsonLines(context)
    from edge_app.outputs.table import Table

    return Table(context, runtime)


def refuse_overwriting(args: Namespace, reads: Iterable[Path]) -> None:
    """Refuse a sink that would overwrite a film, the model or the site's calibration.

    Raises:
        WrongUsage: a sink would.
    """
    # realpath: Path.resolve raises on loops of links.
    written = [(flag, path) for flag, path in (("--csv", args.csv), ("--report", args.report)) if path]
    read = filter(None, (*reads, args.model, getattr(args, "site", None)))
    kept = set(map(os.path.realpath, read)) if written else set()
    for flag, path in written:
        if os.path.realpath(path) in kept:
            raise WrongUsage(f"{flag}: '{path}' would overwrite an input file; name another file.")
