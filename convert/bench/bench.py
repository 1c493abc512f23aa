"""Time the edge against TensorFlow with the H5 file, in turn, in one run: `make bench`.

Both do the same job on the same films. What counts is the ratio: the machine may be shared, so each round times one
after the other and the medians of the rounds are compared.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from statistics import median

import cv2

from edge_app import atomic_io
from edge_app.bench import process_stats
from edge_app.imaging import radiograph
from edge_app.model import model_file
from edge_app.sources import sample

ROUNDS = 5
STEPS = ("decode_ms", "lungs_ms", "crop_ms", "invoke_ms")
# (name, width, height): what a digital radiography system, a phone and a public collection hand over.
FILMS = (("png-2566x2566.png", 2566, 2566), ("jpeg-3000x2500.jpg", 3000, 2500), ("png-299x299.png", 299, 299))


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(prog="python -m convert.bench.bench", description=__doc__)
    parser.add_argument("--edge", type=Path, required=True, help="Python of the edge environment")
    parser.add_argument("--model", type=Path, default=Path("models/covid-xray-lite0-int8.tflite"))
    parser.add_argument("--h5", type=Path, default=Path("models/runs/lite0/model.h5"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        h5 = args.h5 if args.h5.is_file() else _untrained(Path(folder), args.h5, model_file.read(args.model).card.size)
        figures = compare(args.edge, args.model, h5, make_films(Path(folder)), args.rounds)
    print(report(figures))
    if args.json:
        atomic_io.write_json(args.json, figures)
    return 0


def make_films(folder: Path) -> list[Path]:
    """Write the sample DICOM's film in the sizes and formats of `FILMS`; return it and them."""
    grey = radiograph.read(sample.path())
    paths = [sample.path()]
    for name, width, height in FILMS:
        path = folder / name
        cv2.imwrite(str(path), cv2.resize(grey, (width, height), interpolation=cv2.INTER_AREA))
        paths.append(path)
    return paths


def compare(edge: Path, model: Path, h5: Path, films: list[Path], rounds: int) -> dict:
    """Run both in turn `rounds` times; return {"edge": figures, "tensorflow": figures}, medians over the rounds."""
    names = [str(film) for film in films]
    commands = {
        "edge": (
            [edge, "-m", "edge_app", "bench", *names, "--model", model, "--json"],
            [edge, "-m", "edge_app", "classify", names[1], "--model", model, "--json"],
        ),
        "tensorflow": (
            [sys.executable, "-m", "convert.bench.bench_tensorflow", h5, model, *names],
            [sys.executable, "-m", "convert.bench.bench_tensorflow", h5, model, names[1], "--first"],
        ),
    }
    seen = {side: {"steps": [], "first": [], "memory": []} for side in commands}
    for round_ in range(rounds):
        for side, (steps, first) in commands.items():
            print(f"round {round_ + 1} of {rounds}: {side}", file=sys.stderr)
            seen[side]["steps"].append(json.loads(_run(steps)["stdout"]))
            seen[side]["first"].append(_run(first))
            seen[side]["memory"].append(_run(first, memory=True))
    return {side: _medians(runs) for side, runs in seen.items()}


def report(figures: dict) -> str:
    """Return the figures as a Markdown table with the ratio of TensorFlow to the edge in the last column."""
    edge, heavy = figures["edge"], figures["tensorflow"]
    lines = ["| what | edge | TensorFlow + H5 | ratio |", "| --- | --- | --- | --- |"]

    def line(name, ours, theirs, unit):
        lines.append(f"| {name} | {ours:.1f} {unit} | {theirs:.1f} {unit} | {theirs / ours:.1f} |")

    line("start-up to first verdict, process included", edge["first_ms"], heavy["first_ms"], "ms")
    line("CPU time of that, all processes", edge["first_cpu_ms"], heavy["first_cpu_ms"], "ms")
    line("peak memory of that, all processes (PSS)", edge["pss_mb"], heavy["pss_mb"], "MB")
    line("peak memory of that, all processes (RSS)", edge["rss_mb"], heavy["rss_mb"], "MB")
    for film in edge["films"]:
        for step in STEPS:
            line(f"{film}: {step.removesuffix('_ms')}", edge["films"][film][step], heavy["films"][film][step], "ms")
    return "\n".join(lines)


def _run(command, memory: bool = False) -> dict:
    done = process_stats.run(command, memory=memory)
    if done["code"]:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {done['code']}\n{done['stderr']}")
    return done


def _medians(runs: dict) -> dict:
    steps = runs["steps"]
    return {
        "first_ms": median(run["seconds"] * 1000 for run in runs["first"]),
        "first_cpu_ms": median(run["cpu_seconds"] * 1000 for run in runs["first"]),
        "pss_mb": median(run["pss_mb"] for run in runs["memory"]),
        "rss_mb": median(run["rss_mb"] for run in runs["memory"]),
        "films": {
            row["film"]: {name: median(run["films"][i][name]["median"] for run in steps) for name in STEPS}
            for i, row in enumerate(steps[0]["films"])
        },
    }


def _untrained(folder: Path, missing: Path, size: int) -> Path:
    """Write an H5 of the same network with random weights: as fast as the trained one, which a fresh clone lacks."""
    from train.models import networks

    print(f"{missing}: not here; timing the same network with random weights instead.", file=sys.stderr)
    path = folder / "untrained.h5"
    networks.build("lite0", size, ("normal", "covid", "pneumonia"), imagenet=False).save(path)
    return path


if __name__ == "__main__":
    sys.exit(main())
