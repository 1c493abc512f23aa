"""The grayscale softcopy presentation state: the opacities as outlines over the film itself (PS3.3 A.33.1).

A viewer lays it over the film in full resolution and can hide it. It shows the film's own grey levels: its window,
rescaling and polarity are copied.
"""

from pydicom.dataset import Dataset
from pydicom.uid import GrayscaleSoftcopyPresentationStateStorage

from edge_app.dicom_objects import content, identity, regions
from edge_app.dicom_objects.identity import plain
from edge_app.screening import finding, phrasing
from edge_app.screening.result import Judged, Screened
from edge_app.screening.run_context import RunContext

KIND, DESCRIPTION = "gsps", "AI result, not for diagnosis"
LAYER = "AI_RESULT"
# Where the words stand, as shares of the displayed area: its upper left corner.
WORDS_FROM, WORDS_TO = [0.02, 0.02], [0.7, 0.14]
# PS3.3 C.10.7.1.1: CIELab scaled to 16 bits; a light blue that is seen on black, on white and by all.
BLUE = [50000, 26000, 22000]


def possible(header: Dataset) -> bool:
    """Return whether a film can have such a state: a secondary capture in colours cannot (PS3.3 A.33.1.1)."""
    return header.get("SamplesPerPixel", 1) == 1


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
    area.DisplayedAreaTopLeftHandCorner, area.DisplayedAreaBottomRightHandCorner = [1, 1], [header.Columns, header.Rows]
    area.PresentationSizeMode, area.PresentationPixelAspectRatio = "SCALE TO FIT", _aspect(header)
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
            found += regions.found(heat, result.field, film, header.Rows, header.Columns)
    return [_outline(region.outline) for region in found]


def _outline(points) -> Dataset:
    made = Dataset()
    made.GraphicAnnotationUnits, made.GraphicDimensions, made.GraphicType = "PIXEL", 2, "POLYLINE"
    made.GraphicData = content.flat(points)
    made.NumberOfGraphicPoints, made.GraphicFilled = len(points) + 1, "N"
    return made


def _aspect(header: Dataset) -> list[int]:
    """Return how high and wide a pixel is: square, but where the film says otherwise (PS3.3 C.7.6.3.1.7)."""
    stated = header.get("PixelAspectRatio")
    return [int(side) for side in stated] if stated else [1, 1]


def _grey_levels(header: Dataset, state: Dataset) -> None:
    """Copy how the film's values become grey: modality LUT, window, polarity (PS3.3 C.11.1, C.11.8, C.11.6)."""
    if "ModalityLUTSequence" in header:
        state.ModalityLUTSequence = header.ModalityLUTSequence
    elif header.get("RescaleSlope") is not None and header.get("RescaleIntercept") is not None:
        state.RescaleSlope, state.RescaleIntercept = header.RescaleSlope, header.RescaleIntercept
        state.RescaleType = header.get("RescaleType") or "US"  # PS3.3 C.11.1.1.2: unspecified
    window = Dataset()
    if header.get("WindowCenter") is not None and header.get("WindowWidth") is not None:
        window.WindowCenter, window.WindowWidth = header.WindowCenter, header.WindowWidth
        if header.get("VOILUTFunction"):
            window.VOILUTFunction = header.VOILUTFunction
    elif "VOILUTSequence" in header:
        window.VOILUTSequence = header.VOILUTSequence
    if window:
        state.SoftcopyVOILUTSequence = [window]
    # A state replaces the polarity that the image states (PS3.4 N.2.1.4).
    inverse = header.get("PresentationLUTShape", "") == "INVERSE" or header.PhotometricInterpretation == "MONOCHROME1"
    state.PresentationLUTShape = "INVERSE" if inverse else "IDENTITY"
