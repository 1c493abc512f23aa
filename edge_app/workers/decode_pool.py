"""Films are decoded in child processes, under limits of time and memory: a hang or a crash costs one film.

The children are forked before numpy, OpenCV and the runtime are imported: they stay small, and decode the first film on
another core while the parent still builds its interpreter. Between them and the parent stands a guard, a process that
does nothing but wait for children, says how one died, and forks the next. Every child has a few slots, files in memory
that hold a request and then its answer; over the pipes goes the number of a slot, one byte, which no death cuts in two.
When the parent goes, its pipes close, and all end.
"""

import contextlib
import os
import time
from collections import deque, namedtuple
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, overload

from edge_app import errors
from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.workers import child_processes
from edge_app.workers.child_processes import DONE, FAILED, PIXELS, SLOTS, Limits, Line

if TYPE_CHECKING:
    from edge_app.imaging.radiograph import Film

# Most children that decode at a time, each with 30 to 60 MB. Films of 300 pixels keep one child idle most of the time
# (165 a second with one child, 159 with two, on 2 cores); large PNG files keep every core busy.
CHILDREN = max(1, min(3, os.cpu_count() or 1))
# Another child is woken once late films outnumber punctual ones by OFTEN; late is more than LATE seconds of waiting.
LATE, OFTEN = 0.005, 4
# Twenty times what the slowest film that was met takes on the slowest Pi (a 100-megapixel PNG takes 2 s on a desk).
SECONDS = 20
# Films of 100 megapixels take up to 800 MB while they are made grey: those in colour with transparency.
MEMORY_MB = 1000
# The kernel kills a child at its time limit. If no answer comes this many seconds later, the guard has died too.
GRACE = 10
# Seconds that idle children get to end by themselves.
PATIENCE = 0.5


# (path, its bytes, least side) -> as `radiograph.decode`.
Decode = Callable[[Path, bytes, int], "Film"]


class Decoded(namedtuple("Decoded", "grey sha256 age ms facts", defaults=({},))):
    """A film.

    Attributes:
        grey: uint8 (H, W), 0 = black = air.
        sha256: of the file, hex.
        age: in years, None if it is not known.
        ms: milliseconds that it took.
        facts: of a DICOM header, as `dicom_facts.of`.
    """


