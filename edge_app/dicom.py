"""DICOM radiographs (CR, DX): a data set becomes grey pixels as a viewer shows them. The only file that names pydicom."""

from pathlib import Path

import numpy as np

from edge_app import radiograph
from edge_app.errors import MissingPackage, UnreadableRadiograph

# PS3.3 C.7.3.1.1.1: projection radiographs. SC and OT appear on scanned films; RG is the retired term for them.
MODALITIES = ("CR", "DX", "RG", "SC", "OT", "")
# PS3.3 C.8.11.3.1 View Position and the codes modalities send for side views of the chest.
LATERAL_VIEWS = ("LL", "RL", "LAT", "LATERAL", "LLD", "RLD")
# PS3.16 Annex L: body parts that a frontal chest film may state.
CHEST_PARTS = ("CHEST", "THORAX", "LUNG", "RIB", "RIBS", "STERNUM", "")


def read(path: Path) -> np.ndarray:
    """Read a DICOM radiograph: uint8 (H, W), 0 = black = air, 255 = white = bone.

    Modality LUT, VOI LUT or window, then inversion for MONOCHROME1, in the order of PS3.4 N.2.

    Raises:
        UnreadableRadiograph: not one frontal chest radiograph, or damaged; one sentence that begins with the path.
        MissingPackage: pydicom is not installed.
    """
    try:
        import pydicom
    except ImportError as error:
        raise MissingPackage(
            f"{path}: is a DICOM file, and package 'pydicom' is not installed; run 'pip install pydicom==3.0.2'."
        ) from error
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom warns of values that break the standard; what matters is checked
            data_set = pydicom.dcmread(path)
            _check(path, data_set)
            return _grey(path, data_set)
    except UnreadableRadiograph:
        raise
    except Exception as error:  # damaged elements surface as almost any exception of the decoders
        raise UnreadableRadiograph(
            f"{path}: is a damaged DICOM file ({radiograph._one_line(error)}); send it again from the modality or PACS."
        ) from error


def _check(path, data_set) -> None:
    """Refuse by the header, before a pixel is decoded, what is not one frontal chest radiograph."""

    def refuse(name, value, rule):
        raise UnreadableRadiograph(f"{path}: {name} is {value!r}; {rule}.")

    modality = str(data_set.get("Modality", "") or "").upper()
    if modality not in MODALITIES:
        refuse("Modality", modality, "a radiograph is CR or DX")
    if "PixelData" not in data_set:
        raise UnreadableRadiograph(f"{path}: holds no Pixel Data; send the image itself, not a report or index.")
    frames = int(data_set.get("NumberOfFrames", 1) or 1)
    if frames != 1:
        refuse("Number of Frames", frames, "a radiograph has 1; export one frame")
    photometric = str(data_set.get("PhotometricInterpretation", ""))
    if photometric not in ("MONOCHROME1", "MONOCHROME2"):
        refuse("Photometric Interpretation", photometric, "a radiograph must be MONOCHROME1 or MONOCHROME2")
    view = str(data_set.get("ViewPosition", "") or "").upper()
    if view in LATERAL_VIEWS:
        refuse("View Position", view, "only frontal films (PA, AP) can be classified")
    part = str(data_set.get("BodyPartExamined", "") or "").upper()
    if part not in CHEST_PARTS and "CHEST" not in part:
        refuse("Body Part Examined", part, "only the chest can be classified")
    radiograph.check_size(path, int(data_set.Columns), int(data_set.Rows))


def _grey(path, data_set) -> np.ndarray:
    from pydicom.pixels import apply_modality_lut, apply_voi_lut

    values = apply_modality_lut(_decode(path, data_set), data_set)
    window = data_set.get("WindowWidth")
    shown = values if _absurd(window, data_set, values) else apply_voi_lut(values, data_set)
    low, high = float(shown.min()), float(shown.max())
    if high <= low:
        raise UnreadableRadiograph(f"{path}: is blank: every pixel has value {low:g}; a radiograph has contrast.")
    scaled = ((shown.astype(np.float64) - low) * (65535 / (high - low))).astype(np.uint16)
    # A VOI transform already says what is black and white; without one, the darkest and brightest few pixels do not count.
    grey = (scaled >> 8).astype(np.uint8) if shown is not values else radiograph.to_grey(scaled)
    # PS3.3 C.7.6.3.1.2 and C.11.6.1.2: MONOCHROME1, or the Presentation LUT Shape INVERSE, shows the lowest value white.
    inverse = str(data_set.get("PresentationLUTShape", "")) == "INVERSE"
    if data_set.PhotometricInterpretation == "MONOCHROME1" or inverse:
        grey = 255 - grey
    return grey


def _decode(path, data_set) -> np.ndarray:
    """Return the stored values; say which package decodes this transfer syntax if none that is installed does."""
    syntax = data_set.file_meta.TransferSyntaxUID
    try:
        return data_set.pixel_array
    except (NotImplementedError, RuntimeError) as error:
        if "missing dependencies" in str(error) or "no decoder" in str(error).lower():
            raise UnreadableRadiograph(
                f"{path}: Transfer Syntax is {syntax.name!r}, which nothing installed here decodes; "
                "run 'pip install python-gdcm'."
            ) from error
        raise


def _absurd(width, data_set, values) -> bool:
    """Say whether there is no window, or one that leaves nothing to see: then the values themselves are shown."""
    if "VOILUTSequence" in data_set:
        return False
    if width is None or data_set.get("WindowCenter") is None:
        return True
    width = float(width[0] if not isinstance(width, (int, float, str)) and hasattr(width, "__len__") else width)
    centre = data_set.WindowCenter
    centre = float(centre[0] if not isinstance(centre, (int, float, str)) and hasattr(centre, "__len__") else centre)
    # PS3.3 C.11.2.1.2: Window Width is at least 1; one that misses the values altogether shows a blank film.
    return width <= 1 or centre + width / 2 <= values.min() or centre - width / 2 >= values.max()
