"""One film's outcome, and the row of plain values that every sink, the store and the pages share (docs/results.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from edge_app.gate.refusal import Refusal
from edge_app.screening.inference import Reading

# Of `row`; it grows when a field changes its meaning or goes, not when one is added.
SCHEMA = 1


@dataclass(frozen=True)
class Corrected:
    """What a refused film says once it is put right: turned or its greys exchanged.

    Attributes:
        change: what was done, such as "turned by 180 degrees" or "greys inverted".
        verdict: as of `Result`.
        scores: score by label, 0 .. 1.
    """

    change: str
    verdict: str
    scores: Mapping[str, float]


@dataclass(frozen=True)
class Shot:
    """How a camera saw a film.

    Attributes:
        camera: its name.
        frames: how many were judged; 0 if none was good enough.
        spread: the lowest and the highest score of these frames by label; empty of a film that is refused.
        quality: what was measured of the sharpest frame, by name: see `edge_app.camera.detect.frame_quality`.
        corners: ((x, y), ...), where the film's corners were in the frame, from its upper left clockwise, as shares of
            the frame's width and height; empty if it was not found.
    """

    camera: str
    frames: int
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    corners: tuple[tuple[float, float], ...] = ()

    def row(self) -> dict:
        """Return what can be told of it in JSON."""
        return {
            "name": self.camera,
            "frames": self.frames,
            "spread": {label: [round(float(end), 6) for end in ends] for label, ends in self.spread.items()} or None,
            "quality": {name: round(float(value), 4) for name, value in self.quality.items() if value == value},
            "corners": [[round(float(share), 4) for share in corner] for corner in self.corners] or None,
        }


@dataclass(frozen=True)
class Result:
    """One film's outcome: a verdict with scores, `refused` with a reason, or an error.

    Attributes:
        path: as the user named it.
        sha256: of the file's bytes, hex; empty if they could not be read.
        verdict: one of `decision.VERDICTS`; None if there is an error.
        reading: what the networks say; its `refusal` says why the verdict is `refused`.
        corrected: the reading of the film put right, offered beside some refusals.
        error: the sentence that says why it could not be read.
        time: when it was done, UTC.
        ms: milliseconds from reading the file to the verdict.
        grey: uint8 (H, W), the film, if a sink asked for it.
        shot: how a camera saw it; None of a film in a file.
    """

    path: Path
    sha256: str = ""
    verdict: str | None = None
    reading: Reading | None = None
    corrected: Corrected | None = None
    error: str | None = None
    time: datetime = field(default_factory=lambda: datetime.now(UTC))
    ms: float | None = None
    grey: np.ndarray | None = field(default=None, repr=False, compare=False)
    shot: Shot | None = None

    @property
    def refusal(self) -> Refusal | None:
        """Why it is refused, if it is."""
        return self.reading.refusal if self.reading else None

    def row(self) -> dict:
        """Return what can be told of it in JSON: schema 1 of docs/results.md, without what holds for the whole run."""
        seen, refusal, corrected = self.reading, self.refusal, self.corrected
        judged = seen is not None and refusal is None
        field_ = seen.field if seen else None
        return {
            "schema": SCHEMA,
            "path": str(self.path),
            "sha256": self.sha256,
            "time": self.time.isoformat(timespec="milliseconds"),
            "verdict": self.verdict,
            "refusal": refusal and {"kind": refusal.kind, "sentence": refusal.sentence},
            "corrected": corrected
            and {"change": corrected.change, "verdict": corrected.verdict, "scores": rounded(corrected.scores)},
            "scores": rounded(seen.scores) if judged else None,
            "lungs": field_
            and {
                "box": [round(side, 4) for side in field_.box],
                "share": round(field_.share, 4),
                "heat_inside": None if seen.heat_inside is None else round(seen.heat_inside, 4),
            },
            "error": self.error,
            "ms": None if self.ms is None else round(self.ms, 1),
            "stored": False,
            "copy_of": None,
            "camera": self.shot and self.shot.row(),
        }


@dataclass(frozen=True)
class Known:
    """A film that the store holds already, judged by the same model and operating point.

    Attributes:
        path: where it was met this time; it may be a copy, or renamed.
        kept: the row that was stored.
    """

    path: Path
    kept: Mapping

    error = grey = reading = None

    @property
    def copy_of(self) -> str | None:
        """The path under which it was judged, if that was another and was kept."""
        judged = self.kept["path"]
        return None if judged in (str(self.path), "") else judged

    def row(self) -> dict:
        """Return the stored row under the path of today."""
        return {**self.kept, "path": str(self.path), "stored": True, "copy_of": self.copy_of}


def rounded(scores: Mapping[str, float]) -> dict[str, float]:
    """Return scores as they are written: millionths are finer than any network's steps."""
    return {label: round(float(score), 6) for label, score in scores.items()}
