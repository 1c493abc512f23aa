"""Films through the edge's own reader and model, and a memory of scores, so that a stopped run goes on."""

import json
import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from edge_app import __version__
from edge_app.errors import EdgeError
from edge_app.imaging import preprocess, radiograph
from edge_app.model.classifier import Classifier
from edge_app.screening import screening
from edge_app.screening.phrasing import printable
from edge_app.screening.result import Inference, Rejection
from train.site_check.labels import REFUSED, UNREADABLE, LabelledFilm


class ScoreMemory:
    """Scores of films in a file, one JSON object a line, each flushed at once.

    A film is known again by its path, size and time of change, for one model file and one release of this program.
    """

    def __init__(self, path: Path, model_sha256: str, labels: Iterable[str]):
        """Load what the file holds; a line that a stopped run has cut off is passed over."""
        self._model, self._labels, self._known = model_sha256, set(labels), {}
        content = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        for line in content.splitlines():
            try:
                row = json.loads(line)
                if set(row["scores"]) == self._labels:
                    self._known[tuple(row["film"])] = row["scores"]
            except (ValueError, KeyError, TypeError):
                continue
        self._file = path.open("a", encoding="utf-8")
        if content and not content.endswith("\n"):
            self._file.write("\n")

    def key(self, folder: Path, film: LabelledFilm) -> tuple:
        """Return what a film is known by.

        Raises:
            OSError: the file has gone, or may not be looked at.
        """
        status = (folder / film.path).stat()
        return film.path, status.st_size, status.st_mtime_ns, self._model, __version__

    def get(self, key: tuple) -> dict[str, float] | None:
        """Return the scores of a film, None if they are not known."""
        return self._known.get(key)

    def add(self, key: tuple, scores: dict[str, float]) -> None:
        """Keep the scores of a film."""
        self._file.write(json.dumps({"film": key, "scores": scores}) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def judge(
    films: list[LabelledFilm], folder: Path, classifier: Classifier, memory: ScoreMemory
) -> tuple[list[LabelledFilm], int]:
    """Let the model look at every film that has no fault yet.

    Returns:
        The films in the same order, with scores or the reason why there are none, and how many were remembered.
    """
    judged, remembered = [], 0
    for film in tqdm(films, desc="films", unit="film", disable=None):
        if not film.error:
            scores = _known(film, folder, memory)
            remembered += scores is not None
            film = replace(film, scores=scores) if scores else _look(film, folder, classifier, memory)
            if film.error:
                complain(film.error)
        judged.append(film)
    return judged, remembered


def complain(sentence: str) -> None:
    """Print on stderr, above the progress bar if there is one."""
    tqdm.write(printable(" ".join(sentence.split())), file=sys.stderr)


def read(path: Path, classifier: Classifier) -> Inference | Rejection:
    """Read one film as the edge does; raises as `radiograph.read`."""
    return screening.infer(radiograph.read(path, preprocess.least_side(classifier.card.size)), classifier)


def _known(film, folder, memory):
    try:
        return memory.get(memory.key(folder, film))
    except OSError:
        return None  # reading it will say why


def _look(film: LabelledFilm, folder: Path, classifier: Classifier, memory: ScoreMemory) -> LabelledFilm:
    """Judge one film. Whatever happens to it becomes its `error`, so that the films after it are still read."""
    path = folder / film.path
    try:
        key = memory.key(folder, film)
        found = read(path, classifier)
    except EdgeError as error:
        return replace(film, kind=UNREADABLE, error=str(error))
    except Exception as error:  # the guard of a long run: one film never stops the others
        fault = f"{type(error).__name__}: {error}"
        return replace(film, kind=UNREADABLE, error=f"{path}: failed inside this program ({fault}); report it.")
    if isinstance(found, Rejection):
        return replace(film, kind=REFUSED, error=f"{path}: {found.refusal.kind}: {found.refusal.sentence}.")
    memory.add(key, found.scores)
    return replace(film, scores=found.scores)
