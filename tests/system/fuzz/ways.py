"""What becomes of a bad picture on each way that a user's file goes: the folder's, the page's viewer, a photograph's.

The ways are the program's own: `DecodePool` with its limits, `pipeline.results`, and the decoders that the page gives
its own pools. Only a measure of time and memory is put round a decoder, in its child.
"""

import contextlib
import resource
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

import numpy as np
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import deep_film, file_type, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening.result import Failed, Refused
from edge_app.web.readings import film_file, photographed_film
from edge_app.workers import decode_pool, pipeline
from edge_app.workers.decode_pool import Decoded, DecodePool
from tests.support.sentences import wrong_with
from tests.system.fuzz.inputs import MADE, PACKAGES, Input

# Ends of an input.
VERDICT, REFUSED, SENTENCE, READ = "verdict", "refusal", "sentence", "read"
# Beside a child's name for its costs.
COSTS = ".costs"
# Grey levels by which the viewer's first picture and the one that is judged may differ: of 16 bits both are windows
# that are chosen, by other shares of the film's values.
APART = 24
# Bytes of the viewer's file of a larger film, of which second copies would not fit into a decoder's memory.
MOST_COMPARED = 4_000_000
# Megabytes beyond its limit that a decoder may hold: what its code and libraries take, which the limit leaves out.
CODE_MB = 200


@dataclass
class Row:
    """What became of an input.

    Attributes:
        number, kind, name: of the input.
        format: by its first bytes.
        end: VERDICT, REFUSED, SENTENCE, or READ of one that was decoded and not judged.
        words: the verdict, the kind of the refusal, or the sentence.
        ms: milliseconds in its decoder; cpu_ms: of its processor.
        mb: the most memory that its decoder held.
        died: whether its decoder died of it.
        faults: what should not be, in words.
    """

    number: int
    kind: str
    name: str
    format: str = ""
    end: str = ""
    words: str = ""
    ms: float = 0
    cpu_ms: float = 0
    mb: float = 0
    died: bool = False
    faults: list[str] = field(default_factory=list)

    def row(self) -> dict:
        """Return it for JSON."""
        return asdict(self)


def measured(path: Path, content: bytes, least_side: int) -> radiograph.Film:
    """Decode in a child as `radiograph.decode`, and leave beside the file what it cost: ms, ms of processor, MB."""
    with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as file:  # noqa: PTH123
        file.write("5")  # proc(5): the peak begins anew
    began, busy = time.perf_counter(), time.process_time()
    try:
        return radiograph.decode(path, content, least_side)
    finally:
        costs = (time.perf_counter() - began) * 1000, (time.process_time() - busy) * 1000, _peak_mb()
        path.with_suffix(COSTS).write_text(" ".join(f"{cost:.1f}" for cost in costs))


def _peak_mb() -> float:
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1000
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def viewed(path: Path, content: bytes, least_side: int) -> radiograph.Film:
    """Make the file of the page's viewer, and say where its picture is another than the one that is judged."""
    packed = film_file.decode_apart(path, content, least_side)
    if packed.picture.width > MOST_COMPARED:
        return packed
    deep, grey = radiograph.deep(path, content), np.asarray(radiograph.decode(path, content).picture)
    if deep.values.shape != grey.shape:
        raise UnreadableRadiograph(f"{path}: the viewer shows {deep.values.shape}, {grey.shape} are judged")
    apart = np.abs(_small(deep_film.shown(deep)) - _small(grey)).mean()
    if apart > APART:
        raise UnreadableRadiograph(f"{path}: what the viewer shows is {apart:.0f} grey levels from what is judged")
    return packed


def _small(grey: np.ndarray) -> np.ndarray:
    """Return a film as int (64, 64)."""
    return np.asarray(Image.fromarray(grey).resize((64, 64), Image.Resampling.BOX), int)


