"""`python -m train outline`: learn which quadrangle of a photograph is a film.

It writes `edge_app/camera/detect/quad_scorer.npz`.

Photographs are simulated from training films, some of them turned or inverted, and watched on others from validation
films; light boxes and monitors without a film, and ordinary pictures, have none to be found.
"""

import hashlib
import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app import atomic_io
from edge_app.camera.detect import outline, quad_scorer
from edge_app.camera.detect.quad_scorer import QuadScorer
from edge_app.imaging import radiograph
from edge_app.service.screening_run import LIKELY_LEAST_SIDE
from train.films import film_arguments, photographs
from train.index import film_margin, index
from train.models import keras_calls
from train.photograph import simulator
from train.photograph.severity import SEVERITIES
from train.reporting import provenance

# Photographs to learn from, and to watch on; of each the shares that hold no film, and that of those with two.
LEARNT, WATCHED = 3600, 400
PICTURE, EMPTY, TWO = 0.1, 0.06, 0.08
# Chances that a film is inverted, upside down or turned sideways: it is a film all the same.
INVERTED, UPSIDE_DOWN, SIDEWAYS = 0.08, 0.08, 0.08
# A quadrangle fits wholly up to the first of these errors, shares of the film's width, and not at all from the other.
FITS, FITS_NOT = 0.01, 0.05
# What counts as found.
FOUND = 0.02
HIDDEN = (64, 32)
# Passes over what the sides and the looks say; there are ten times as many of the first.
EPOCHS = {"sides": 10, "look": 40}
BATCH, RATE, DECAY, DROPOUT, NOISE = 512, 1e-3, 1e-3, 0.1, 0.15
SEED = 20200316
PROCESSES = 2


