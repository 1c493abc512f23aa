"""Results as DICOM objects, for the PACS that holds the film."""

from collections.abc import Collection

import numpy as np
from pydicom.dataset import Dataset

from edge_app.dicom_objects import capture, document, identity, presentation, report
from edge_app.screening.result import Screened
from edge_app.screening.run_context import RunContext

# A picture, a structured report, a presentation state, a PDF; in the order in which they are made.
KINDS = (capture.KIND, report.KIND, presentation.KIND, document.KIND)


def made(
    header: Dataset,
    result: Screened,
    grey: np.ndarray,
    context: RunContext,
    kinds: Collection[str],
    pdf: bytes | None = None,
) -> list[Dataset]:
    """Return the objects that tell of a film's result, in the order of `KINDS`.

    They belong to the study of the film, in a series of their own for each kind. The same film, model, operating point
    and prevalence give the same UIDs, so that what is sent again is the same instance.

    Args:
        header: the film's data set, without pixel data.
        result: of the film.
        grey: uint8 (H, W), the film that was judged.
        context: of the run.
        kinds: of `KINDS`. A film in colours gets no presentation state.
        pdf: the report, for the kind "pdf"; None for one that holds the picture of the kind "sc".

    Raises:
        NoDicomResult: the header lacks a UID by which results are tied to the film.
        ValueError: a kind is not known.
    """
    if unknown := set(kinds) - set(KINDS):
        raise ValueError(f"kinds {sorted(unknown)} are not of {KINDS}")
    identity.check(header)
    film, objects = (int(grey.shape[0]), int(grey.shape[1])), []
    if capture.KIND in kinds:
        objects.append(capture.made(header, result, grey, context))
    if report.KIND in kinds:
        objects.append(report.made(header, result, film, context))
    if presentation.KIND in kinds and presentation.possible(header):
        objects.append(presentation.made(header, result, film, context))
    if document.KIND in kinds:
        objects.append(document.made(header, result, grey, context, pdf))
    return objects
