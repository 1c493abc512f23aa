"""Examples of kinds of picture: films as they are, films that are spoiled, and pictures other than frontal films.

Whole films stand upright in every collection, so a film turned, inverted, cut or photographed is made from one. CT
slices, lateral views and films of other parts of the body are those that the index keeps out; pictures of anything else
come with packages (`train.gate.pictures`).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from edge_app.errors import EdgeError, UnreadableRadiograph
from edge_app.gate import view_classes
from edge_app.imaging import preprocess, radiograph
from train.films import pixels
from train.index.listed_film import CT as CT_SLICE
from train.index.listed_film import LABEL_MISSING, LATERAL_VIEW, NOT_CHEST
from train.lungs import frames, masks
from train.lungs.masks import KEPT_SIZE

# Share of each kind among the examples of a batch: in the first round, which is to draw masks, and in the second, which
# tells kinds too. With half as many masks in all the median overlap on test films was 0.889, and lungs of 4 of 50 were
# not found.
FIRST_SHARES = {
    view_classes.FRONTAL: 0.75,
    view_classes.CUT: 0.05,
    view_classes.LATERAL: 0.05,
    view_classes.CT: 0.05,
    view_classes.PICTURE: 0.1,
}
SHARES = {
    view_classes.FRONTAL: 0.52,
    view_classes.CUT: 0.09,
    view_classes.INVERTED: 0.04,
    view_classes.UPSIDE_DOWN: 0.03,
    view_classes.HEAD_LEFT: 0.02,
    view_classes.HEAD_RIGHT: 0.02,
    view_classes.LATERAL: 0.05,
    view_classes.CT: 0.04,
    view_classes.PART: 0.07,
    view_classes.PICTURE: 0.07,
    view_classes.PHOTOGRAPH: 0.05,
}
# Of the frontal films, the share whose mask is known.
MASKED = 0.8
# Kinds that cannot be made from a frontal film here.
NEVER_MADE = (view_classes.LATERAL, view_classes.CT, view_classes.PICTURE, view_classes.PHOTOGRAPH)
# Of films of other parts, the share that no frontal film gave; of those that are cut, the share that is covered.
REAL_PARTS, COVERED = 0.7, 0.3
# Of films of any kind, the share that hangs in a frame.
FRAMED = 0.3
# Of the lungs' area, what a film must have lost to count as cut.
LOST = 0.22
# A part of a film with less lung than this, as a share of the part, shows another part of the body.
LEAST_LUNG = 0.04
OF_REJECTED = {CT_SLICE: view_classes.CT, LATERAL_VIEW: view_classes.LATERAL, NOT_CHEST: view_classes.PART}
# Kinds that never hang in a frame.
UNFRAMED = (view_classes.CT, view_classes.PICTURE, view_classes.PHOTOGRAPH)


def rejected(data: Path, everything: pd.DataFrame) -> dict[str, dict[str, np.ndarray]]:
    """Return what the index keeps out as CT, lateral view or no chest: {split: {kind: uint8 (N, K, K)}}."""
    splits = masks.patient_splits(everything)
    found: dict[str, dict[str, list[np.ndarray]]] = {}
    kept_out = everything[everything["rejected"].isin(list(OF_REJECTED))]
    for path, why in zip(kept_out["path"], kept_out["rejected"], strict=True):
        split = splits.get(path) or masks.split_by_name(path)
        film = preprocess.to_pixels(pixels.read_film(data / path, KEPT_SIZE), KEPT_SIZE)[..., 0]
        found.setdefault(split, {}).setdefault(OF_REJECTED[why], []).append(film)
    return {split: {kind: np.stack(films) for kind, films in of.items()} for split, of in found.items()}


def is_frontal(rows: pd.DataFrame) -> pd.Series:
    """Tell which rows of an index are kept out for want of a label alone: their collection calls them frontal films."""
    return pd.Series((rows["rejected"] == LABEL_MISSING) & rows["finding"].str.startswith("chest_frontal"))


def frontal(data: Path, everything: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the training films of `is_frontal`: rows of the index, and uint8 (N, K, K)."""
    splits = masks.patient_splits(everything)
    training = everything["path"].map(splits.get) == "train"
    rows = everything.loc[training & is_frontal(everything)].reset_index(drop=True)
    films = [preprocess.to_pixels(pixels.read_film(data / path, KEPT_SIZE), KEPT_SIZE)[..., 0] for path in rows["path"]]
    return rows, np.stack(films) if films else np.zeros((0, KEPT_SIZE, KEPT_SIZE), np.uint8)


def pictures(folder: Path, part: str) -> dict[str, np.ndarray]:
    """Return the pictures of packages by kind, uint8 (N, K, K): `list.csv` of `folder`, rows of `part`.

    Raises:
        EdgeError: the folder holds no list.
    """
    if not (folder / "list.csv").is_file():
        raise EdgeError(f"{folder}: holds no 'list.csv'; make it with 'python -m train gate-pictures --out {folder}'.")
    table = pd.read_csv(folder / "list.csv", keep_default_na=False)
    of = {"ct": view_classes.CT, "mri": view_classes.CT, "part": view_classes.PART}
    found: dict[str, list[np.ndarray]] = {}
    listed = table[table["part"] == part]
    for path, kind in zip(listed["path"], listed["kind"], strict=True):
        film = shown(folder / path)
        if film is not None:
            found.setdefault(of.get(kind, view_classes.PICTURE), []).append(film)
    return {kind: np.stack(films) for kind, films in found.items()}


