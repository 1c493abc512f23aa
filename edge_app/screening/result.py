"""The results of films, and the row of plain values that outputs, store and page share (docs/results.md)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from dataclasses import field as field_
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal, Self

import numpy as np

from edge_app.gate.checks import Check
from edge_app.gate.refusal import Refusal
from edge_app.imaging.lung_field import LungField
from edge_app.screening import decision, heat
from edge_app.screening.corrected import Corrected
from edge_app.screening.finding import Finding, in_rows, rounded
from edge_app.screening.heat import Heat
from edge_app.screening.shot import Shot

# Of `row`; it grows when a field changes its meaning or goes, not when one is added.
SCHEMA = 1
FilmPath = Path | Literal[""]
_now = partial(datetime.now, UTC)


@dataclass(frozen=True)
class Inference:
    """What both networks say of one film.

    Attributes:
        scores: score by label, 0 .. 1.
        field: where the lungs are.
        pixels: uint8 (size, size, 1), the classifier's input.
        heats: the heat maps by label, that of COVID-19 always among them.
        maps: float32 (h, w, labels), the class maps of all labels over the box of `field`.
        checks: what the gate looked at.
        view_classes: chance, 0 .. 1, of each of `view_classes.CLASSES`; empty if the model's file tells none.
    """

    scores: dict[str, float]
    field: LungField
    pixels: np.ndarray
    heats: Mapping[str, Heat]
    maps: np.ndarray
    checks: tuple[Check, ...]
    view_classes: dict[str, float]

    def rejected(self, why: Refusal) -> "Rejection":
        """Return the rejection of this film for a reason; what the networks say is kept in it."""
        return Rejection(why, self.checks, self.view_classes, self.field, self)


@dataclass(frozen=True)
class Rejection:
    """Why a film must get no verdict, which is `refusal`, and what was found until then.

    Attributes:
        checks, view_classes: as of `Inference`.
        field: where the lungs are; None if none were found or looked for.
        inference: what the networks say, which does not count; None if they were not asked.
    """

    refusal: Refusal
    checks: tuple[Check, ...] = ()
    view_classes: dict[str, float] = field_(default_factory=dict)
    field: LungField | None = None
    inference: Inference | None = None


@dataclass(frozen=True)
class _Named:
    """What every result has.

    Attributes:
        path: the film as the user named it; empty where no name may be kept.
        replaces: sha256 of what this file held when it was judged before, hex; None if it held nothing else.
        facts: of its DICOM header, as `dicom_facts.of`; not part of the row.
    """

    path: FilmPath
    replaces: str | None = field_(default=None, kw_only=True)
    facts: Mapping[str, str] = field_(default_factory=dict, kw_only=True)

    def nameless(self) -> Self:
        """Return a copy without the path, which may hold a patient's name."""
        return replace(self, path="")


@dataclass(frozen=True)
class Judged(_Named):
    """A film that has a verdict.

    Attributes:
        sha256: of the file's bytes, hex.
        findings: what is said of each of `finding.LABELS` that the model has a threshold for, by label.
        inference: what the networks say.
        time: when it was done, UTC.
        ms: milliseconds from reading the file to the verdict; 0 of a photograph on which no film could be judged.
        grey: uint8 (H, W), the film; None if no sink asked for it.
        shot: how a camera saw it; None of a film in a file.
    """

    sha256: str
    findings: Mapping[str, Finding]
    inference: Inference
    time: datetime = field_(default_factory=_now)
    ms: float = 0.0
    grey: np.ndarray | None = field_(default=None, repr=False, compare=False)
    shot: Shot | None = None

    @property
    def verdict(self) -> str:
        """One of `decision.VERDICTS`, but for `decision.REFUSED`; it follows from the findings."""
        return decision.verdict(self.findings)

    @property
    def heat(self) -> Heat:
        """The heat map of the label that the verdict is about."""
        return heat.of_verdict(self.findings, self.inference.heats)

    @property
    def field(self) -> LungField:
        """Where the lungs are."""
        return self.inference.field

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the gate looked at."""
        return self.inference.checks

    @property
    def view_classes(self) -> dict[str, float]:
        """The chance, 0 .. 1, of each kind of picture; empty if the model's file tells none."""
        return self.inference.view_classes

    def row(self) -> dict:
        """Return its row in JSON: schema 1 of docs/results.md, without what holds for the whole run."""
        return _row(
            self,
            verdict=self.verdict,
            findings=in_rows(self.findings),
            scores=rounded(self.inference.scores),
            lungs=_lungs(self.inference.field, self.heat, self.inference),
            ms=round(self.ms, 1),
            camera=self.shot and self.shot.row(),
        )


