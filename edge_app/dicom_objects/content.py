"""Content items of a structured report (PS3.3 C.17.3): each function returns one, with the items that hang on it."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydicom.dataset import Dataset

from edge_app.dicom_objects.codes import NO_UNITS, Code

# How an item hangs on the one above it (PS3.3 C.17.3.2.4).
CONTAINS, CONTEXT, MODIFIES = "CONTAINS", "HAS OBS CONTEXT", "HAS CONCEPT MOD"
PROPERTY, SELECTED, INFERRED = "HAS PROPERTIES", "SELECTED FROM", "INFERRED FROM"


def container(name: Code, template: str | None, below: Iterable[Dataset], relation: str | None = CONTAINS) -> Dataset:
    """Return a heading; `template` is the number of its TID in PS3.16, None if it is part of the one above."""
    made = _item(relation, "CONTAINER", name, below)
    made.ContinuityOfContent = "SEPARATE"
    if template:
        used = Dataset()
        used.MappingResource, used.TemplateIdentifier = "DCMR", template
        made.ContentTemplateSequence = [used]
    return made


def text(relation: str, name: Code, words: str) -> Dataset:
    """Return words."""
    made = _item(relation, "TEXT", name)
    made.TextValue = words
    return made


def code(relation: str, name: Code, value: Code, below: Iterable[Dataset] = ()) -> Dataset:
    """Return a coded answer."""
    made = _item(relation, "CODE", name, below)
    made.ConceptCodeSequence = [value.item()]
    return made


def uid(relation: str, name: Code, value: str) -> Dataset:
    """Return a UID."""
    made = _item(relation, "UIDREF", name)
    made.UID = value
    return made


def number(relation: str, name: Code, value: float, below: Iterable[Dataset] = ()) -> Dataset:
    """Return a number without a unit, of six digits behind the point, as results have it everywhere."""
    made, measured = _item(relation, "NUM", name, below), Dataset()
    measured.NumericValue = f"{value:.6f}"
    measured.MeasurementUnitsCodeSequence = [NO_UNITS.item()]
    made.MeasuredValueSequence = [measured]
    return made


def image(relation: str, name: Code | None, source: Dataset) -> Dataset:
    """Return a reference to an image, of whose header the SOP class and instance are taken."""
    made = _item(relation, "IMAGE", name)
    made.ReferencedSOPSequence = [reference(source)]
    return made


def polygon(relation: str, name: Code, outline: Sequence[tuple[float, float]], below: Iterable[Dataset]) -> Dataset:
    """Return a closed outline; points are (column, row) in pixels from the upper left corner (PS3.3 C.18.6.1.2)."""
    made = _item(relation, "SCOORD", name, below)
    made.GraphicType = "POLYLINE"
    made.GraphicData = flat(outline)
    return made


def flat(outline: Sequence[tuple[float, float]]) -> list[float]:
    """Return a closed outline as Graphic Data: float32 values of column and row in turn, the first point last again."""
    return np.asarray([*outline, outline[0]], np.float32).ravel().tolist()


def reference(source: Dataset) -> Dataset:
    """Return an item that names an instance (PS3.3 10.8)."""
    made = Dataset()
    made.ReferencedSOPClassUID, made.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    return made


def _item(relation: str | None, kind: str, name: Code | None, below: Iterable[Dataset] = ()) -> Dataset:
    made, below = Dataset(), list(below)
    if relation:
        made.RelationshipType = relation
    made.ValueType = kind
    if name:
        made.ConceptNameCodeSequence = [name.item()]
    if below:
        made.ContentSequence = below
    return made
