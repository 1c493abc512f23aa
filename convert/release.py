"""From a finished run to `models/*.tflite`: convert, run each file in the real runtimes, judge it, write it."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from convert import files, report
from convert.finished_run import FinishedRun
from convert.modelfile import card, fit_ood, golden_film, variants
from convert.product import Product
from convert.quantize import layer_errors
from convert.verify import acceptance, runtimes
from edge_app.errors import EdgeError
from edge_app.model import model_file
from train.evaluation import evaluate

# Of the run's pictures, those that show no film: films are never copied into the repository.
PLOTS = ("curves.png", "roc.png", "confusion.png")
# Films an emulated processor is given, tens of times slower: enough to see that it runs and answers alike.
EMULATED_FILMS = 3


@dataclass(frozen=True)
class Order:
    """What is to be made of a run.

    Attributes:
        run_dir: the run's folder; its plots are copied.
        out: the folder for the files.
        wanted: which files.
        full: measure speed and memory too, and write a report of all variants as HTML.
    """

    run_dir: Path
    out: Path
    wanted: Sequence[variants.Variant] = variants.VARIANTS
    full: bool = False


@dataclass(frozen=True)
class Judgement:
    """How a file did in one place against the Keras model: figures of it, and a sentence for each gate it missed."""

    figures: dict
    shortfalls: list[str]


def release(run: FinishedRun, order: Order) -> tuple[list[Path], list[str]]:
    """Convert a finished run; return the files written, and a sentence for each that was not, saying why.

    Raises:
        EdgeError: a file cannot be written.
    """
    places = [*runtimes.here(), *runtimes.emulated()]
    network = run.record["config"]["model"]
    written, refused, products = [], [], []
    for variant in order.wanted:
        product = make(variant, run, places)
        path = order.out / f"covid-xray-{network}-{variant.name}.tflite"
        if product.content is None:
            refused.append(f"{path}: not written, since {'; '.join(product.shortfalls)}.")
        else:
            files.write(path, product.content)
            written.append(path)
        products.append(product)
        print(f"{variant.name}: {'; '.join(product.shortfalls) or 'passes'}", flush=True)
    for plot in PLOTS:
        files.write(order.out / f"{network}-{plot}", (order.run_dir / plot).read_bytes())
    record = {"run": run.record, "files": {product.name: product.figures for product in products}}
    if order.full:
        record |= _report(run, order, products, places)
    files.write(order.out / f"covid-xray-{network}.json", (json.dumps(record, indent=1) + "\n").encode())
    return written, refused


def _report(run: FinishedRun, order: Order, products: list[Product], places: list[runtimes.Place]) -> dict:
    """Write the report as HTML; return its figures, `files` and `layers`."""
    network = run.record["config"]["model"]
    figures = report.measure(products, run.held_out.pixels[:1], len(run.labels), places)
    layers = layer_errors.measure(variants.measured(run.model, run.training), run.training)
    made = f"{order.run_dir}, commit {run.record['commits'][-1]}, index {run.record['index_sha256'][:12]}"
    report.write(network, figures, layers, made, order.out / f"covid-xray-{network}-conversion.html")
    return {"files": figures, "layers": [asdict(error) for error in layers]}


def make(variant: variants.Variant, run: FinishedRun, places: list[runtimes.Place]) -> Product:
    """Convert to one variant, run it everywhere, and judge it; see `Product`."""
    flatbuffer = _converted(variant, run)
    first = runtimes.run(places[0], flatbuffer, variant.films(run.held_out.pixels), len(run.labels))
    judged = {places[0].name: _against_model(first.answers.at(run.held_out.validation), run)}
    judged |= {place.name: judge(place, flatbuffer, variant, run, first.answers) for place in places[1:]}
    measured = _evaluated(first.answers.scores, run)
    measured["operating_points"] = _with_left_out(measured["operating_points"], run.left_out)
    measured["runtimes"] = list(judged)
    measured["golden"] = _golden(places[0], flatbuffer, variant, run)
    ood, measured["gate"] = gate(flatbuffer, variant, run)
    measured["camera"] = None  # `convert camera` adds it
    made = card.build(run.record, variant, measured)
    packed = model_file.pack(flatbuffer, run.lungs, made, run.golden, ood, deflate=variant.head == "edge")
    gates = {place: judgement.figures for place, judgement in judged.items()}
    short = [f"in {place} {sentence}" for place, judgement in judged.items() for sentence in judgement.shortfalls]
    figures = {"bytes": len(packed), "gates": gates, "shortfalls": short} | measured
    return Product(variant, flatbuffer, None if short else packed, figures, short)


def _converted(variant: variants.Variant, run: FinishedRun) -> bytes:
    """Return the flatbuffer of a variant; its metadata name what is not measured yet as None."""
    unknown = dict.fromkeys(("agreement", "runtimes", "golden", "gate", "camera"))
    draft = card.build(run.record, variant, run.metrics | unknown)
    return variants.flatbuffer(run.model, variant, run.training, draft)


def judge(
    place: runtimes.Place, flatbuffer: bytes, variant: variants.Variant, run: FinishedRun, first: acceptance.Answers
) -> Judgement:
    """Run a file in another place than the first.

    An emulated processor gets a few films only, and must answer what the first place did.

    Args:
        place: where.
        flatbuffer: of `variants.flatbuffer`.
        variant: of the file.
        run: that it was made from.
        first: its answers to all held-out films in the first place.
    """
    validation = np.flatnonzero(run.held_out.validation)
    chosen = validation[:EMULATED_FILMS] if place.emulated else validation
    try:
        there = runtimes.run(place, flatbuffer, variant.films(run.held_out.pixels[chosen]), len(run.labels))
    except EdgeError as error:
        return Judgement({}, [str(error)])
    if not place.emulated:
        return _against_model(there.answers, run)
    apart = float(np.abs(there.answers.scores - first.scores[chosen]).max())
    most = golden_film.MOST_APART
    short = [f"a score differs by {apart:.3f}, {most:.3f} is allowed"] if apart > most else []
    return Judgement({"films": len(chosen), "most_apart": apart}, short)


def _against_model(answers: acceptance.Answers, run: FinishedRun) -> Judgement:
    """Compare a file's answers to the validation films with the Keras model's."""
    found = run.held_out.compare(answers, run.labels, run.thresholds)
    return Judgement(found, acceptance.shortfalls(found))


def _evaluated(scores: np.ndarray, run: FinishedRun) -> dict:
    """Return what `evaluate.measure` says of a file's scores of the held-out films, with their `agreement`."""
    before, after = run.held_out.table, run.held_out.table.copy()
    after[[f"score_{label}" for label in run.labels]] = scores
    measured = evaluate.measure(after, evaluate.Scope.of(run.record["config"]), run.metrics["operating_points"])
    return measured | {"agreement": agreement(before, after, run.labels, run.thresholds)}