def add_parser(subparsers) -> None:
    """Declare `train outline`."""
    parser = subparsers.add_parser("outline", help="learn which quadrangle of a photograph is a film")
    film_arguments.add(parser)
    parser.add_argument("--pictures", type=Path, default=Path("build/pictures"), help="of gate-pictures (%(default)s)")
    parser.add_argument(
        "--out", type=Path, default=quad_scorer.WEIGHTS, help="the weights (those that the camera uses)"
    )
    parser.add_argument("--recount", action="store_true", help="learn nothing; count what the weights of --out find")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Learn both networks, write them and a record beside, and print what they find."""
    table = index.read(args.index)
    watched = _frames(table, "val", WATCHED, args)
    beside = args.out.with_suffix(".json")
    if args.recount:
        record = json.loads(beside.read_text()) | {"counted": provenance.commit()}
    else:
        record = _learnt(_frames(table, "train", LEARNT, args), args.out)
        record["index_sha256"] = index.sha256(args.index)
    record["found"] = count(watched, QuadScorer(args.out))
    atomic_io.write_json(beside, record)
    for name, share in record["found"].items():
        print(f"{name}: {share:.3f}")
    return 0


def _learnt(learnt, out: Path) -> dict:
    """Learn both networks from photographs, write them to `out`, and return what made them."""
    provenance.fix_seed(SEED)
    sides = [_by_sides(frame) for frame in tqdm(learnt, desc="sides", unit="photograph", disable=None)]
    networks = {"sides": _learn("sides", *map(np.concatenate, zip(*sides, strict=True)))}
    del sides
    _write(networks | {"look": None}, out)
    scorer = QuadScorer(out)
    looks = [_by_look(frame, scorer) for frame in tqdm(learnt, desc="looks", unit="photograph", disable=None)]
    networks["look"] = _learn("look", *map(np.concatenate, zip(*looks, strict=True)))
    _write(networks, out)
    return {
        "commit": provenance.commit(),
        "versions": provenance.versions(),
        "photographs": {"learnt": LEARNT, "watched": WATCHED, "seed": SEED},
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
    }


def count(frames, scorer: QuadScorer) -> dict[str, float]:
    """Return how often the edge finds the film, by severity, and how often one where there is none.

    Args:
        frames: (file, corners float (films, 4, 2) or None, severity), each.
        scorer: scores the quadrangles.
    """
    right: dict[str, list[bool]] = {}
    for pixels, corners, severity in map(_opened, frames):
        found = outline.find(pixels, scorer)
        if corners is None:
            right.setdefault("film where there is none", []).append(bool(found))
        elif len(corners) > 1:
            right.setdefault("two films found to be two", []).append(len(found) == len(corners))
        else:
            fits = bool(found) and error(found[0].corners, corners[0]) <= FOUND
            right.setdefault(f"found at severity {severity}", []).append(bool(fits))
            right.setdefault("one film found to be several", []).append(len(found) > 1)
    return {name: float(np.mean(answers)) for name, answers in sorted(right.items())}


def error(found: np.ndarray, corners: np.ndarray) -> float:
    """Return the distance of the worst corner from where it should be, as a share of the film's width.

    Args:
        found: float (..., 4, 2).
        corners: float (4, 2), from the film's upper left clockwise.
    """
    width = (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
    return np.linalg.norm(found - corners, axis=-1).max(axis=-1) / width


def _frames(table: pd.DataFrame, split: str, number: int, args) -> list[tuple[Path, np.ndarray | None, int]]:
    """Return photographs on the disk, taking those that are not there yet: (file, corners or None, severity) each."""
    folder = args.cache / f"outline-{split}-{frames_key(index.sha256(args.index))}"
    folder.mkdir(parents=True, exist_ok=True)
    films = [args.data / path for path in table.loc[table["split"] == split, "path"]]
    listed = pd.read_csv(args.pictures / "list.csv")
    pictures = [args.pictures / path for path in listed.loc[listed["part"] == "train", "path"]]
    take = partial(_take, films, pictures, folder, split)
    with ProcessPoolExecutor(PROCESSES) as pool:
        return list(tqdm(pool.map(take, range(number), chunksize=8), total=number, desc=folder.name, disable=None))


def frames_key(index_sha256: str) -> str:
    """Return the key of photographs on the disk: 8 hex digits, of the simulator, the index and every setting."""
    settings = (photographs.simulator_hash(), index_sha256, SEED, PICTURE, EMPTY, TWO, INVERTED, UPSIDE_DOWN, SIDEWAYS)
    return hashlib.sha256(repr(settings).encode()).hexdigest()[:8]


def _take(films: list[Path], pictures: list[Path], folder: Path, split: str, at: int):
    rng = np.random.default_rng((SEED, split == "val", at))
    severity, path, kind = int(rng.choice(list(SEVERITIES))), folder / f"{at}.jpg", rng.random()
    known = path.with_suffix(".npy")  # the films' corners
    if known.exists():
        corners = np.load(known)
        return path, corners if len(corners) else None, severity
    if kind < PICTURE:
        picture = radiograph.read(pictures[rng.integers(len(pictures))], 640)
        cv2.imwrite(str(path), cv2.resize(picture, simulator.SIZE, interpolation=cv2.INTER_AREA))
        np.save(known, np.empty((0, 4, 2)))
        return path, None, severity
    grey = _film(films, rng)
    how = rng.random()
    if how < INVERTED:
        grey = 255 - grey
    elif how < INVERTED + UPSIDE_DOWN:
        grey = np.rot90(grey, 2)
    elif how < INVERTED + UPSIDE_DOWN + SIDEWAYS:
        grey = np.rot90(grey, rng.choice([1, 3]))
    shown = [np.ascontiguousarray(grey)]
    if PICTURE + EMPTY <= kind < PICTURE + EMPTY + TWO:
        shown.append(_film(films, rng))
    empty = kind < PICTURE + EMPTY
    taken = simulator.several(shown, rng, severity, empty=empty)
    cv2.imwrite(str(path), taken.pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 96])
    np.save(known, np.empty((0, 4, 2)) if empty else taken.all_corners)
    return path, None if empty else taken.all_corners, severity


def _film(films: list[Path], rng: np.random.Generator) -> np.ndarray:
    return film_margin.trimmed(radiograph.read(films[rng.integers(len(films))], LIKELY_LEAST_SIDE))


def _opened(frame):
    path, corners, severity = frame
    return cv2.imread(str(path))[..., ::-1].copy(), corners, severity


def _lighter(pixels: np.ndarray) -> np.ndarray:
    """Return the grey levels in which outlines are looked for, uint8 (H, W), of uint8 RGB (H, W, 3)."""
    return outline.LIGHTER[np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)]


def _by_sides(frame) -> tuple[np.ndarray, np.ndarray]:
    """Return features and how well each candidate fits, as far as the small frame tells."""
    pixels, corners, _ = _opened(frame)
    small, scale = outline.shrunk(_lighter(pixels))
    found = outline.candidates(small)
    if not len(found.corners):
        return np.empty((0, outline.SIDE_FEATURES), np.float32), np.empty(0, np.float32)
    # The sides are moved by a pixel or two later.
    return found.features, _fit(_nearest((found.corners + 0.5) * scale - 0.5, corners) - 0.005)


def _by_look(frame, scorer: QuadScorer) -> tuple[np.ndarray, np.ndarray]:
    """Return features and how well each candidate that is looked at fits."""
    pixels, corners, _ = _opened(frame)
    grey = _lighter(pixels)
    small, scale = outline.shrunk(grey)
    found = outline.candidates(small)
    if not len(found.corners):
        return np.empty((0, outline.SIDE_FEATURES + outline.LOOK_FEATURES), np.float32), np.empty(0, np.float32)
    found = outline.closely(found, small, scorer)
    moved = np.array([outline.refined(grey, one, scale) for one in found.corners])
    return found.features, _fit(_nearest(moved, corners))


def _nearest(found: np.ndarray, corners: np.ndarray | None) -> np.ndarray:
    """Return the error of each quadrangle, float (K,), against the film that it is nearest to."""
    if corners is None:
        return np.ones(len(found))
    return np.min([error(found, film) for film in corners], axis=0)


def _fit(off: np.ndarray) -> np.ndarray:
    return np.clip((FITS_NOT - off) / (FITS_NOT - FITS), 0, 1).astype(np.float32)


def _learn(network: str, features: np.ndarray, fits: np.ndarray) -> list[np.ndarray]:
    """Fit a network; return its weights and biases in turn."""
    import keras

    spread = features.std(axis=0) + 0.05
    middle = features.mean(axis=0)
    model = _network(features.shape[1])
    steps = EPOCHS[network] * (len(features) // BATCH + 1)
    rate = keras.optimizers.schedules.CosineDecay(RATE, steps)
    model.compile(keras_calls.adam(rate, DECAY), "binary_crossentropy")
    model.fit((features - middle) / spread, fits, batch_size=BATCH, epochs=EPOCHS[network], verbose=2, shuffle=True)
    first, bias, *rest = model.get_weights()
    # The features' mean and spread go into the first layer.
    return [first / spread[:, np.newaxis], bias - (middle / spread) @ first, *rest]


def _network(features: int) -> Any:
    """Return an untrained network: float (N, features) -> how well each quadrangle fits, float (N, 1) in 0 .. 1."""
    import keras

    return keras.Sequential(
        [
            keras.layers.Input((features,)),
            keras.layers.GaussianNoise(NOISE),
            keras.layers.Dense(HIDDEN[0], "relu"),
            keras.layers.Dropout(DROPOUT),
            keras.layers.Dense(HIDDEN[1], "relu"),
            keras.layers.Dense(1, "sigmoid"),
        ]
    )


def _write(networks: dict, out: Path) -> None:
    parts = {}
    for name, weights in networks.items():
        for at, value in enumerate(weights or []):
            parts[f"{name}_{'bias' if at % 2 else 'weights'}{at // 2}"] = value.astype(np.float16)
    with atomic_io.writing(out) as file:
        np.savez_compressed(file, **parts)
