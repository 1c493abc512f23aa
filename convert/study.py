"""`python -m convert study RUN`: what quantization costs a network, on its validation films; prints Markdown tables.

Three questions, one table each: how many films make stable ranges (`sizes`), which scheme loses least (`schemes`),
which layers 8 bits serve worst (`layers`). Every figure compares a file in LiteRT with the Keras model it comes from,
on the validation films and at its thresholds; no test film takes part.
"""

from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from convert.quantize import calibration_films, layer_errors, quantize, ranges
from convert.verify import runtimes
from train.films import film_arguments
from train.films.film_dataset import FilmDataset

if TYPE_CHECKING:
    from convert.finished_run import FinishedRun

PARTS = ("sizes", "schemes", "layers")
SIZES, SEEDS = (1, 2, 5, 10, 25, 50), (1, 2, 3)
BLOCKS = (0, 3, 5, 8)


@dataclass(frozen=True)
class Subject:
    """A run to study, and the films that it has seen."""

    run: "FinishedRun"
    dataset: FilmDataset

    def calibration(self, per_cell: int, seed: int) -> np.ndarray:
        """Return `per_cell` training films of every source and label, and a black and a white pixel."""
        rows = calibration_films.rows(self.dataset.films, self.run.record, per_cell, seed, least=0)
        return calibration_films.whole_range(self.dataset.pixels[rows])

    def training(self) -> np.ndarray:
        """Return all training films of the run's labels."""
        films = self.dataset.films
        return self.dataset.pixels[calibration_films.rows(films, self.run.record, per_cell=len(films))]

    def judge(self, content: bytes) -> dict:
        """Return `acceptance.figures` of an edge file in LiteRT, with its `bytes` and `ms` a film."""
        held_out, labels = self.run.held_out, self.run.labels
        outcome = runtimes.run(runtimes.here()[0], content, held_out.pixels[held_out.validation], len(labels))
        found = held_out.compare(outcome.answers, labels, self.run.thresholds)
        return found | {"bytes": len(content), "ms": median(outcome.ms)}


def add_parser(subparsers) -> None:
    """Declare `convert study`."""
    parser = subparsers.add_parser("study", help="what quantization costs: films, schemes, layers (half an hour)")
    parser.add_argument("run", type=Path, nargs="?", default=Path("models/runs/lite0"), help="run folder (%(default)s)")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="(default: all)")
    film_arguments.add(parser, lungs=True)
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run the command."""
    from convert import finished_run

    films = finished_run.seen_films(args)
    subject = Subject(finished_run.load(args.run, films, args.lungs), films)
    for part in args.parts:
        for line in {"sizes": sizes, "schemes": schemes, "layers": layers}[part](subject):
            print(line, flush=True)
        print()
    return 0


def sizes(subject):
    """Yield the table of how many films a source and label are calibrated on: the released scheme, three draws each."""
    yield "| films a source and label | films | mean change of scores, 3 draws | verdicts changed | AUC changed |"
    yield "| --- | --- | --- | --- | --- |"
    for per_cell in SIZES:
        seen, count, blocks = [], 0, quantize.float_blocks(subject.run.model)
        for seed in SEEDS:
            films = subject.calibration(per_cell, seed)
            count = len(films)
            seen.append(subject.judge(_mixed(_measured(subject.run.model, films), blocks)))
        change = [found["score_difference"]["mean"] for found in seen]
        flips = [found["flips"] for found in seen]
        auc = [found["auc"]["child"] - found["auc"]["parent"] for found in seen]
        spans = f"{_span(change, '.4f')} | {_span(flips, '.2%')} | {_span(auc, '+.4f')}"
        yield f"| {per_cell} | {count} | {spans} |"


def schemes(subject):
    """Yield the table of schemes: ranges, kernels, blocks in floats, quantization-aware fine-tuning."""
    yield "| scheme | MB | mean change of scores | verdicts changed | AUC changed | heat maps | time |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    from convert.quantize import qat
    from train.models import networks as networks

    model = subject.run.model
    films = subject.calibration(calibration_films.PER_CELL, calibration_films.SEED)
    least_most, narrow = _measured(model, films, narrowed=False), _measured(model, films)
    learnt = _measured(qat.fine_tune(model, subject.training()), films)
    released, blocks = _mixed(narrow, quantize.float_blocks(model)), quantize.float_blocks(model)
    rows = {
        "int8-full, ranges from least to most": quantize.to_integers(least_most, "int8-full"),
        "int8-full, ranges narrowed": quantize.to_integers(narrow, "int8-full"),
        "the same, one scale a kernel": quantize.to_integers(narrow, "int8-full", per_channel=False),
        "the same, fine-tuned with rounding": quantize.to_integers(learnt, "int8-full"),
        **{f"int8, ends and {count} blocks in floats": _mixed(narrow, count) for count in BLOCKS},
        "released, ranges from least to most": _mixed(least_most, blocks),
        "released, one scale a kernel": quantize.to_integers(
            narrow, "int8", quantize.ends(narrow, blocks), per_channel=False
        ),
        "released, fine-tuned with rounding": _mixed(learnt, blocks),
        "float32": quantize.to_tflite(networks.to_convert(model), "float32"),
    }
    base = subject.judge(released)["ms"]
    for name, content in rows.items():
        found = subject.judge(content)
        auc, change = found["auc"]["child"] - found["auc"]["parent"], found["score_difference"]["mean"]
        yield (
            f"| {name} | {found['bytes'] / 1e6:.2f} | {change:.4f} | {found['flips']:.2%} | {auc:+.4f} | "
            f"{found['heat']:.3f} | {found['ms'] / base:.2f} |"
        )


def layers(subject):
    """Yield the table of the layers that 8 bits serve worst, were all of them in 8 bits."""
    films = subject.calibration(calibration_films.PER_CELL, calibration_films.SEED)
    errors = layer_errors.measure(_measured(subject.run.model, films), films)
    yield "| layer | operator | error, steps | error over spread, dB |"
    yield "| --- | --- | --- | --- |"
    for error in layer_errors.worst(errors, 12):
        yield f"| {error.name} | {error.operator} | {error.steps:.2f} | {error.noise:.1f} |"
    steps, noise = (median(getattr(error, name) for error in errors) for name in ("steps", "noise"))
    yield f"| median of {len(errors)} | | {steps:.2f} | {noise:.1f} |"


def _measured(model, films: np.ndarray, *, narrowed: bool = True) -> bytes:
    from train.models import networks as networks

    least = np.resize(films, (max(len(films), quantize.LEAST_CALIBRATION), *films.shape[1:]))  # repeats, if too few
    content = quantize.measured(networks.to_convert(model), least)
    return ranges.narrow(content, films.astype(np.float32)) if narrowed else content


def _mixed(measured: bytes, blocks: int) -> bytes:
    return quantize.to_integers(measured, "int8", quantize.ends(measured, blocks))


def _span(values: list[float], shown: str) -> str:
    return f"{min(values):{shown}} to {max(values):{shown}}"
