"""`python -m convert.lungs`: turn a run of the lung-field network into the file that crops films."""

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from convert.quantize import quantize
from edge_app import atomic_io
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.imaging import preprocess
from edge_app.model import classifier
from train.films import film_arguments, pixels
from train.gate import limits
from train.index import index
from train.lungs import examples, fit, masks, report, training_round

# Training films of every source for the ranges of activations, and the drawn ones.
CALIBRATION_PER_SOURCE = 60
# Share of the frontal validation films of the source with the highest chances that each limit of a chance lets through,
# and where such a limit may lie: what is likelier than not is refused whatever a source says, since some of its films
# are views of another kind. A source of fewer films is not asked.
PASSING, LOWEST, HIGHEST = 0.995, 0.35, 0.5
LEAST_OF_SOURCE = 50
# The int8 file may lose this much median overlap against the Keras model, no more.
MOST_LOSS = 0.01


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m convert.lungs", description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", default=fit.RUN, help="run folder (%(default)s)")
    film_arguments.add(parser)
    parser.add_argument("--out", type=Path, default=pixels.LUNGS, help="the file (%(default)s)")
    args = parser.parse_args(arguments)
    try:
        return _convert(args)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2


def _convert(args) -> int:
    record = json.loads((args.run / "run.json").read_text()) if (args.run / "run.json").is_file() else {}
    if "metrics" not in record:
        raise EdgeError(f"{args.run}: holds no finished run of the lung-field network; run 'make lungs' first.")
    everything = index.read(args.index)
    indexed = film_arguments.read(args)
    films = indexed.table
    shuffled = films.loc[films["split"] == "train"].sample(frac=1, random_state=1)
    kept = shuffled.groupby("source").head(CALIBRATION_PER_SOURCE)
    whole = pixels.load(indexed, preprocess.LUNG_SIZE)
    drawn = {split: examples.read(masks.listing(args.data, everything), args.data, split) for split in ("val", "test")}
    content, files = convert(args.run, whole[kept.index.to_numpy()], drawn)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    atomic_io.write(args.out, content)
    files["bytes"] = len(content)
    val = films["split"] == "val"
    views = view_limits(args.out, whole[np.flatnonzero(val)], films.loc[val, "source"])
    gate = views | {"picture": limits.fit(limits.training_films(films, args.data, args.out))}
    written = {"run": record, "int8": files, "gate": gate}
    atomic_io.write_json(args.out.with_suffix(".json"), written)
    print(f"{args.out}  {len(content) / 1e3:.0f} kB  median IoU on test films {files['test']['median_iou']:.3f}")
    return 0


def view_limits(path: Path, films: np.ndarray, sources: pd.Series) -> dict[str, float]:
    """Choose the gate's limits of the chances of views: few validation films of any source may exceed them.

    Args:
        path: the `.tflite`.
        films: uint8 (N, 128, 128, 1), validation films, all frontal and whole.
        sources: of each film, N names.
    """
    finder = classifier.LungFinder(path)
    seen = [finder.look(film)[1] for film in films]
    chances = pd.DataFrame(
        {
            "wrong": [sum(one.get(view, 0.0) for view in view_classes.WRONG) for one in seen],
            "cut": [one[view_classes.CUT] for one in seen],
        }
    )
    names = sources.to_numpy()
    many = sources.groupby(names).transform("size").to_numpy() >= LEAST_OF_SOURCE
    asked = many if many.any() else np.full(len(names), True)
    worst = chances.loc[asked].groupby(names[asked]).quantile(PASSING).max()
    return {name: round(float(np.clip(worst[name], LOWEST, HIGHEST)), 4) for name in chances}


def convert(run_dir: Path, calibration: np.ndarray, drawn: dict) -> tuple[bytes, dict]:
    """Quantize the network of a finished run and measure the file.

    Args:
        run_dir: of `train lungs`.
        calibration: uint8 (N, 128, 128, 1), whole films.
        drawn: `examples.Examples` by split: val and test.

    Returns:
        The flatbuffer, and its figures by split with its sha256.

    Raises:
        EdgeError: it overlaps less than the Keras model by more than `MOST_LOSS`.
    """
    import keras

    from train.lungs import network

    model = keras.models.load_model(run_dir / "model.keras", compile=False)
    content = quantize.to_tflite(network.fold(model), "int8", calibration)
    part = run_dir / "int8.tflite"
    part.write_bytes(content)
    finder, figures = classifier.LungFinder(part), {}
    for split, some in drawn.items():
        pictures = examples.plain(some)[0]
        found = report.measure(np.stack([finder.lungs(picture) for picture in pictures]), some)
        before = report.measure(training_round.chances(model, pictures), some)
        if found["median_iou"] < before["median_iou"] - MOST_LOSS:
            raise EdgeError(
                f"{run_dir}: int8 overlaps {found['median_iou']:.3f} on the {split} films, the Keras model "
                f"{before['median_iou']:.3f}; at most {MOST_LOSS} less is allowed; no file was written."
            )
        figures[split] = found
    return content, {"sha256": hashlib.sha256(content).hexdigest()} | figures


if __name__ == "__main__":
    sys.exit(main())
