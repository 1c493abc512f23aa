"""The secondary capture: a picture of film, verdict and map that every viewer shows (PS3.3 A.8.1)."""

from dataclasses import replace

import numpy as np
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from edge_app.dicom_objects import codes, content, identity
from edge_app.outputs import overlay
from edge_app.screening.phrasing import NOT_A_DIAGNOSIS
from edge_app.screening.result import Refused, Screened
from edge_app.screening.run_context import RunContext

KIND, DESCRIPTION = "sc", "AI result, not for diagnosis: picture"
# Whether the film was ever compressed with a loss: then so was this picture of it (PS3.3 C.7.6.1.1.5).
LOSS = ("LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod")


def made(header: Dataset, result: Screened, grey: np.ndarray, context: RunContext) -> Dataset:
    """Return the secondary capture of a result; arguments as of `results.made`."""
    image = identity.begun(header, SecondaryCaptureImageStorage, KIND, result.time, context)
    identity.series(image, "OT", 0, DESCRIPTION)
    # The words on it tell no name; "YES" holds of any text that could (PS3.3 C.7.6.1.1.7), and viewers warn of it.
    image.BurnedInAnnotation, image.RecognizableVisualFeatures = "YES", "NO"
    image.ImageType = ["DERIVED", "SECONDARY"]
    image.ImageComments = NOT_A_DIAGNOSIS
    image.DerivationDescription = "Film beside the film with a heat map, verdict and scores"
    source = content.reference(header)
    source.PurposeOfReferenceCodeSequence = [codes.SOURCE_IMAGE.item()]
    image.SourceImageSequence = [source]
    image.BodyPartExamined = "CHEST"  # of no side, so without Laterality (PS3.3 C.7.3.1)
    for keyword in LOSS:
        identity.copied(header, image, keyword)
    # Film and film with map lie side by side as the film itself lies; nothing is turned or mirrored.
    image.PatientOrientation = None
    identity.copied(header, image, "PatientOrientation")
    # Made on a workstation (PS3.3 C.8.6.1, C.8.6.2).
    image.ConversionType = "WSD"
    image.DateOfSecondaryCapture, image.TimeOfSecondaryCapture = image.ContentDate, image.ContentTime
    _pixels(image, drawn(result, grey, context))
    return image


def drawn(result: Screened, grey: np.ndarray, context: RunContext) -> np.ndarray:
    """Return the picture of a result, uint8 RGB (h, w, 3), without the file's name, which may be a patient's.

    A refused film has no score in a PACS, so what it would read put right is left out too.
    """
    nameless = result.nameless()
    return overlay.draw(replace(nameless, corrected=None) if isinstance(nameless, Refused) else nameless, grey, context)


def _pixels(image: Dataset, picture: np.ndarray) -> None:
    """Write a picture, uint8 RGB (h, w, 3), uncompressed: every viewer reads it, and text stays sharp."""
    image.Rows, image.Columns = picture.shape[:2]
    image.SamplesPerPixel, image.PhotometricInterpretation, image.PlanarConfiguration = 3, "RGB", 0
    image.BitsAllocated, image.BitsStored, image.HighBit, image.PixelRepresentation = 8, 8, 7, 0
    values = picture.tobytes()
    image.PixelData = values + bytes(len(values) % 2)  # PS3.5 7.1.1: values have an even length
    image["PixelData"].VR = "OB"
