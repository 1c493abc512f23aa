"""What the header of a DICOM file alone tells to be no frontal chest radiograph.

A word that is known to mean something else refuses a film. A word that is not known does not: it may be another
language or a hospital's own, and the gate looks at the picture.
"""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import dicom_colour, limits
from edge_app.imaging.dicom_pixels import Layout
from edge_app.imaging.dicom_values import decimal, text

# PS3.3 C.7.3.1.1.1, those that give another picture than a projection radiograph, or none.
_MODALITIES = (
    "AR ASMT AU BDUS BI BMD CD CF CP CS CT CTPROTOCOL DD DF DG DM DMS DOC DS EC ECG EEG EM EMG EOG EPS ES FA FID FS GM "
    "HC HD IO IOL IVOCT IVUS KER KO LEN LP LS M3D MA MG MR MS NM OAM OCT OP OPM OPR OPT OPTBSV OPTENF OPV OSS OT3D PA "
    "PLAN POS PR PT PX REG RESP RF RTDOSE RTIMAGE RTINTENT RTPLAN RTRAD RTRECORD RTSEGANN RTSTRUCT RWV SEG SM SMR SR "
    "SRF ST STAIN TEXTUREMAP TG US VA VF VIDD XA XC XAPROTOCOL"
)
# PS3.3 C.8.11.5.1.1 View Position: side views, decubitus and obliques; anything else frontal or unstated is taken.
NOT_FRONTAL = ("LL", "RL", "LLD", "RLD", "LLO", "RLO", "LAO", "RAO", "LPO", "RPO")
LATERAL = re.compile(r"\b[LR]?LAT(ERAL)?\b")
# PS3.16 Annex L, Body Part Examined: words of parts that no frontal chest film is of, and the plain words for them.
# Not FACE: in French it is the frontal view.
_PARTS = (
    "ABDOMEN ABDOMENPELVIS ANKLE ARM BREAST CALCANEUS CALF CSPINE CTSPINE CERVIX COCCYX ELBOW EXTREMITY EYE FEMUR "
    "FIBULA FINGER FINGERS FOOT FOREARM HAND HEAD HEADNECK HEEL HIP HUMERUS JAW KNEE LEG LIVER LSPINE LSSPINE MANDIBLE "
    "MAXILLA NECK NOSE ORBIT PATELLA PELVIS RADIUS SACRUM SCALP SCAPULA SHOULDER SINUS SKULL SPINE SSPINE TEETH THIGH "
    "THUMB TIBIA TLSPINE TMJ TOE TOES TOOTH TSPINE ULNA UTERUS WRIST ZYGOMA"
)
OTHER_MODALITIES, OTHER_PARTS = frozenset(_MODALITIES.split()), frozenset(_PARTS.split())
# What names the chest beside another part, "CHEST ABDOMEN", in English and its neighbours.
CHEST_PARTS = ("CHEST", "THORA", "TORAX", "TORAC", "LUNG", "PULM", "POUMON", "POLMON", "PECHO", "BRUST", "CXR", "RIB")
CHEST_PARTS += ("STERNUM", "HEART", "TRUNK", "TORSO", "WHOLEBODY")


def check(path: Path, header, layout: Layout) -> None:
    """Refuse by the header, before a pixel is read, what is not one frontal chest radiograph.

    Args:
        path: begins the sentence.
        header: a pydicom data set.
        layout: of its pixels.

    Raises:
        UnreadableRadiograph: it is none.
    """

    def refuse(name: str, value, rule: str) -> None:
        raise UnreadableRadiograph(f"{path}: {name} is {'missing' if value == '' else repr(value)}; {rule}.")

    if not layout.rows or not layout.columns:
        raise UnreadableRadiograph(f"{path}: holds no picture; send the image itself, not a report or an index.")
    modality = text(header, "Modality")
    if any(word in OTHER_MODALITIES for word in modality.split()):
        refuse("Modality", modality, "a radiograph is 'CR' or 'DX'; send such a film")
    if (frames := decimal(header, "NumberOfFrames") or 1) > 1:
        refuse("Number of Frames", int(frames), "a radiograph has 1; export one frame")
    _check_layout(layout, refuse)
    view = text(header, "ViewPosition")
    if view in NOT_FRONTAL or LATERAL.search(view):
        refuse("View Position", view, "only frontal films (PA or AP) can be classified; send the frontal one")
    part = text(header, "BodyPartExamined")
    if is_other_part(part):
        refuse("Body Part Examined", part, "only the chest can be classified; send a film of the chest")
    limits.check_size(path, layout.columns, layout.rows)


def is_other_part(part: str) -> bool:
    """Return whether Body Part Examined, in capitals, surely names another part than the chest."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", part) if not unicodedata.combining(letter))
    if any(word in plain for word in CHEST_PARTS):
        return False
    words = re.findall(r"[A-Z]+", plain)
    joined = {"".join(words), *("".join(pair) for pair in pairwise(words))}
    return not OTHER_PARTS.isdisjoint({*words, *joined})


def _check_layout(layout: Layout, refuse) -> None:
    """Refuse pixels of another kind than those that are read."""
    found = layout.photometric
    if found not in ("MONOCHROME1", "MONOCHROME2", *dicom_colour.NAMES):
        kinds = "MONOCHROME1 or MONOCHROME2, or grey in RGB, YBR or PALETTE COLOR"
        refuse("Photometric Interpretation", found, f"a radiograph must be {kinds}; export it again")
    expected = 1 if found.startswith("MONOCHROME") or found == dicom_colour.PALETTE else 3
    if layout.samples != expected:
        refuse("Samples per Pixel", layout.samples, f"{found} has {expected}; export it again")
    if layout.allocated not in (8, 16):
        refuse("Bits Allocated", layout.allocated, "a radiograph has 8 or 16; export it again")
    if found == "YBR_FULL_422" and layout.columns % 2:
        refuse("Columns", layout.columns, "YBR_FULL_422 has an even number; export it again")
