"""Measure how well the lung field is found: overlap with drawn masks, and pictures to look at."""

from pathlib import Path

import cv2
import numpy as np

from edge_app.errors import NoLungField
from edge_app.imaging import lung_field
from train.lungs import examples, masks

SHEET_COLUMNS, TILE = 12, 128


def measure(chance: np.ndarray, truth: examples.Examples) -> dict:
    """Compare the lung fields that the edge makes of a network's answers with drawn masks.

    Args:
        chance: float (N, 64, 64), what the network answered on `examples.plain(truth)`.
        truth: the pictures and masks.

    Returns:
        median_iou, mean_iou and least_iou over films with lungs (a film on which none are found counts 0), found (the
        share of them on which lungs are found), refused (the share of pictures without lungs on which none are found),
        and how many of each there are.
    """
    overlaps, refused = [], []
    for answer, mask in zip(chance, truth.masks, strict=True):
        try:
            found = lung_field.find(answer).mask > 127
        except NoLungField:
            found = None
        if mask.any():
            drawn = cv2.resize(mask, (lung_field.FINE,) * 2, interpolation=cv2.INTER_LINEAR) > 127
            overlaps.append(0.0 if found is None else masks.overlap(found, drawn))
        else:
            refused.append(found is None)
    return {
        "median_iou": float(np.median(overlaps)),
        "mean_iou": float(np.mean(overlaps)),
        "least_iou": float(np.min(overlaps)),
        "found": float(np.mean(np.array(overlaps) > 0)),
        "films": len(overlaps),
        "refused": float(np.mean(refused)) if refused else None,
        "empty": len(refused),
    }


def sheet(model, pictures: examples.Examples, path: Path, most: int = 96) -> None:
    """Draw films with the found lung field (green), the given one (red) and the box (orange); no films, no file."""
    if not len(pictures.pictures):
        return
    some = examples.Examples(pictures.pictures[:most], pictures.masks[:most])
    tiles = []
    for picture, mask, chance in zip(
        some.pictures, some.masks, model.predict(examples.plain(some)[0], verbose=0)["mask"][..., 0], strict=True
    ):
        tile = cv2.cvtColor(cv2.resize(picture, (TILE, TILE), interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
        _outline(tile, mask, (0, 0, 255))
        try:
            field = lung_field.find(chance)
            _outline(tile, field.mask, (0, 255, 0))
            top, left, bottom, right = (int(side * TILE) for side in field.box)
            cv2.rectangle(tile, (left, top), (right, bottom), (0, 160, 255), 1)
        except NoLungField:
            cv2.putText(tile, "none", (4, TILE - 6), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
        tiles.append(tile)
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % SHEET_COLUMNS)
    lines = [np.hstack(tiles[i : i + SHEET_COLUMNS]) for i in range(0, len(tiles), SHEET_COLUMNS)]
    cv2.imwrite(str(path), np.vstack(lines))


def _outline(tile, mask, colour) -> None:
    small = cv2.resize(mask, (TILE, TILE), interpolation=cv2.INTER_LINEAR) > 127
    found, _ = cv2.findContours(small.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(tile, found, -1, colour, 1)