class Ways:
    """The ways; use it as a context, and make it before anything heavy runs: it forks."""

    def __init__(self, scratch: Path, model: Path, judge_each: int = 1):
        """Fork the decoders and load the networks.

        Args:
            scratch: folder in which inputs lie while they are tried.
            model: its file.
            judge_each: of mutations that can be decoded, one in this number is judged and shown.
        """
        self._scratch, self._judge_each = scratch, judge_each
        self._films = DecodePool(children=1, decode=measured)
        self._viewer = DecodePool(children=1, decode=viewed)
        self._photographs = DecodePool(photographed_film.MOST_SIDE, children=1, decode=photographed_film.decode)
        self._classifier = Classifier(model_file.read(model))
        self._limits = self._classifier.card.limits("refer")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_):
        for pool in (self._films, self._viewer, self._photographs):
            pool.close()

    def tried(self, inputs: list[tuple[int, Input]]) -> list[Row]:
        """Try inputs on every way; their files are gone afterwards."""
        rows = {}
        for number, one in inputs:
            path = self._scratch / f"{number}.film"
            path.write_bytes(one.content)
            rows[path] = Row(number, one.kind, one.name, file_type.name(one.content) or "unknown")
        self._judged(rows)
        shown = [path for path, row in rows.items() if row.end != SENTENCE and self._is_looked_at(row)]
        self._seen("the viewer", self._viewer, shown, rows, must=True)
        pictures = [path for path, row in rows.items() if row.format in ("PNG", "JPEG") and self._is_looked_at(row)]
        self._seen("a photograph", self._photographs, pictures, rows, must=False)
        for path in rows:
            path.unlink()
            path.with_suffix(COSTS).unlink(missing_ok=True)
        return list(rows.values())

    def _is_looked_at(self, row: Row) -> bool:
        return row.kind in (PACKAGES, MADE) or row.number % self._judge_each == 0

    def _judged(self, rows: dict[Path, Row]) -> None:
        """Take inputs the way of a folder."""

        def known(path: Path, sha256: str) -> Row | None:
            return None if self._is_looked_at(rows[path]) else rows[path]

        before = DecodePool.deaths
        results = pipeline.results(rows, self._classifier, self._films, self._limits, known=known, most_judges=1)
        with contextlib.closing(results):
            for path, result in zip(rows, results, strict=True):
                self._note(path, rows[path], result)
        dead = sum(row.died for row in rows.values())
        if DecodePool.deaths - before != dead:
            next(iter(rows.values())).faults.append(f"{DecodePool.deaths - before} decoders died, {dead} were told")

    def _note(self, path: Path, row: Row, result) -> None:
        if result is row:
            row.end = READ
        elif isinstance(result, Failed):
            row.end, row.words = SENTENCE, result.error.removeprefix(f"{path}: ")
            row.died = "its decoder" in row.words or "took longer than" in row.words
            row.faults += wrong_with(result.error, path)
        elif isinstance(result, Refused):
            row.end, row.words = REFUSED, result.refusal.kind
            row.faults += wrong_with(f"{path}: {result.refusal.sentence}.", path)
        else:
            row.end, row.words = VERDICT, result.verdict
        with contextlib.suppress(OSError, ValueError):
            row.ms, row.cpu_ms, row.mb = map(float, path.with_suffix(COSTS).read_text().split())
        if row.ms > decode_pool.SECONDS * 1000:
            row.faults.append(f"took {row.ms / 1000:.0f} s")
        if row.mb > decode_pool.MEMORY_MB + CODE_MB:
            row.faults.append(f"held {row.mb:.0f} MB")

    def _seen(self, way: str, pool: DecodePool, paths: list[Path], rows: dict[Path, Row], must: bool) -> None:
        """Have other readers decode inputs; those that the folder's way took must be taken if `must`."""
        for path, decoded in pool.films(paths):
            if isinstance(decoded, Decoded):
                continue
            said = str(decoded)
            # One that takes too long is contained; that is what it is for the folder's way too.
            wrong = [said] if must and "took longer" not in said else wrong_with(said, path)
            rows[path].faults += [f"{way}: {why}" for why in wrong]
