"""Results as the program makes them, without a network: of a film that was judged, refused, or could not be read."""

from collections.abc import Mapping

import numpy as np

from edge_app.gate.gate import Check
from edge_app.gate.refusal import Refusal
from edge_app.imaging import lung_field
from edge_app.imaging.lung_field import LungField
from edge_app.screening import decision, finding
from edge_app.screening.finding import Finding
from edge_app.screening.heat import Heat
from edge_app.screening.result import FilmPath, Inference, Judged, Refused, Rejection

SCORES = {"normal": 0.1, "covid": 0.9, "pneumonia": 0.2}


def two_lungs() -> LungField:
    """Return two upright boxes, as lungs lie."""
    mask = np.zeros((lung_field.FINE, lung_field.FINE), np.uint8)
    mask[60:200, 40:110] = mask[60:200, 150:220] = 255
    return LungField(mask, (0.2, 0.15, 0.8, 0.9), 0.3, 0.95, 2)


def inference(
    scores: Mapping[str, float] = SCORES,
    field: LungField | None = None,
    heat: np.ndarray | None = None,
    heat_inside: float | None = 0.9,
    pixels: np.ndarray | None = None,
    checks: tuple[Check, ...] = (),
    chances: bool = False,
) -> Inference:
    """Return what networks might say; the maps of all labels are `heat`, of chances those of both findings."""
    heat = np.ones((5, 5), np.float32) if heat is None else np.asarray(heat)
    shown = finding.LABELS if chances else finding.LABELS[:1]
    return Inference(
        scores=dict(scores),
        field=field or two_lungs(),
        pixels=np.zeros((32, 32, 1), np.uint8) if pixels is None else pixels,
        heats={label: Heat(label, heat, chances, heat_inside) for label in shown},
        maps=np.stack([heat] * len(scores), axis=-1),
        checks=checks,
        view_classes={},
    )


# The answers to `finding.LABELS` of which each verdict follows.
ANSWERS = {
    decision.COVID: (finding.SUSPECTED, finding.CLEARED),
    decision.UNSURE: (finding.UNSURE, finding.CLEARED),
    decision.PNEUMONIA: (finding.CLEARED, finding.SUSPECTED),
    decision.NORMAL: (finding.CLEARED, finding.CLEARED),
}


def findings(verdict: str = decision.COVID, scores: Mapping[str, float] = SCORES, **answers: str) -> dict[str, Finding]:
    """Return the findings of which a verdict follows; `answers` by label are said in place of its own."""
    found = dict(zip(finding.LABELS, ANSWERS[verdict], strict=True)) | answers
    bands = {"covid": 0.2, "pneumonia": None}
    return {label: Finding(found[label], scores[label], 0.8, bands[label]) for label in finding.LABELS}


def judged(
    path: FilmPath, sha256: str, verdict: str = decision.COVID, found: Inference | None = None, **more
) -> Judged:
    """Return a film with a verdict; `more` as of `Judged`, or other answers by label."""
    found, answers = found or inference(), {label: more.pop(label) for label in finding.LABELS if label in more}
    return Judged(path, sha256, findings(verdict, found.scores, **answers), found, **more)


def refused(
    path: FilmPath, sha256: str, kind: str, sentence: str = "words", rejection: Mapping | None = None, **more
) -> Refused:
    """Return a film that the gate refused; `rejection` as of `Rejection`, `more` as of `Refused`."""
    return Refused(path, sha256, Rejection(Refusal(kind, sentence), **(rejection or {})), **more)