@dataclass(frozen=True)
class Refused(_Named):
    """A film that the gate refused.

    Attributes:
        rejection: why, and what was found.
        corrected: the verdict on the film put right; None where nothing puts it right.
        sha256, time, ms, grey, shot: as of `Judged`.
    """

    sha256: str
    rejection: Rejection
    corrected: Corrected | None = None
    time: datetime = field_(default_factory=_now)
    ms: float = 0.0
    grey: np.ndarray | None = field_(default=None, repr=False, compare=False)
    shot: Shot | None = None

    verdict: ClassVar[str] = decision.REFUSED

    @property
    def refusal(self) -> Refusal:
        """Why it was refused."""
        return self.rejection.refusal

    @property
    def inference(self) -> Inference | None:
        """What the networks say, which does not count; None if they were not asked."""
        return self.rejection.inference

    @property
    def heat(self) -> Heat | None:
        """The heat map of COVID-19, which does not count; None if the networks were not asked."""
        return self.inference.heats[heat.USUAL] if self.inference else None

    @property
    def field(self) -> LungField | None:
        """Where the lungs are; None if none were found or looked for."""
        return self.rejection.field

    @property
    def checks(self) -> tuple[Check, ...]:
        """What the gate looked at."""
        return self.rejection.checks

    @property
    def view_classes(self) -> dict[str, float]:
        """As of `Judged`."""
        return self.rejection.view_classes

    def row(self) -> dict:
        """As `Judged.row`."""
        return _row(
            self,
            verdict=self.verdict,
            refusal={"kind": self.refusal.kind, "sentence": self.refusal.sentence},
            corrected=self.corrected and self.corrected.row(),
            lungs=self.rejection.field and _lungs(self.rejection.field, self.heat, self.inference),
            ms=round(self.ms, 1),
            camera=self.shot and self.shot.row(),
        )


@dataclass(frozen=True)
class Failed(_Named):
    """A film that could not be read.

    Attributes:
        error: the sentence that says why.
        sha256: of the file's bytes, hex; empty if they could not be read.
        time: as of `Judged`.
    """

    error: str
    sha256: str = ""
    time: datetime = field_(default_factory=_now)

    def nameless(self) -> Self:
        """Return a copy without the path, in the sentence too."""
        return replace(self, path="", error=self.error.replace(str(self.path), "a film"))

    def row(self) -> dict:
        """As `Judged.row`."""
        return _row(self, error=self.error)


@dataclass(frozen=True)
class Known(_Named):
    """A film that the store holds already, judged by the same model and operating point.

    Attributes:
        path: where it was met this time; it may be a copy, or renamed.
        kept: the row that was stored.
    """

    kept: Mapping

    @property
    def verdict(self) -> str:
        """Its verdict in the store."""
        return self.kept["verdict"]

    @property
    def copy_of(self) -> str | None:
        """The path under which it was judged, if that was another and was kept."""
        return self.kept["path"] if self.kept["path"] not in (str(self.path), "") else None

    def row(self) -> dict:
        """Return the stored row under the path of today."""
        return {**self.kept, "path": str(self.path), "stored": True, "copy_of": self.copy_of, "replaces": self.replaces}

    @property
    def sha256(self) -> str:
        """Of the file's bytes, hex."""
        return self.kept["sha256"]


# Of a film that went through the gate just now; of any film that was read just now; and what outputs are given.
Screened = Judged | Refused
Outcome = Judged | Refused | Failed
Result = Judged | Refused | Failed | Known


def _lungs(field: LungField, shown: Heat | None, said: Inference | None) -> dict:
    inside, peak = shown.row().values() if shown else (None, None)
    return {
        "box": [round(side, 4) for side in field.box],
        "share": round(field.share, 4),
        "heat_inside": inside,
        "heat_label": shown and shown.label,
        "heat_peak": peak,
        "heats": {label: one.row() for label, one in said.heats.items()} if said else {},
    }


def _row(result: Outcome, **known) -> dict:
    """Return a row of schema 1; what is not in `known` is null."""
    return {
        "schema": SCHEMA,
        "path": str(result.path),
        "sha256": result.sha256,
        "time": result.time.isoformat(timespec="milliseconds"),
        **dict.fromkeys(("verdict", "findings", "refusal", "corrected", "scores", "lungs", "error", "ms")),
        "stored": False,
        "copy_of": None,
        "replaces": result.replaces,
        "camera": None,
        **known,
    }
