"""One film of a collection, and what its collection says of it, before its file is opened."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from train.index.findings import NO_LABEL

# Reasons for which a film is never trained on, as far as tables and folders tell.
CT = "CT"
LATERAL_VIEW = "lateral view"
NOT_CHEST = "not a chest"
LABEL_MISSING = "no label"
LABEL_CONFLICT = "label conflict"


@dataclass(frozen=True)
class ListedFilm:
    """One film on disk, and what its collection says of it."""

    path: str  # posix, relative to the data folder
    source: str  # the collection's folder
    patient: str  # "SOURCE/ID", so unique across collections
    label: str  # one of findings.ALL_LABELS, or ""
    view: str = ""  # "PA", "AP", "AP Supine", "L", ... or ""
    sex: str = ""  # "M", "F" or ""
    age: float | None = None  # years
    rejected: str = ""  # CT, LATERAL_VIEW, NOT_CHEST, LABEL_MISSING, LABEL_CONFLICT or ""
    appearance: str = ""  # one of findings.APPEARANCES, or ""
    boxes: str = ""  # round opacities, as train.index.boxes writes them; "" if none was drawn, or nobody was asked
    machine: str = ""  # what stands for the detector: "WIDTHxHEIGHT" of the film as it was taken, or a name; or ""
    finding: str = ""  # what the collection wrote


@dataclass(frozen=True)
class Listing:
    """What one collection holds here."""

    films: list[ListedFilm]
    not_here: int = 0  # rows of its table whose film is not in the folder
    same: list[tuple[str, str]] = field(default_factory=list)  # pairs of paths that it publishes as one picture
    faults: list[str] = field(default_factory=list)  # what has to be mended, a sentence each
    remarks: list[str] = field(default_factory=list)  # how it had to be read, a sentence each


# Given a collection's folder.
Adapter = Callable[[Path], Listing]


def reason(label: str, view: str = "", modality: str = "") -> str:
    """Return why a film is rejected, or "". CT slices come with the modality CT or a slice plane as the view."""
    if modality.upper() == "CT" or view in {"Axial", "Coronal", "Sagittal"}:
        return CT
    # "L", "LL", "Lateral", and DICOM's "RL": no frontal view is called so.
    if view.upper().startswith("L") or view.upper() == "RL":
        return LATERAL_VIEW
    return "" if label else LABEL_MISSING


def unlisted(source: str, path: str) -> ListedFilm:
    """Return a file that its collection's table does not mention: without label, its own patient."""
    return ListedFilm(f"{source}/{path}", source, f"{source}/{path}", NO_LABEL, rejected=LABEL_MISSING)