def shown(path: Path) -> np.ndarray | None:
    """Return a picture as the network would see it, uint8 (K, K); None if the edge cannot read it or it is blank."""
    try:
        grey = radiograph.read(path, preprocess.least_side(KEPT_SIZE))
        return preprocess.to_pixels(grey, KEPT_SIZE)[..., 0]
    except UnreadableRadiograph:
        return None


def draw(pools, rng) -> tuple[str, np.ndarray, np.ndarray, bool]:
    """Draw one example: its kind, picture uint8 (K, K), mask uint8 (K, K), and whether that mask is known."""
    names = [kind for kind in pools.shares if kind in pools.others or kind not in NEVER_MADE]
    shares = np.array([pools.shares[kind] for kind in names])
    kind = names[rng.choice(len(names), p=shares / shares.sum())]
    if kind in pools.others and (kind != view_classes.PART or rng.random() < REAL_PARTS):
        of = pools.others[kind]
        film = of[rng.integers(len(of))]
        if rng.random() < 0.5:  # a lateral view may face either side, and the rest has no sides
            film = np.ascontiguousarray(np.fliplr(film))
        return kind, *_hung(kind, film, np.zeros_like(film), rng), True
    masked = (
        kind in (view_classes.CUT, view_classes.PART)
        or (kind == view_classes.FRONTAL and rng.random() < MASKED)
        or not len(pools.films)
    )
    if masked:
        row = rng.choice(len(pools.chance), p=pools.chance)
        film, mask = pools.drawn.pictures[row], pools.drawn.masks[row]
    else:
        film = pools.films[rng.choice(len(pools.films), p=pools.film_chance)]
        mask = np.zeros_like(film)
    made = spoil(kind, film, mask, rng)
    if made is None:
        kind, made = view_classes.FRONTAL, (film, mask)
    return kind, *_hung(kind, *made, rng), masked or kind != view_classes.FRONTAL


def _hung(kind: str, film: np.ndarray, mask: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """Put some films into frames: uint8 (K, K) each."""
    if kind not in UNFRAMED and rng.random() < FRAMED:
        film, mask = frames.framed(film, mask, rng)
    return np.ascontiguousarray(film), np.ascontiguousarray(mask)


def spoil(kind: str, film: np.ndarray, mask: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray] | None:
    """Make a film of another kind out of a whole upright one.

    Args:
        kind: one of `edge_app.gate.view_classes`.
        film: uint8 (K, K).
        mask: uint8 (K, K), 255 = lung.
        rng: numpy generator.

    Returns:
        Film and mask; None if it cannot be made of this film.
    """
    if kind == view_classes.INVERTED:
        return 255 - film, np.zeros_like(mask)
    if kind == view_classes.UPSIDE_DOWN:  # by half a turn, or mirrored at the horizontal: scanners do both
        return np.flipud(film) if rng.random() < 0.4 else np.rot90(film, 2), np.zeros_like(mask)
    if kind == view_classes.HEAD_LEFT:
        return np.rot90(film), np.zeros_like(mask)
    if kind == view_classes.HEAD_RIGHT:
        return np.rot90(film, -1), np.zeros_like(mask)
    if kind == view_classes.CUT:
        if mask.any() and rng.random() < COVERED:
            return frames.covered(film, mask, rng)
        return _part(film, mask, rng, lambda left, _: left <= 1 - LOST)
    if kind == view_classes.PART:
        found = _part(film, mask, rng, lambda _, share: share < LEAST_LUNG, small=True)
        return found and (found[0], np.zeros_like(found[1]))
    return film, mask


def _part(film, mask, rng, fits, small=False):
    """Crop until `fits(share of the lungs that is left, lung's share of the crop)`; None if it never does."""
    side, total = len(film), int((mask > 127).sum())
    for _ in range(20):
        height, width = rng.uniform(*((0.2, 0.5) if small else (0.4, 1.0)), 2)
        if not small:  # mostly cut on one side: half a film, the upper or lower third lost
            height, width = (
                (height, 1.0) if rng.random() < 0.45 else (1.0, width) if rng.random() < 0.8 else (height, width)
            )
        top, left = rng.uniform(0, 1 - height), rng.uniform(0, 1 - width)
        if not small and rng.random() < 0.8:
            top, left = (0 if rng.random() < 0.5 else 1 - height), (0 if rng.random() < 0.5 else 1 - width)
        rows = slice(int(top * side), max(int(top * side) + 8, int((top + height) * side)))
        columns = slice(int(left * side), max(int(left * side) + 8, int((left + width) * side)))
        inside = int((mask[rows, columns] > 127).sum())
        area = (rows.stop - rows.start) * (columns.stop - columns.start)
        kept = inside / max(1, total)
        if total and fits(kept, inside / area) and (small or kept > 0.15):
            return _square(film[rows, columns]), _square(mask[rows, columns])
    return None


def _square(part: np.ndarray) -> np.ndarray:
    return preprocess.shrink(np.ascontiguousarray(part), KEPT_SIZE)
