"""One run of the program over many films: the model, the store and every sink, from the first film to the last."""

import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from edge_app import bundle, judging, report, terms
from edge_app.classifier import Classifier
from edge_app.errors import EdgeError, WrongUsage
from edge_app.result import Result

# Below this a progress bar is gone before it is seen.
LEAST_FOR_PROGRESS = 20


class Session:
    """Judges films and hands each result to the sinks that the flags of `commands.common` ask for.

    Attributes:
        terms: what holds for every film of the run.
        code: exit code so far: 1 once a film could not be read, or a result not kept.
    """

    def __init__(self, args, reads: Iterable[Path] = ()):
        """Open everything; `reads` are films that no sink may overwrite."""
        self.code = 0
        protect(args, reads)
        model = bundle.read(args.model)
        self.terms = terms.of(model, args.operating_point, args.prevalence)
        sinks = []
        if args.csv:
            from edge_app.sinks.csv_file import Csv

            sinks.append(Csv(args.csv, self.terms))
        self._one = Classifier(model, args.threads)
        if args.json:
            from edge_app.sinks.json_lines import JsonLines

            shown = JsonLines(self.terms)
        else:
            from edge_app.sinks.table import Table

            shown = Table(self.terms, self._one.runtime)
        self._sinks = [shown, *sinks]

    def __enter__(self) -> "Session":
        return self

    def __exit__(self, *_):
        for sink in self._sinks:
            sink.close()

    def problems(self, found: Iterable[tuple[Path, str]]) -> None:
        """Report what could not even be listed."""
        for path, sentence in found:
            self._add(Result(path, error=sentence))

    def run(self, films: Iterable[Path], total: int | None = None) -> None:
        """Judge films in the order given; `total` is how many there are, if that is known."""
        results = (self._judge(path) for path in films)
        for result in progress(results, total):
            self._add(result)

    def complain(self, sentence: str) -> None:
        """Print on stderr, above the progress bar if there is one."""
        bar = sys.modules.get("tqdm")
        (bar.tqdm.write if bar else print)(report.printable(sentence), file=sys.stderr)

    def _judge(self, path: Path):
        """Judge one film. Whatever happens to it becomes a result, so that the films after it are still read."""
        import time

        from edge_app import preprocess, radiograph

        started, sha256 = time.perf_counter(), ""
        try:
            grey = radiograph.read(path, preprocess.least_side(self._one.card.size))
            with path.open("rb") as file:
                sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            verdict, seen, corrected = judging.judge(grey, self._one, self.terms.limits)
        except EdgeError as error:
            return Result(path, sha256, error=str(error))
        except Exception as error:  # the guard of a long run: one film never stops the others
            fault = f"{type(error).__name__}: {error}"
            return Result(path, sha256, error=f"{path}: failed inside this program ({fault}); report it.")
        ms = (time.perf_counter() - started) * 1000
        return Result(path, sha256, verdict, seen, corrected, ms=ms)

    def _add(self, result) -> None:
        if result.error:
            self.code = 1
            self.complain(result.error)
        for sink in self._sinks:
            sink.add(result)


def protect(args, reads: Iterable[Path]) -> None:
    """Refuse a sink that would overwrite a film or the model.

    Raises:
        WrongUsage: one would.
    """
    # realpath: Path.resolve raises on links that go round.
    kept = set(map(os.path.realpath, (*reads, args.model)))
    for flag, path in (("--csv", args.csv), ("--report", args.report)):
        if path and os.path.realpath(path) in kept:
            raise WrongUsage(f"{flag}: '{path}' would overwrite what is read; name another file.")


def progress(results, total: int | None):
    """Yield all results, with a bar on stderr if a person watches a long run and its rows go elsewhere."""
    if total is None or total < LEAST_FOR_PROGRESS or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from results
        return
    from tqdm import tqdm

    yield from tqdm(results, total=total, unit="film")