class DecodePool:
    """Children that decode films. Use it as a context; make it before anything heavy is imported.

    Attributes:
        least_side: as of `radiograph.read`, for the films asked for from now on.
        deaths: of children over a film each, of all pools of this process.
    """

    deaths = 0

    def __init__(
        self,
        least_side: int = 0,
        children: int = CHILDREN,
        awake: int = 1,
        decode: Decode | None = None,
        seconds: float = SECONDS,
        memory_mb: int = MEMORY_MB,
    ):
        """Fork the children.

        Args:
            least_side: as of `radiograph.read`; may be set later.
            children: how many decode at a time, at most.
            awake: how many of them from the start; the others sleep until these are not enough.
            decode: in place of `radiograph.decode`: (path, its bytes, least_side) -> `radiograph.Film`.
            seconds: time limit of one film.
            memory_mb: what a child may hold beyond what it has at its start.
        """
        self.least_side = least_side
        self._limits = Limits(seconds, memory_mb)
        self._decode = decode
        self._begun: tuple[Path, int, Line, int] | None = None  # path, least side, and where the answer will be
        self._lines = [Line() for _ in range(children)]
        self._awake, self._late = min(awake, children), 0
        self._start()

    def __enter__(self) -> "DecodePool":
        return self

    def __exit__(self, *_):
        self.close()

    def close(self) -> None:
        """End the children at once, whatever they do."""
        if self._guard:
            # Children that have nothing to do go by themselves; the time they used is then known to who started us.
            self._stop(at_once=any(len(line.free) < SLOTS for line in self._lines))

    def begin(self, path: Path) -> None:
        """Have the film decoded now that `films` will be asked for first; returns at once."""
        self._begun = (path, self.least_side, *self._ask(path))

    @overload
    def films(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Decoded | EdgeError]]: ...

    @overload
    def films(self, paths: Iterable[Path | None]) -> Iterator[tuple[Path, Decoded | EdgeError] | None]: ...

    def films(self, paths: Iterable[Path | None]) -> Iterator[tuple[Path, Decoded | EdgeError] | None]:
        """Decode films ahead of who takes them, a few a child.

        Args:
            paths: any number. An iterator that would have to wait for the next one gives None instead.

        Yields:
            Each path in the order given, with the film, or the fault to report: `UnreadableRadiograph`,
            `MissingPackage`. A fault has the attribute `sha256`, empty if the file could not be read. None for a None,
            when all films before it have been taken.
        """
        ahead: deque[tuple[Path, Line, int]] = deque()
        for path in paths:
            if path is not None:
                ahead.append((path, *(self._taken_up(path) or self._ask(path))))
            while ahead and (path is None or not any(line.free for line in self._used())):
                yield ahead[0][0], self._take(ahead)
            if path is None:
                yield None
        while ahead:
            yield ahead[0][0], self._take(ahead)

    def film(self, path: Path) -> Decoded | EdgeError:
        """Decode one film; returns as `films`."""
        ((_, decoded),) = self.films([path])
        return decoded

    def _taken_up(self, path: Path) -> tuple[Line, int] | None:
        """Return where the answer of `begin` will be; None if it was another film or another size."""
        begun, self._begun = self._begun, None
        # `Line.wait` skips an answer that was not taken.
        return begun[2:] if begun and begun[:2] == (path, self.least_side) else None

    def _used(self) -> list[Line]:
        return self._lines[: self._awake]

    def _ask(self, path: Path) -> tuple[Line, int]:
        line = max(self._used(), key=lambda one: len(one.free))
        slot = line.free.popleft()
        line.ask(slot, os.fspath(path), self.least_side)
        return line, slot

    def _take(self, ahead: deque) -> Decoded | EdgeError:
        """Wait for the oldest film and take it out of its slot."""
        path, line, slot = ahead.popleft()
        started = time.monotonic()
        answered = line.wait(slot, self._limits.seconds + GRACE)
        self._late = max(0, self._late + (1 if ahead and time.monotonic() > started + LATE else -1))
        if self._late == OFTEN and self._awake < len(self._lines):
            self._awake, self._late = self._awake + 1, 0
        if not answered:
            DecodePool.deaths += 1
            self._restart(ahead)
            return _fault("UnreadableRadiograph", f"{path}: its decoder was lost; try this film again.")
        state, *answer = line.answer(slot)
        if state == DONE:
            shape, sha256, age, facts, ms = answer
            answer = Decoded(line.pixels(slot, *shape), sha256, age, ms, facts)
        elif state == FAILED:
            answer = _fault(*answer)
        else:
            DecodePool.deaths += 1
            code, sha256 = answer
            answer = _fault("UnreadableRadiograph", f"{path}: {child_processes.obituary(code, self._limits)}.", sha256)
        line.free.append(slot)
        return answer

    def _start(self) -> None:
        self._guard = os.fork()
        if not self._guard:
            work = partial(_decode, self._decode)
            child_processes.guard(self._lines, work, _nothing if self._decode else _import_decoders, self._limits)
        with contextlib.suppress(OSError):  # the guard does so too; whoever is first
            os.setpgid(self._guard, self._guard)
        for line in self._lines:
            line.keep_parents_ends()

    def _stop(self, at_once: bool = True) -> None:
        for line in self._lines:
            line.close()
        end = time.monotonic() + (0 if at_once else PATIENCE)
        while not os.waitpid(self._guard, os.WNOHANG)[0]:
            if time.monotonic() >= end:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._guard, child_processes.KILL)
                os.waitpid(self._guard, 0)
                break
            time.sleep(0.0005)
        self._guard = 0

    def _restart(self, ahead: deque) -> None:
        """Begin again with new children, after the guard itself has died."""
        self._stop()
        self._lines[:] = [Line() for _ in self._lines]
        self._start()
        self._begun = None  # it is asked for anew
        asked = [path for path, *_ in ahead]
        ahead.clear()
        ahead.extend((path, *self._ask(path)) for path in asked)


def _decode(decode: Decode | None, path: str, least_side: int, note: Callable[[str], None]) -> tuple[tuple, bytes]:
    """Decode one film, in a child.

    Args:
        decode: in place of `radiograph.decode`.
        path, least_side: of the film.
        note: is told the hash of the file before it is decoded: then it is known which one a child died of.

    Returns:
        (DONE, (height, width), sha256, age, facts) and the pixels, or (FAILED, kind of fault, sentence, sha256) and
        none.
    """
    from hashlib import sha256

    from edge_app.imaging import file_type

    digest = ""
    try:
        content = file_type.content(Path(path))
        digest = sha256(content).hexdigest()
        note(digest)
        if decode is None:
            from edge_app.imaging.radiograph import decode
        film = decode(Path(path), content, least_side)
        del content
        width, height = film.picture.size
        return (DONE, (height, width), digest, film.age, film.facts), film.picture.tobytes()
    except EdgeError as error:
        return (FAILED, type(error).__name__, str(error), digest), b""
    except MemoryError:
        sentence = f"{path}: takes more memory than there is; export a smaller picture."
    except Exception as error:  # the guard of a long run: one film never stops the others
        sentence = f"{path}: failed inside this program ({type(error).__name__}: {error}); report it."
    return (FAILED, "UnreadableRadiograph", sentence[: PIXELS // 8], digest), b""


def _import_decoders() -> None:
    """Import what most films need, while there is none yet."""
    with contextlib.suppress(ImportError):  # told with the first film
        from PIL import Image

        import edge_app.imaging.radiograph  # noqa: F401

        Image.preinit()


def _nothing() -> None:
    """Prepare nothing."""


def _fault(name: str, sentence: str, sha256: str = "") -> EdgeError:
    error = getattr(errors, name, UnreadableRadiograph)(sentence)
    error.sha256 = sha256
    return error
