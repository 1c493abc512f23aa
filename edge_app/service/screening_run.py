"""One run of the program over many films: the model, the store and every sink, from the first film to the last."""

import contextlib
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

from edge_app.errors import EdgeError
from edge_app.screening import phrasing
from edge_app.service import signals, sinks
from edge_app.service.systemd import Service, in_journal
from edge_app.sources.film_paths import Problem
from edge_app.store import reading_tables
from edge_app.workers.decode_pool import DecodePool

if TYPE_CHECKING:
    from edge_app.events.run_sink import EventSink
    from edge_app.outputs.status_leds import StatusLeds
    from edge_app.screening.result import FilmPath, Known, Result
    from edge_app.store.kept_readings import Draw, KeptReadings

# Below this a progress bar is gone before it is seen.
LEAST_FOR_PROGRESS = 20
# `preprocess.LEAST_SIDE` without its imports; for a model of more than 256 pixels the first film is read again.
LIKELY_LEAST_SIDE = 512


class ScreeningRun:
    """Judges films and hands each result to the sinks that the flags of `commands.common` ask for.

    Attributes:
        context: what holds for every film of the run.
        store: of `--store`, or None.
        readings: the sink that keeps a reading of each film in it, or None.
        networks: both, `Classifier`.
        lights: of `--lights`, or None.
        events: of `--events`, or None.
        service: the connection to systemd.
        broken: flags of sinks that failed and were dropped.
        code: exit code so far: 1 once a film could not be read or a result could not be kept.
    """

    def __init__(
        self,
        args: Namespace,
        reads: Iterable[Path] = (),
        remember: bool = False,
        camera: bool = False,
        service: Service | None = None,
        draw: "Draw | None" = None,
        source: str = reading_tables.FOLDER,
    ):
        """Open everything.

        Args:
            args: with the flags of `commands.common`.
            reads: films that no sink may overwrite.
            remember: recognise films that come again in this run, with or without a store.
            camera: films come from a camera and are handed to `take`; `run` is for files.
            service: is told of each film; None where the command is not a service.
            draw: draws the pictures of a film that the store keeps, as of `KeptReadings`.
            source: where the films come from, of `reading_tables.SOURCES`; a camera's are of the camera.

        Raises:
            EdgeError: the model file cannot be used, a flag is wrong, or a sink cannot be written.
        """
        self.code, self.broken = 0, set[str]()
        self._problems: list[Problem] = []
        self._sinks: list[tuple[str, sinks.Sink]] = []
        self._keeper: sinks.Keeper | None = None  # knows the films that were judged before
        self.readings: KeptReadings | None = None  # of the store
        self._draw, self._source = draw, reading_tables.CAMERA if camera else source
        self._anonymous = args.no_paths
        self._undrawn = 0 if args.overlays else None
        self.lights: StatusLeds | None = None
        self.events: EventSink | None = None
        self.service = service or Service({})
        sinks.refuse_overwriting(args, reads)
        # First of all: it forks before anything heavy is imported, and has the first film ready when the networks are.
        self._pool: DecodePool | None = None
        if not camera:
            self._pool = DecodePool(LIKELY_LEAST_SIDE)
            for path in islice(reads, 1):
                self._pool.begin(path)
        try:
            self._open(args, remember, camera)
        except BaseException:
            self._close()
            raise

    def _open(self, args: Namespace, remember: bool, camera: bool) -> None:
        from edge_app.install import site_file
        from edge_app.model import model_file
        from edge_app.model.classifier import Classifier
        from edge_app.screening import run_context

        if getattr(args, "lights", None):
            from edge_app.outputs.status_leds import StatusLeds

            self.lights = StatusLeds(args.lights)
        model = model_file.read(args.model)
        # A site's calibration holds for films in files.
        model = model.for_camera() if camera else site_file.applied(model, args.site, args.operating_point)
        self.context = run_context.of(model, args.operating_point, args.prevalence, args.pneumonia_prevalence)
        self.store = sinks.store(args, self.context)
        if self.store:
            self.readings = sinks.readings(self.store, self.context, self._source, self._draw, bool(args.events))
        keeper = self.readings or (sinks.recent_rows() if remember else None)
        if keeper:  # the first of the sinks: a film is shown once it is kept
            self._sinks.append(("--store", keeper))
            self._keeper = None if args.again else keeper
        self.events = sinks.events(args, self._source, self.readings)
        if self.events:
            self._sinks.append(("--events", self.events))
        for named in sinks.files(args, self.context):
            self._sinks.append(named)
        drawn = self.readings and self._draw
        self._keep_grey = bool(drawn or args.overlays or (args.report and args.report_images))
        self.networks = Classifier(model, args.threads)
        self._shown = sinks.stdout(args, self.context, self.networks.runtime)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_):
        self._close()
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self._shown.close()

    def run(
        self,
        films: Iterable[Path | Problem | None],
        total: int | None = None,
        final: Callable[["Result"], "Result | None"] = lambda result: result,
    ) -> None:
        """Judge films in the order given.

        Args:
            films: as `film_paths.Sources` gives them.
            total: how many there are, if that is known.
            final: returns the result as it is told; None if it is dropped, since it is not news or not final.

        Raises:
            Stopped: the user or the system requested a stop.
        """
        from edge_app.workers import pipeline

        if self._pool is None:
            raise ValueError("this run takes its films from a camera: hand them to `take`")
        signals.install_handlers()
        results = pipeline.results(
            self._only_films(films),
            self.networks,
            self._pool,
            self.context.limits,
            self._keep_grey,
            self._known,
            self.service.crash_tracker,
        )
        with contextlib.closing(results):  # its threads end before all else does
            for result in map(self._unless_known, progress(results, total)):
                self._tell_problems()
                if told := final(result):
                    self._add(told)
        self._tell_problems()

    def add_sink(self, flag: str, sink: sinks.Sink, needs_picture: bool) -> None:
        """Add a sink behind the others; for one that needs the picture, films that the store knows are judged again."""
        self._sinks.append((flag, sink))
        if needs_picture:
            self._keep_grey, self._keeper = True, None

    def take(self, result: "Result") -> None:
        """Hand a film's outcome to all sinks."""
        self._add(result)

    def _only_films(self, films: Iterable[Path | Problem | None]) -> Iterator[Path | None]:
        for found in films:
            self.service.alive()
            if isinstance(found, Problem):
                self._problems.append(found)
                continue
            if self.lights:
                self.lights.judging() if found else self.lights.ready()
            yield found

    def _unless_known(self, result: "Result") -> "Result":
        """Return what is known of a film whose copy was judged while this one was decoded."""
        from edge_app.screening.result import Judged, Refused

        judged = isinstance(result, Judged | Refused)
        return (judged and self._known(result.path, result.sha256)) or result

    def _known(self, path: "FilmPath", sha256: str) -> "Known | None":
        """Return what is known of a film that was judged before; a store that fails is not asked again."""
        from edge_app.screening.result import Known

        if self._keeper is None:
            return None
        try:
            row = self._keeper.known(sha256)
        except EdgeError as error:
            self._keeper = None
            self._fail("--store", error)
            return None
        return Known(path, row) if row else None

    def _tell_problems(self) -> None:
        from edge_app.screening.result import Failed

        while self._problems:
            problem = self._problems.pop(0)
            self._add(Failed(problem.path, problem.sentence))

    def _add(self, result: "Result") -> None:
        from edge_app.screening.result import Failed, Known

        with signals.held():
            if isinstance(result, Failed):
                self.code = 1
                complain(result.nameless().error if in_journal() else result.error)
            kept = result.nameless() if self._anonymous else result
            for flag, sink in list(self._sinks):
                self._keep(flag, sink, kept)
            self._shown.add(result)
            self._draw_kept()
            self.service.judged()
            if self.lights:
                self.lights.verdict(None if isinstance(result, Failed) else result.verdict)
            if self._undrawn is not None and isinstance(result, Known):
                self._undrawn += 1

    def _keep(self, flag: str, sink: sinks.Sink, result: "Result") -> None:
        """Hand a result to a sink; one that fails is reported once and dropped, and the run goes on."""
        try:
            sink.add(result)
        except (OSError, EdgeError) as error:
            self._sinks.remove((flag, sink))
            self._keeper = None if sink is self._keeper else self._keeper
            self.readings = None if sink is self.readings else self.readings
            self._fail(flag, error)
            if self.events and flag == "--store":
                self.events.fault("store", str(error))
        except Exception as error:  # the guard of a long run: one film never stops the others
            self.code = 1
            fault = f"{type(error).__name__}: {error}"
            name = "" if in_journal() else result.path
            complain(f"{flag}: failed inside this program at {name or 'a film'} ({fault}); report it.")

    def _draw_kept(self) -> None:
        """Keep the pictures of the film that was told last."""
        if self.readings is None:
            return
        try:
            self.readings.draw()
        except EdgeError:  # the store tells of it with the next film; this one is without pictures
            pass
        except Exception as error:  # as in `_keep`
            self.code = 1
            complain(f"--pictures: failed inside this program ({type(error).__name__}: {error}); report it.")

    def _close(self) -> None:
        if self._pool:
            self._pool.close()
        if self.lights:
            self.lights.close()
        if self._undrawn:
            complain(
                f"--overlays: films judged before are not drawn ({self._undrawn}); '--again' judges and draws them."
            )
        for flag, sink in self._sinks:
            try:
                sink.close()
            except (OSError, EdgeError) as error:
                self._fail(flag, error)

    def _fail(self, flag: str, error: Exception) -> None:
        self.code = 1
        self.broken.add(flag)
        why = error.strerror if isinstance(error, OSError) else str(error).rstrip(".")
        complain(f"{flag}: cannot be written any more ({why}); the run goes on without it.")


def complain(sentence: str) -> None:
    """Print on stderr, above the progress bar if there is one."""
    bar = sys.modules.get("tqdm")
    (bar.tqdm.write if bar else print)(phrasing.printable(sentence), file=sys.stderr)


def progress(results: "Iterable[Result]", total: int | None) -> "Iterator[Result]":
    """Yield all results; show a progress bar if a person watches stderr and the rows go elsewhere."""
    if total is None or total < LEAST_FOR_PROGRESS or not sys.stderr.isatty() or sys.stdout.isatty():
        yield from results
        return
    from tqdm import tqdm

    yield from tqdm(results, total=total, unit="film")
