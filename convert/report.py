"""What became of a run, variant by variant: `covid-xray-NAME-conversion.html`, and the same figures as JSON."""

from collections import Counter
from pathlib import Path

import numpy as np

from convert.modelfile import inspect_file
from convert.product import Product
from convert.quantize import layer_errors
from convert.quantize.layer_errors import LayerError
from convert.verify import acceptance, speed
from convert.verify.runtimes import Place
from train.reporting.page import Fact, Page, one_plot


def measure(products: list[Product], film: np.ndarray, labels: int, places: list[Place]) -> dict:
    """Add to each product's figures what it costs: {name: {ms, operators, xnnpack, ...}}.

    Args:
        products: of `release.make`.
        film: uint8 (1, S, S, 1), what is timed.
        labels: labels of the scores.
        places: of `runtimes`.
    """
    files = {one.name: (one.flatbuffer, one.variant.films(film)) for one in products}
    times = speed.measure(files, labels, places)
    return {
        one.name: one.figures
        | {
            "cost": times[one.name],
            "operators": {
                f"{name} v{version}": n
                for (name, version), n in Counter(inspect_file.operators(one.flatbuffer)).items()
            },
            "xnnpack": speed.taken(one.flatbuffer),
        }
        for one in products
    }


def page(network: str, figures: dict[str, dict], layers: list[LayerError], made: str) -> Page:
    """Return the report of `measure`'s figures, and of the errors of its layers."""
    report = Page(
        f"Conversion of {network}",
        "Every file the run can become, run film by film in the runtimes it is for and held against the Keras model.",
        made,
    )
    short = {name: found["shortfalls"] for name, found in figures.items()}
    passed = sum(not sentences for sentences in short.values())
    report.facts([Fact("files that pass every gate", f"{passed} of {len(short)}")])
    _gates(report, figures)
    _cost(report, figures)
    _operators(report, figures)
    _layers(report, layers)
    return report


def write(network: str, figures: dict[str, dict], layers: list[LayerError], made: str, path: Path) -> None:
    """Write the report as one HTML file."""
    page(network, figures, layers, made).write(path)


def _gates(report, figures) -> None:
    section = report.section(
        "Gates",
        "On the validation films, at the Keras model's thresholds, which each file's card carries. "
        f"Allowed: AUC lower by {acceptance.MOST_AUC_LOSS}, sensitivity by {acceptance.MOST_SENSITIVITY_LOSS:.0%}, "
        f"verdicts changed {acceptance.MOST_FLIPS:.0%}, ECE up by {acceptance.MOST_ECE_RISE}, heat maps correlated "
        f"{acceptance.LEAST_HEAT}. A file that falls short is not written.",
    )
    rows = []
    for name, found in figures.items():
        for place, seen in found["gates"].items():
            if "auc" not in seen:
                apart = f"scores within {seen['most_apart']:.4f} of the first runtime's" if seen else "does not run"
                rows.append((name, place, apart, "", "", "", "", "yes" if seen else "no"))
                continue
            short = any(place in sentence for sentence in found["shortfalls"])
            changes = _change(seen["auc"], 4), _change(seen["sensitivity"], 3), f"{seen['flips']:.2%}"
            heat = "-" if seen["heat"] is None else f"{seen['heat']:.3f}"
            rows.append((name, place, *changes, _change(seen["ece"], 3), heat, "no" if short else "yes"))
    header = ("file", "runtime", "AUC", "sensitivity", "verdicts changed", "calibration error", "heat maps", "passes")
    section.table(header, rows, "In brackets: less the Keras model's figure.")
    for name, found in figures.items():
        if found["shortfalls"]:
            section.note(f"{name} is not written: {'; '.join(found['shortfalls'])}.")


def _change(figure: dict, digits: int) -> str:
    """Return a figure of the file and, in brackets, what it is more than the model's."""
    return f"{figure['child']:.{digits}f} ({figure['child'] - figure['parent']:+.{digits}f})"


def _cost(report, figures) -> None:
    section = report.section(
        "Cost",
        "One film, process by process, the files in turn; medians. The machine is shared, so read the ratios. ONNX "
        "Runtime runs what tf2onnx makes of the file; OpenCV reads the file itself.",
    )
    rows = []
    for name, found in figures.items():
        for place, counts in found["cost"].items():
            if "left_out" in counts:
                rows.append(
                    (name, f"{found['bytes'] / 1e6:.2f}", place, *["-"] * len(speed.THREADS), counts["left_out"])
                )
                continue
            ms = [f"{seen['ms']:.1f}" for seen in counts.values()]
            peak = max(seen["peak_mb"] for seen in counts.values())
            rows.append((name, f"{found['bytes'] / 1e6:.2f}", place, *ms, f"{peak:.0f}"))
    threads = [f"ms, {count} threads" for count in speed.THREADS]
    section.table(("file", "MB", "runtime", *threads, "peak memory, MB"), rows)
    names = list(figures)
    places = list(dict.fromkeys(place for found in figures.values() for place in found["cost"]))
    figure, axes = one_plot((7.5, 1.2 + 0.16 * len(names) * len(places)))
    height = 0.8 / len(places)
    for i, place in enumerate(places):
        ms = [figures[name]["cost"].get(place, {}).get("1", {}).get("ms", 0) for name in names]
        axes.barh([row + i * height for row in range(len(names))], ms, height, label=place)
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(names))], names)
    axes.invert_yaxis()
    axes.set(xlabel="ms a film, one thread", xscale="log")
    axes.legend()
    section.figure(
        figure, "bars of milliseconds by file and runtime", "Time of one film; no bar: it cannot run the file."
    )


def _operators(report, figures) -> None:
    section = report.section("Operators", "What a runtime must know, and what LiteRT's XNNPACK delegate took of it.")
    rows = []
    for name, found in figures.items():
        seen = found["xnnpack"]
        left = f"; left: {', '.join(seen['left'])}" if seen["left"] else ""
        most = sorted(found["operators"].items(), key=lambda item: -item[1])
        rows.append((name, f"{seen['taken']} of {seen['operators']}{left}", ", ".join(f"{op} x {n}" for op, n in most)))
    section.table(("file", "XNNPACK", "operators"), rows)


def _layers(report, layers) -> None:
    section = report.section(
        "Layers",
        "What 8 bits would cost each layer by itself, on the same inputs, were all of them in 8 bits: the error, as a "
        "share of its answer's own spread. The files named int8 leave the first layers and the last in floats.",
    )
    figure, axes = one_plot((7.5, 3.6))
    kinds = list(dict.fromkeys(error.operator for error in layers))
    for kind in kinds:
        found = [(place, error.noise) for place, error in enumerate(layers) if error.operator == kind]
        axes.plot(*zip(*found, strict=True), "o", label=kind)
    axes.set(xlabel="layer, from the film to the scores", ylabel="error over spread, dB", ylim=(-80, None))
    axes.legend()
    section.figure(figure, "error of each layer in decibels", "Lower is better; -40 dB is a hundredth.")
    rows = [(e.name, e.operator, f"{e.steps:.2f}", f"{e.noise:.1f}") for e in layer_errors.worst(layers)]
    section.table(("worst layers", "operator", "error, steps of its scale", "error over spread, dB"), rows)