def _with_left_out(points: dict, left_out: dict) -> dict:
    """Return operating points, by rule and label, with what the run's networks gave on hospitals left out."""
    return {
        rule: {
            label: point | ({"left_out": left_out[rule][label]} if label in left_out[rule] else {})
            for label, point in by_label.items()
        }
        for rule, by_label in points.items()
    }


def agreement(before, after, labels: tuple[str, ...], thresholds: dict) -> dict:
    """Compare the verdicts of a file with the Keras model's, at its thresholds, on the test films: no gate.

    Args:
        before: the table of the held-out films, with the Keras model's scores.
        after: the same table with the file's.
        labels: the labels of the scores.
        thresholds: of rule `sensitive`, by label.
    """
    columns = [f"score_{label}" for label in labels]
    test = (before["split"] == "test").to_numpy()
    difference = np.abs(before.loc[test, columns].to_numpy() - after.loc[test, columns].to_numpy())
    old, new = (evaluate.verdicts(table[test], labels, thresholds) for table in (before, after))
    return {
        "verdicts": float((old == new).mean()),
        "films": int(test.sum()),
        "largest_score_difference": float(difference.max()),
    }


def _golden(place: runtimes.Place, flatbuffer: bytes, variant: variants.Variant, run: FinishedRun) -> dict:
    """Return the scores that a file gives the golden film, and the box of its lungs."""
    field = golden_film.field(run.golden, run.lungs)
    film = golden_film.shown(run.golden, field, run.size)
    (scores,) = runtimes.run(place, flatbuffer, variant.films(film), len(run.labels)).answers.scores.tolist()
    return {"scores": dict(zip(run.labels, scores, strict=True)), "box": field.box}


def gate(flatbuffer: bytes, variant: variants.Variant, run: FinishedRun) -> tuple[bytes, dict | None]:
    """Return what embeddings of a file are usual, and the limits of its gate; none of a file for phones."""
    if run.gate is None or variant.head != "edge":
        return b"", None
    count = len(run.labels)
    training = fit_ood.embeddings(flatbuffer, run.typical, count)
    validation = fit_ood.embeddings(flatbuffer, run.ordinary.pixels, count)
    ood, limit = fit_ood.fit(training, validation, run.ordinary.sources)
    return ood, run.gate | limit
