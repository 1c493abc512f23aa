"""The published lung masks of covid-chestxray-dataset, each with its film, its split, and why it is not used.

`semantic_masks_v7labs_lungs` is the set that teaches: drawn by hand, both lungs whole, behind the heart and down to
the diaphragm, consolidation or not. Its masks of CT slices and lateral views are empty: there is no lung field of a
frontal radiograph to draw, and they teach just that. `lungVAE-masks` comes from a network, leaves out the lung behind
the heart, and some of its masks are shifted against the film; it is compared, not learnt from.
"""

import hashlib
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.imaging import preprocess, radiograph
from train.index import split

SOURCE = "covid-chestxray-dataset"
DRAWN = f"{SOURCE}/annotations/semantic_masks_v7labs_lungs"
COMPUTED = f"{SOURCE}/annotations/lungVAE-masks"
# Masks of one film that overlap less than this are not of the same crop. The two sets differ by the lung behind the
# heart and agree to 0.75 and more; below 0.6 one of them is shifted or leaks (looked at one by one).
LEAST_AGREEMENT = 0.6
# A mask's aspect ratio may differ from the film's by rounding only, else it was drawn on another crop.
ASPECT_TOLERANCE = 0.02
# Side at which films and masks are kept: larger than the network's, so that zooming in shows detail.
KEPT_SIZE = 192
USED, EMPTY = "used", "used: no lung field"


def listing(data: Path, films: pd.DataFrame) -> pd.DataFrame:
    """List every drawn and computed mask under `data`.

    Args:
        data: the folder of the collections.
        films: the index, rejected films included.

    Returns:
        Columns mask and film (paths relative to `data`, film "" if there is none), split (of the film's patient), state
        (`USED`, `EMPTY`, or why it is not used), agreement (IoU of the drawn with the computed mask, or NaN).
    """
    folder = data / DRAWN
    if not folder.is_dir():
        raise EdgeError(f"{folder}: no such folder; the lung masks of {SOURCE} are needed; see 'make data'.")
    images = {path.name: path for path in (data / SOURCE / "images").iterdir()}
    stems = {path.stem: path for path in images.values()}
    splits = patient_splits(films)
    rejected = dict(zip(films["path"], films["rejected"], strict=True))
    rows = []
    for path in sorted(folder.iterdir()):
        rows.append(_judge(path, images.get(path.name), None, data, splits))
    for row in rows:
        if row["state"] == USED and rejected.get(row["film"]):
            row["state"] = f"not used: drawn on what is no frontal radiograph ({rejected[row['film']]})"
    drawn = {Path(row["film"]).name: row for row in rows if row["film"]}
    for path in sorted((data / COMPUTED).glob("*.png")) if (data / COMPUTED).is_dir() else ():
        image = stems.get(path.stem.removesuffix("_mask"))
        row = _judge(path, image, image and drawn.get(image.name), data, splits)
        if row["state"] in (USED, EMPTY):
            row["state"] = "not used: computed by a network, without the lung behind the heart"
        rows.append(row)
    return pd.DataFrame(rows)


def read(path: Path, size: int) -> np.ndarray:
    """Read a mask, squashed as the contract squashes films: uint8 (size, size), 255 = lung."""
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        raise EdgeError(f"{path}: this mask cannot be read as a picture; fetch the collection again.")
    return preprocess.shrink(mask, size)


def overlap(one: np.ndarray, other: np.ndarray) -> float:
    """Return the intersection over union of two boolean masks; 1.0 if both are empty."""
    union = (one | other).sum()
    return float((one & other).sum() / union) if union else 1.0


def _judge(path: Path, image: Path | None, twin: dict | None, data: Path, splits: dict) -> dict:
    row = {"mask": path.relative_to(data).as_posix(), "film": "", "split": "", "state": USED, "agreement": np.nan}
    if image is None:
        return row | {"state": "not used: its film is not here"}
    row["film"] = image.relative_to(data).as_posix()
    row["split"] = splits.get(row["film"]) or split_by_name(row["film"])
    mask = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if mask is None:
        return row | {"state": "not used: unreadable"}
    try:
        grey = radiograph.read(image)
    except UnreadableRadiograph:
        return row | {"state": "not used: its film cannot be read"}
    if abs(np.log(mask.shape[0] / mask.shape[1] * grey.shape[1] / grey.shape[0])) > ASPECT_TOLERANCE:
        return row | {"state": "not used: of another crop (its aspect ratio is not the film's)"}
    if not mask.any():
        return row | {"state": EMPTY}
    if twin is not None and twin["state"] == USED:
        row["agreement"] = twin["agreement"] = overlap(read(path, 256) > 127, read(data / twin["mask"], 256) > 127)
        if row["agreement"] < LEAST_AGREEMENT:
            row["state"] = "not used: shifted or of another crop (it disagrees with the drawn mask)"
    return row


def patient_splits(films: pd.DataFrame) -> dict[str, str]:
    """Return {path: split}; a rejected film (a CT slice, a lateral view) goes where its patient's other films are.

    A patient who has only rejected films goes where the hash of the patient's group says.
    """
    used = films[films["split"] != ""]
    by_group = dict(zip(used["group"], used["split"], strict=True))
    return {
        path: side or by_group.get(group) or split.by_hash(group)
        for path, group, side in zip(films["path"], films["group"], films["split"], strict=True)
    }


def split_by_name(film: str) -> str:
    """Place a patient that has no film in the index: 70, 15 and 15 % by the hash of the name up to the view."""
    share = int(hashlib.sha256(Path(film).stem[:12].encode()).hexdigest()[:8], 16) / 16**8
    return "train" if share < 0.7 else "val" if share < 0.85 else "test"
