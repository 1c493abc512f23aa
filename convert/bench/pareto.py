"""Accuracy against cost of the released networks, as one plot: `python -m convert.bench.pareto`.

Accuracy is the AUC on a collection that none of them learnt from, as their records have it; cost is that of the int8
file without card and lung field: its bytes, its multiply-adds, and its time against `lite0`'s, measured in turn in one
process on this machine.
"""

import argparse
import json
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

from convert.quantize import quantize
from edge_app.errors import EdgeError
from train.training import config

RECORDS = tuple(Path(f"models/{name}.json") for name in ("seed", "covid-xray-short", "covid-xray-lite0"))
UNSEEN = "COVID-19_Radiography_Dataset"
ROUNDS, CALLS = 15, 4


def main(arguments: list[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m convert.bench.pareto", description=__doc__)
    parser.add_argument(
        "records", type=Path, nargs="*", default=RECORDS, help="models/*.json; the last is compared with"
    )
    parser.add_argument("--out", type=Path, default=Path("models/pareto.png"), help="the plot (%(default)s)")
    args = parser.parse_args(arguments)
    try:
        rows = measure(args.records)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2
    draw(rows, args.out)
    print(f"| network | AUC, unseen Radiography set | int8 network | multiply-adds | time against {rows[-1]['name']} |")
    print("| --- | --- | --- | --- | --- |")
    for row in rows:
        auc = "{value:.3f} ({low:.2f} to {high:.2f})".format(**row["auc"])
        cost = f"{row['bytes'] / 1e6:.2f} MB | {row['multiply_adds'] / 1e6:.0f} M | {row['time']:.2f}"
        print(f"| {row['name']} | {auc} | {cost} |")
    return 0


def measure(records: list[Path]) -> list[dict]:
    """Return name, auc {value, low, high}, bytes, multiply_adds and time (1.0: the last) of each record's network.

    Raises:
        EdgeError: a record is not there, or its network was not tested on the collection.
    """
    from ai_edge_litert.interpreter import Interpreter

    from train.models import networks

    rows, runs = [], {}
    for path in records:
        try:
            record = json.loads(path.read_text())
            run = record.get("run", record)
            auc = run["metrics"]["test"]["covid"][UNSEEN]["auc"]
        except (OSError, ValueError, KeyError) as error:
            raise EdgeError(
                f"{path}: is not the record of a run that was tested on {UNSEEN}; see 'make train'."
            ) from error
        settings = config.from_record(run["config"], path)
        model = networks.build(settings.model, settings.size, settings.labels, imagenet=False)
        films = np.random.default_rng(0).integers(0, 256, (quantize.LEAST_CALIBRATION, settings.size, settings.size, 1))
        films = films.astype(np.uint8)
        films[0, 0, :2, 0] = 0, 255
        content = quantize.to_tflite(networks.to_convert(model), "int8", films, blocks=quantize.float_blocks(model))
        one = Interpreter(model_content=content, num_threads=1)
        one.allocate_tensors()
        one.set_tensor(one.get_input_details()[0]["index"], films[:1])
        runs[settings.model] = one
        rows.append({"name": settings.model, "auc": auc, "bytes": len(content), "multiply_adds": multiply_adds(model)})
    times = {name: [] for name in runs}
    for _ in range(ROUNDS):
        for name, one in runs.items():
            one.invoke()
            started = time.perf_counter()
            for _ in range(CALLS):
                one.invoke()
            times[name].append(time.perf_counter() - started)
    last = median(times[rows[-1]["name"]])
    return [row | {"time": median(times[row["name"]]) / last} for row in rows]


def multiply_adds(model) -> int:
    """Count the multiplications of one film's pass through a Keras model's convolutions."""
    from keras import layers

    total = 0
    for layer in model.layers:
        if isinstance(layer, layers.DepthwiseConv2D | layers.Conv2D):
            _, height, width, channels = model.get_layer(layer.name).output.shape
            rows, columns, depth, *_ = np.shape(layer.get_weights()[0])
            each = rows * columns * (1 if isinstance(layer, layers.DepthwiseConv2D) else depth)
            total += height * width * channels * each
    return total


def draw(rows: list[dict], path: Path) -> None:
    """Draw AUC against multiply-adds; the area of a disc is the file's size."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib import ticker

    figure, axes = plt.subplots(figsize=(8, 5), layout="constrained")
    for row in rows:
        cost, auc = row["multiply_adds"] / 1e6, row["auc"]
        axes.errorbar(
            cost, auc["value"], [[auc["value"] - auc["low"]], [auc["high"] - auc["value"]]], color="#2166ac", capsize=3
        )
        axes.scatter(cost, auc["value"], row["bytes"] / 1e4, color="#2166ac", alpha=0.35)
        axes.annotate(
            f"{row['name']}\n{row['bytes'] / 1e6:.2f} MB", (cost, auc["value"]), (8, 8), textcoords="offset points"
        )
    costs = [row["multiply_adds"] / 1e6 for row in rows]
    axes.set(
        xscale="log",
        xlim=(min(costs) / 1.3, max(costs) * 1.5),  # room for the words
        ylim=(min(row["auc"]["low"] for row in rows) - 0.05, max(row["auc"]["high"] for row in rows) + 0.05),
        xlabel="multiply-adds of one film, millions",
        ylabel="AUC of COVID-19 in the unseen Radiography set, 95 % interval",
        title="Accuracy against cost; the disc's area is the int8 file's size",
    )
    for axis in (axes.xaxis.set_major_formatter, axes.xaxis.set_minor_formatter):
        axis(ticker.StrMethodFormatter("{x:g}"))
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    sys.exit(main())
