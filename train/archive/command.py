"""`python -m train archive SOURCE --out TABLE`: judge an archive of films on all cores, here or of a cluster."""

import contextlib
import sys
import tempfile
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path

from edge_app import atomic_io
from edge_app.commands import common
from edge_app.errors import EdgeError, WrongUsage, remedy
from edge_app.install.model_registry import default_model
from edge_app.service import signals
from train import cluster

HELP = "judge an archive of films, here or on a cluster, into Parquet"
EPILOG = """\
examples:
  python -m train archive /mnt/pacs --out table
  python -m train archive s3://films/2020 --out s3://results/2020 --cluster 10.0.0.5:6379

exit code: 0 every film was read, 1 some were not, 2 wrong usage, 130 stopped; the same command goes on
"""
# Seconds in which Ray's workers end once it is stopped.
ENDING = 10.0


def add_parser(subparsers) -> None:
    """Declare `train archive`."""
    parser = subparsers.add_parser("archive", help=HELP, **common.described(HELP, ""))
    parser.epilog = EPILOG
    parser.add_argument(
        "sources", nargs="+", metavar="SOURCE", help="folder, film, pattern, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX"
    )
    parser.add_argument("--out", required=True, metavar="TABLE", help="folder of the results, here or s3://, gs://")
    parser.add_argument(
        "--cluster",
        default=cluster.LOCAL,
        metavar="ADDRESS",
        help="HOST:PORT of a Ray cluster; 'local' starts one here, for this run alone (default)",
    )
    parser.add_argument("--workers", type=int, metavar="N", help="processes that judge, one a core (default: all)")
    parser.add_argument("--model", type=Path, default=default_model(), help="model file (default: the one in use)")
    common.add_rule(parser)
    common.add_site(parser)
    parser.add_argument("--retry", action="store_true", help="judge films again that could not be read before")
    parser.add_argument("--no-paths", action="store_true", help="keep only the hashes of films, not their names")
    parser.add_argument("--report", type=Path, metavar="FILE.html", help="write a report of the whole table")
    parser.add_argument(
        "--labels", type=Path, metavar="FILE", help="CSV with columns path and label, for the report's calibration"
    )
    parser.set_defaults(func=run)


def run(args: Namespace) -> int:
    """Run the command."""
    signals.install_handlers()
    try:
        with _alone(args.out):
            return _run(args)
    except KeyboardInterrupt as stop:  # Ray makes a plain one of ours
        print("stopped; what is judged is kept, the same command goes on from here.", file=sys.stderr)
        return getattr(stop, "code", 0) or signals.stopped_by()


def _run(args: Namespace) -> int:
    from train.archive import done as done_
    from train.archive import listing, storage, table

    if args.workers is not None and args.workers < 1:
        raise WrongUsage(f"--workers: is {args.workers}; at least 1 is allowed; leave it out to use all cores.")
    labels = _labels(args)
    context = _context(args)
    store, key = storage.Store(args.out), table.key(context.row())
    with _reading(args.out):
        store.clear(table.STAGING)  # what runs before this one left; this one holds the table
        store.make(table.RUNS)
        store.write(*table.run_file(key, context.row()))
        done = done_.read(store, key, args.retry)
    with tempfile.TemporaryFile("w+", encoding="ascii") as file:
        listed = listing.Listed(file)
        listing.fill(listed, args.sources, done.are_known)
        print(f"{listed.films:,} films to judge, {listed.known:,} in the table already", file=sys.stderr, flush=True)
        for sentence in listed.problems:
            print(sentence, file=sys.stderr)
        failed = _judge(args, store, key, listed, done) if listed.films else 0
    if args.report:
        from train.archive import report

        report.write(store, key, context.row(), args.report, labels)
        print(f"{args.report}: the report of the whole table")
    return int(bool(failed or listed.problems))


def _labels(args: Namespace) -> dict[str, bool] | None:
    """Return whether films are COVID-19, by path, before any film is judged; None without `--labels`."""
    if args.labels is None:
        return None
    if args.report is None:
        raise WrongUsage("--labels: is for the report; give '--report FILE.html' too, or leave it out.")
    from train.archive import report

    return report.read_labels(args.labels, args.sources)


def _context(args: Namespace):
    """Return what holds for all films, of `run_context.of`; raises as that."""
    from edge_app.install import site_file
    from edge_app.model import model_file
    from edge_app.screening import run_context

    model = site_file.applied(model_file.read(args.model), args.site, args.operating_point)
    return run_context.of(model, args.operating_point)


def _judge(args: Namespace, store, key: str, listed, done) -> int:
    """Judge what is listed; return how many films failed."""
    from train.archive import bring
    from train.archive import run as run_
    from train.archive.progress import Progress

    settings = {"model": str(args.model.absolute()), "rule": args.operating_point}
    settings["site"] = args.site and str(args.site.absolute())
    with cluster.joined(args.cluster, args.workers) as ray:
        cores = int(ray.cluster_resources().get("CPU", 0))
        workers = args.workers or cores
        if not 0 < workers <= cores:
            raise WrongUsage(f"--workers: is {workers}; this cluster has {cores} cores free; name at most as many.")
        progress, started = Progress(listed.films), time.monotonic()
        counts = run_.Counts()
        try:
            for counts, lot in run_.judge(ray, store, key, listed, done, settings, workers, args.no_paths):
                for error in lot.errors:
                    progress.complain(error)
                progress.tell(counts)
        finally:
            progress.close()
        _summary(counts, time.monotonic() - started, workers)
    bring.sweep(ENDING)
    return counts.failed


def _summary(counts, seconds: float, workers: int) -> None:
    words = f"{counts.judged:,} judged, {counts.refused:,} refused, {counts.failed:,} failed"
    if counts.copies:
        words += f"; {counts.copies:,} of them copies of films judged before"
    if counts.skipped:
        words += f"; {counts.skipped:,} files passed over: neither picture nor DICOM"
    if counts.deaths:
        words += f"; {counts.deaths:,} worker{'s' * (counts.deaths != 1)} died, and others took their films"
    rate = counts.films / seconds
    print(f"{words}. {rate:.1f} films a second on {workers} worker{'s' * (workers != 1)}, in {seconds:.0f} s.")


@contextlib.contextmanager
def _alone(out: str) -> Iterator[None]:
    """Hold the table for this process, where it is a folder of this machine.

    Raises:
        WrongUsage: another run holds it, or it cannot be written.
    """
    from train.archive import storage

    if not storage.is_local(out):
        yield
        return
    folder = storage.local(out)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        holding = atomic_io.alone(folder)
        holding.__enter__()
    except BlockingIOError as error:
        raise WrongUsage(f"--out: '{out}' is being written by another run; wait for it, or name another.") from error
    except OSError as error:
        what = remedy(error, "name a folder of yours")
        raise WrongUsage(f"--out: '{out}' cannot be written ({error.strerror}); {what}.") from error
    try:
        yield
    finally:
        holding.__exit__(None, None, None)


@contextlib.contextmanager
def _reading(out: str) -> Iterator[None]:
    """Say in one sentence that a table cannot be read or written."""
    try:
        yield
    except (OSError, ValueError, KeyError) as error:
        if isinstance(error, EdgeError):
            raise
        why = " ".join(str(error).split()).rstrip(".")[:200]
        raise WrongUsage(f"--out: '{out}' cannot be used ({why}); name a table, or a folder of yours.") from error
