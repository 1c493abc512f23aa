"""The grayscale softcopy presentation state: the opacities as outlines over the film itself (PS3.3 A.33.1).

A viewer lays it over the film in full resolution and can hide it. It shows the film's own grey levels: its window,
rescaling and polarity are copied.
"""

from pydicom.dataset import Dataset
from pydicom.filewriter import correct_ambiguous_vr
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from edge_app.dicom_objects import content, identity, regions
from edge_app.dicom_objects.identity import plain
from edge_app.imaging.dicom_values import text, whole, wholes
from edge_app.screening import finding, phrasing
from edge_app.screening.result import Judged, Screened
from edge_app.screening.run_context import RunContext

KIND, DESCRIPTION = "gsps", "AI result, not for diagnosis: outlines"
LAYER = "AI_RESULT"
# Photometric Interpretation of films whose lowest value is white (PS3.3 C.7.6.3.1.2).
INVERSE = "MONOCHROME1"
# Where the words stand, as shares of the displayed area: its upper left corner.
WORDS_FROM, WORDS_TO = [0.02, 0.02], [0.7, 0.14]
# PS3.3 C.10.7.1.1: CIELab scaled to 16 bits; a light blue that is seen on black, on white and by all.
BLUE = [50000, 26000, 22000]


def possible(header: Dataset) -> bool:
    """Return whether a film can have such a state: a secondary capture in colours cannot (PS3.3 A.33.1.1)."""
    return whole(header, "SamplesPerPixel", 1) == 1


def made(header: Dataset, result: Screened, film: tuple[int, int], context: RunContext) -> Dataset:
    """Return the presentation state of a result; arguments as of `report.made`."""
    state = identity.begun(header, GrayscaleSoftcopyPresentationStateStorage, KIND, result.time, context)
    identity.series(state, "PR", 2, DESCRIPTION)
    state.BodyPartExamined = "CHEST"  # of no side, so without Laterality (PS3.3 C.7.3.1)
    state.PresentationCreationDate, state.PresentationCreationTime = state.ContentDate, state.ContentTime
    del state.ContentDate, state.ContentTime
    state.ContentLabel, state.ContentDescription, state.ContentCreatorName = LAYER, DESCRIPTION, ""
    shown = Dataset()
    shown.SeriesInstanceUID, shown.ReferencedImageSequence = header.SeriesInstanceUID, [content.reference(header)]
    state.ReferencedSeriesSequence = [shown]
    area = Dataset()
    rows, columns = regions.stored(header)
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [columns, rows]
    area.PresentationSizeMode, area.PresentationPixelAspectRatio = "SCALE TO FIT", [1, 1]
    if aspect := wholes(header, "PixelAspectRatio"):  # pixels are square, but where the film says otherwise
        area.PresentationPixelAspectRatio = aspect
    state.DisplayedAreaSelectionSequence = [area]
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = LAYER, 1
    layer.GraphicLayerRecommendedDisplayCIELabValue = BLUE
    state.GraphicLayerSequence = [layer]
    drawn = Dataset()
    drawn.ReferencedImageSequence, drawn.GraphicLayer = [content.reference(header)], LAYER
    drawn.TextObjectSequence = [_words(result)]
    if outlines := _outlines(header, result, film):
        drawn.GraphicObjectSequence = outlines
    state.GraphicAnnotationSequence = [drawn]
    _grey_levels(header, state)
    return state


def _words(result: Screened) -> Dataset:
    row = result.row()
    lines = [phrasing.outcome(row), *([phrasing.findings(row["findings"])] if row["findings"] else [])]
    words = Dataset()
    words.UnformattedTextValue = "\r\n".join(plain(line) for line in (*lines, phrasing.NOT_A_DIAGNOSIS))
    words.BoundingBoxAnnotationUnits, words.BoundingBoxTextHorizontalJustification = "DISPLAY", "LEFT"
    words.BoundingBoxTopLeftHandCorner, words.BoundingBoxBottomRightHandCorner = WORDS_FROM, WORDS_TO
    return words


def _outlines(header: Dataset, result: Screened, film: tuple[int, int]) -> list[Dataset]:
    """Return the opacities of each finding that is suspected or unsure; each once, though both may share it."""
    if not isinstance(result, Judged):
        return []
    found = []
    for label, one in result.findings.items():
        heat = result.inference.heats.get(label)
        if heat and one.answer != finding.CLEARED:
            found += regions.found(heat, result.field, film, *regions.stored(header))
    return [_outline(region.outline) for region in found]


def _outline(points) -> Dataset:
    made = Dataset()
    made.GraphicAnnotationUnits, made.GraphicDimensions, made.GraphicType = "PIXEL", 2, "POLYLINE"
    made.GraphicData = content.flat(points)
    made.NumberOfGraphicPoints, made.GraphicFilled = len(points) + 1, "N"
    return made


def _grey_levels(header: Dataset, state: Dataset) -> None:
    """Copy how the film's values become grey: modality LUT, window, polarity (PS3.3 C.11.1, C.11.8, C.11.6)."""
    # Which of two VRs a table has follows from it where the film does not state VRs (PS3.5 A.1).
    state.PixelRepresentation = whole(header, "PixelRepresentation", 0)
    if not identity.copied(header, state, "ModalityLUTSequence") and identity.copied(
        header, state, "RescaleSlope", "RescaleIntercept"
    ):
        state.RescaleType = "US"  # unspecified: PS3.3 C.11.1.1.2
        identity.copied(header, state, "RescaleType")
    window = Dataset()
    if identity.copied(header, window, "WindowCenter", "WindowWidth"):
        identity.copied(header, window, "VOILUTFunction")
    else:
        identity.copied(header, window, "VOILUTSequence")
    if window:
        state.SoftcopyVOILUTSequence = [window]
    state = correct_ambiguous_vr(state, True)
    del state.PixelRepresentation
    # A state replaces the polarity that the image states (PS3.4 N.2.1.4).
    inverse = text(header, "PresentationLUTShape") == "INVERSE" or text(header, "PhotometricInterpretation") == INVERSE
    state.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
