"""The report as an encapsulated PDF (PS3.3 A.45.1)."""

import io

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import EncapsulatedPDFStorage

from edge_app.dicom_objects import capture, codes, content, identity
from edge_app.screening.result import Screened
from edge_app.screening.run_context import RunContext

KIND, DESCRIPTION = "pdf", "AI result, not for diagnosis: PDF"
TITLE = "Chest film: result of screening by AI, not for diagnosis"
# Of a picture without a report's own PDF: dots an inch, so that it fills a sheet of A4 across.
DOTS = 150


def made(header: Dataset, result: Screened, grey: np.ndarray, context: RunContext, pdf: bytes | None) -> Dataset:
    """Return a PDF as a DICOM object.

    Args:
        header, result, grey, context: as of `results.made`.
        pdf: of the report; None for one that holds the picture of the secondary capture.
    """
    document = identity.begun(header, EncapsulatedPDFStorage, KIND, result.time, context)
    identity.series(document, "DOC", 3, DESCRIPTION)
    document.ConversionType = "WSD"  # made on a workstation (PS3.3 C.8.6.1)
    document.BurnedInAnnotation = "YES"
    document.AcquisitionDateTime = None  # of no acquisition: type 2
    document.DocumentTitle = TITLE
    document.ConceptNameCodeSequence = [codes.REPORT.item()]
    document.SourceInstanceSequence = [content.reference(header)]
    document.MIMETypeOfEncapsulatedDocument = "application/pdf"
    pdf = pdf or _of_picture(capture.drawn(result, grey, context), result)
    document.EncapsulatedDocument = pdf + bytes(len(pdf) % 2)
    document.EncapsulatedDocumentLength = len(pdf)
    return document


def _of_picture(picture: np.ndarray, result: Screened) -> bytes:
    """Return a PDF of one page that holds a picture, uint8 RGB (h, w, 3); the same for the same result."""
    from PIL import Image

    made, when = io.BytesIO(), result.time.timetuple()
    Image.fromarray(picture).save(made, "PDF", resolution=DOTS, title=TITLE, creationDate=when, modDate=when)
    return made.getvalue()
