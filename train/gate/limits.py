"""`python -m train gate-limits`: the limits of the cheap picture checks, set on training films.

A limit is what all but `TAIL` of the good films keep, moved on towards the films spoiled on purpose if there is a gap
between both. Films of the test are never looked at.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.errors import NoLungField
from edge_app.gate import picture_checks
from edge_app.gate.picture_checks import (
    CONTRAST,
    EMPTY,
    LEAST,
    LUNGS_BLACK,
    LUNGS_WHITE,
    MIDDLE_BLACK,
    MIDDLE_WHITE,
    NEIGHBOURS,
    SHARPNESS,
)
from edge_app.imaging import radiograph
from edge_app.imaging.lung_field import LungField
from edge_app.model.classifier import LungFinder
from edge_app.service.screening_run import LIKELY_LEAST_SIDE
from train.films import film_arguments
from train.gate import drawn, spoiled
from train.index import index

# Share of the good films that may fall to one check; eight checks refuse at most 0.4 % together.
TAIL = 0.0005
# Of what a check is for, the share that a limit should still catch where good films leave a gap.
CAUGHT = 0.98
# How far into that gap a limit goes: near the good films, since what lies in the gap was never seen to be good. With
# noise it is near the noise: letters and textures lie in the gap, and they are pictures.
INTO_GAP = {NEIGHBOURS: 0.9}
USUAL_GAP = 0.25
# Films that are spoiled to see where the gap ends; 300 of each kind place a percentile to within one.
SPOILED = 300
# Where fewer than this share is clipped a film can still be read: the limits of black and white lie here or higher.
LEAST_CLIPPED = 0.1
CLIPPED = (MIDDLE_BLACK, MIDDLE_WHITE, LUNGS_BLACK, LUNGS_WHITE)
NOISES = ("white noise", "specks", "television")
# Each check, and the spoiled films that it is for.
FOR = {
    CONTRAST: ("faint",),
    MIDDLE_BLACK: ("dark",),
    MIDDLE_WHITE: ("bright",),
    LUNGS_BLACK: ("dark",),
    LUNGS_WHITE: ("bright",),
    EMPTY: ("half film",),
    SHARPNESS: ("defocused", "moved", "small"),
}


def fit(films: Iterable[tuple[np.ndarray, LungField | None]], seed: int = 0) -> dict[str, float]:
    """Set the limits of `edge_app.gate.picture_checks`.

    Args:
        films: (grey uint8 (H, W), its lungs or None) of good frontal training films, in random order.
        seed: of the spoiling.

    Returns:
        The limit by the name of each value, for the card.
    """
    rng = np.random.default_rng(seed)
    good, bad = [], {name: [] for name in (*FOR, NEIGHBOURS)}
    spoilt = 0
    for grey, field in films:
        good.append(_values(grey, field))
        if field is None or spoilt >= SPOILED:
            continue
        spoilt += 1
        for name, kinds in FOR.items():
            for kind in kinds:
                bad[name].append(_values(spoiled.spoil(kind, grey, field.mask, rng), field)[name])
        noise = drawn.draw(NOISES[spoilt % len(NOISES)], rng, min(grey.shape))
        bad[NEIGHBOURS].append(picture_checks.measure(noise)[NEIGHBOURS])
    return {name: limit(name, [values[name] for values in good if name in values], bad[name]) for name in bad}


def limit(name: str, good: Sequence[float], bad: Sequence[float]) -> float:
    """Return the limit of a value between those of good and of bad films."""
    sign = -1 if name in LEAST else 1
    kept = np.quantile(sign * np.asarray(good), 1 - TAIL)
    # How far the bad ones reach towards the good ones.
    reach = np.quantile(sign * np.asarray(bad), 1 - CAUGHT)
    found = float(sign * (kept + INTO_GAP.get(name, USUAL_GAP) * max(0.0, reach - kept)))
    return round(max(found, LEAST_CLIPPED) if name in CLIPPED else found, 4)


def training_films(table: pd.DataFrame, data: Path, lungs: Path, seed: int = 0):
    """Yield (grey, its lungs or None) of the index's films of splits train and val, in random order.

    They are decoded as small as the edge decodes them: sharpness and noise depend on it.
    """
    finder = LungFinder(lungs)
    chosen = table[table["split"].isin(["train", "val"])].sample(frac=1, random_state=seed)
    for path in tqdm(chosen["path"], desc="films", unit="film", disable=None):
        grey = radiograph.read(data / path, LIKELY_LEAST_SIDE)
        try:
            field = finder.find_lungs(grey)
        except NoLungField:
            field = None
        yield grey, field


def _values(grey: np.ndarray, field: LungField | None) -> dict[str, float]:
    whole = picture_checks.measure(grey)
    return whole if field is None else whole | picture_checks.measure(grey, field)


def add_parser(subparsers) -> None:
    """Add the command `gate-limits`."""
    parser = subparsers.add_parser("gate-limits", help="set the limits of exposure, sharpness and noise")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--out", type=Path, default=Path("build/picture-limits.json"), help="(default: %(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Write the limits as JSON and print them."""
    found = fit(training_films(index.read(args.index), args.data, args.lungs))
    args.out.parent.mkdir(parents=True, exist_ok=True)
    atomic_io.write_json(args.out, found)
    for name, value in found.items():
        print(f"{name}: {'at least' if name in LEAST else 'at most'} {value}")
    return 0
