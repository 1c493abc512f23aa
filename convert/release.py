"""From a run folder to `models/*.tflite`: convert, run each file in the real runtimes, judge by the gates, write it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from convert import files, report
from convert.modelfile import card, fit_ood, golden_film, variants
from convert.quantize import calibration_films, layer_errors
from convert.verify import acceptance, runtimes
from edge_app.errors import EdgeError
from edge_app.model import model_file
from train.evaluation import evaluate
from train.films import pixels
from train.index import index
from train.models.networks import with_class_maps
from train.training import config, fit

# Of the run's pictures, those that show no film: films are never copied into the repository.
PLOTS = ("curves.png", "roc.png", "confusion.png")
# Films an emulated processor is given, tens of times slower: enough to see that it runs and answers alike.
EMULATED_FILMS = 3


@dataclass(frozen=True)
class Held:
    """The films that a run did not learn from, with what its Keras model says of them: N rows, validation and test.

    Attributes:
        table: path, source, label, group, split and the model's scores.
        pixels: uint8 (N, S, S, 1).
        answers: of the Keras model.
    """

    table: pd.DataFrame
    pixels: np.ndarray
    answers: acceptance.Answers

    def of(self, split: str) -> np.ndarray:
        """Return which rows belong to `val` or `test`: bool (N,)."""
        return (self.table["split"] == split).to_numpy()


@dataclass(frozen=True)
class Run:
    """A finished training run and all that its conversion needs.

    Attributes:
        record: `run.json`.
        model: of Keras.
        training: uint8 (N, S, S, 1), training films for the ranges of activations.
        held: the films it did not learn from.
        lungs: the `.tflite` that cropped its films.
        golden: of `golden_film.make`.
        like: uint8 (N, S, S, 1), training films for the likeness of embeddings.
        gate: the limits that belong to `lungs`, of `convert.lungs`; None if it tells no kinds of picture.
    """

    record: dict
    model: object
    training: np.ndarray
    held: Held
    lungs: bytes
    golden: bytes
    like: np.ndarray
    gate: dict | None

    @property
    def labels(self) -> tuple[str, ...]:
        """Of its scores."""
        return tuple(self.record["config"]["labels"])


@dataclass(frozen=True)
class Product:
    """One variant, measured.

    Attributes:
        variant: which.
        flatbuffer: the network alone, with metadata.
        content: the whole file; None if it fell short.
        figures: for the report: `bytes`, `gates` by place, `shortfalls`, and what `evaluate.measure` says.
        shortfalls: sentences; none of a file that passed.
    """

    variant: variants.Variant
    flatbuffer: bytes
    content: bytes | None
    figures: dict
    shortfalls: list[str]

    @property
    def name(self) -> str:
        """Of the variant."""
        return self.variant.name


def release(
    run_dir: Path,
    films,
    film_pixels: np.ndarray,
    out: Path,
    lungs: Path = pixels.LUNGS,
    *,
    wanted=variants.VARIANTS,
    full: bool = False,
) -> tuple[list[Path], list[str]]:
    """Convert a finished run; return the files written, and a sentence for each that was not, saying why.

    Args:
        run_dir: of `train fit`; its `run.json`, `networks.keras` and `scores.csv` are read.
        films: rows of the index that belong to a split, as in training.
        film_pixels: uint8 (N, size, size, 1), one row a film.
        out: folder for the files.
        lungs: the lung-field network that the run's films were cropped with.
        wanted: variants.
        full: measure speed and memory too, and write a report of all variants as HTML.

    Raises:
        EdgeError: the folder holds no finished run, the contract changed, `lungs` is another network, the training
            films are too few or blank, or a file cannot be written.
    """
    run = load(run_dir, films, film_pixels, lungs)
    places = [*runtimes.here(), *runtimes.emulated()]
    network = run.record["config"]["model"]
    written, refused, products = [], [], []
    for variant in wanted:
        product = make(variant, run, places)
        path = out / f"covid-xray-{network}-{variant.name}.tflite"
        if product.content is None:
            refused.append(f"{path}: not written, since {'; '.join(product.shortfalls)}.")
        else:
            files.write(path, product.content)
            written.append(path)
        products.append(product)
        print(f"{variant.name}: {'; '.join(product.shortfalls) or 'passes'}", flush=True)
    for plot in PLOTS:
        files.write(out / f"{network}-{plot}", (run_dir / plot).read_bytes())
    figures = {product.name: product.figures for product in products}
    record = {"run": run.record, "files": figures}
    if full:
        record["files"] = report.measure(products, run.held, len(run.labels), places)
        layers = layer_errors.measure(variants.measured(run.model, run.training), run.training)
        record["layers"] = [asdict(error) for error in layers]
        made = f"{run_dir}, commit {run.record['commits'][-1]}, index {run.record['index_sha256'][:12]}"
        report.write(network, record["files"], layers, made, out / f"covid-xray-{network}-conversion.html")
    content = json.dumps(record, indent=1) + "\n"
    files.write(out / f"covid-xray-{network}.json", content.encode())
    return written, refused


def material(args):
    """Return the rows of the index that a command's run has seen, and their pixels.

    Args:
        args: with `run`, and what `film_arguments.add` declares.

    Raises:
        EdgeError: the run is not finished, or was trained on another index or with another lung-field network.
    """
    record = read_record(args.run)
    films, index_hash = index.read(args.index), index.sha256(args.index)
    if index_hash != record["index_sha256"]:
        raise EdgeError(
            f"{args.index}: its sha256 begins '{index_hash[:12]}', but {args.run} was trained on an index that begins "
            f"'{record['index_sha256'][:12]}'; calibration and gates need the same films and splits."
        )
    pixels.check_lungs(args.lungs, record, args.run)
    films = films[films["split"] != ""].reset_index(drop=True)
    where = (config.from_record(record["config"], args.run), films, args.data, args.cache, index_hash, args.lungs)
    return fit.seen(*where)


def load(run_dir: Path, films, film_pixels: np.ndarray, lungs: Path) -> Run:
    """Return a finished run, ready to be converted; arguments and errors as of `release`."""
    record, model = read_run(run_dir)
    pixels.check_lungs(lungs, record, run_dir)
    held = hold(run_dir, model, films, film_pixels)
    training = calibration_films.checked(film_pixels[calibration_films.rows(films, record)])
    like = film_pixels[calibration_films.rows(films, record, fit_ood.PER_CELL)]
    beside = lungs.with_suffix(".json")
    limits = json.loads(beside.read_text()).get("gate") if beside.is_file() else None
    return Run(record, model, training, held, lungs.read_bytes(), golden_film.make(), like, limits)


def make(variant, run: Run, places) -> Product:
    """Convert to one variant, run it everywhere, and judge it; see `Product`."""
    record, held, labels, thresholds = run.record, run.held, run.labels, run.record["metrics"]["thresholds"]
    draft = card.build(
        record,
        variant,
        record["metrics"] | dict.fromkeys(("agreement", "runtimes", "golden", "gate", "camera")),
    )
    content = variants.flatbuffer(run.model, variant, run.training, draft)
    first = runtimes.run(places[0], content, variant.films(held.pixels), len(labels))
    passed = {place.name: judge(place, content, variant, held, first, labels, thresholds) for place in places[1:]}
    passed = {places[0].name: _gated(held, first, held.of("val"), labels, thresholds)} | passed
    short = [f"in {name} {sentence}" for name, (_, sentences) in passed.items() for sentence in sentences]
    table = held.table.copy()
    table[[f"score_{label}" for label in labels]] = first.scores
    measured = evaluate.measure(table, labels, tuple(record["config"]["cells"]), record["metrics"]["operating_points"])
    measured |= {"agreement": agreement(held.table, table, labels, thresholds), "runtimes": list(passed)}
    field = golden_film.field(run.golden, run.lungs)
    golden = golden_film.shown(run.golden, field, record["config"]["size"])
    (scores,) = runtimes.run(places[0], content, variant.films(golden), len(labels)).scores.tolist()
    measured |= {"golden": {"scores": dict(zip(labels, scores, strict=True)), "box": field.box}}
    like, measured["gate"] = gated(content, variant, run)
    measured["camera"] = None  # `convert camera` adds it
    made = card.build(record, variant, measured)
    packed = model_file.pack(content, run.lungs, made, run.golden, like, deflate=variant.head == "edge")
    found = {name: figures for name, (figures, _) in passed.items()}
    figures = {"bytes": len(packed), "gates": found, "shortfalls": short} | measured
    return Product(variant, content, None if short else packed, figures, short)


def gated(content: bytes, variant: variants.Variant, run: Run) -> tuple[bytes, dict | None]:
    """Return the likeness of a file and the limits of its gate; none of a file without embedding, as for phones."""
    if run.gate is None or variant.head != "edge":
        return b"", None
    said = fit_ood.embeddings(content, run.like, len(run.labels))
    validation = fit_ood.embeddings(content, run.held.pixels[run.held.of("val")], len(run.labels))
    like, limit = fit_ood.fit(said, validation)
    return like, run.gate | limit


def judge(place, content: bytes, variant, held: Held, first: runtimes.Outcome, labels, thresholds) -> tuple[dict, list]:
    """Run a file in another place than the first; return its figures and what it falls short of.

    An emulated processor gets a few films only, and must answer what the `first` place did.
    """
    val = np.flatnonzero(held.of("val"))
    chosen = val[:EMULATED_FILMS] if place.emulated else val
    try:
        there = runtimes.run(place, content, variant.films(held.pixels[chosen]), len(labels))
    except EdgeError as error:
        return {}, [str(error)]
    if not place.emulated:
        return _gated(held, there, slice(None), labels, thresholds)
    apart = float(np.abs(there.scores - first.scores[chosen]).max())
    most = golden_film.MOST_APART
    said = [f"a score differs by {apart:.3f}, {most:.3f} is allowed"] if apart > most else []
    return {"films": len(chosen), "most_apart": apart}, said


def _gated(held: Held, outcome: runtimes.Outcome, rows, labels, thresholds) -> tuple[dict, list[str]]:
    """Compare `rows` of an outcome with the model on the validation films; return figures and shortfalls."""
    val = held.of("val")
    parent = acceptance.Answers(held.answers.scores[val], held.answers.maps[val])
    child = acceptance.Answers(outcome.scores[rows], None if outcome.maps is None else outcome.maps[rows])
    found = acceptance.figures(parent, child, labels, held.table["label"].to_numpy()[val], thresholds)
    return found, acceptance.shortfalls(found)


def hold(run_dir: Path, model, films, film_pixels: np.ndarray) -> Held:
    """Return the run's validation and test films with the answers of its Keras model."""
    table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
    rows = places_of(table, films)
    said = with_class_maps(model).predict(film_pixels[rows], batch_size=64, verbose=0)
    return Held(table, film_pixels[rows], acceptance.Answers(said["scores"], said["cam"]))


def places_of(table, films) -> np.ndarray:
    """Return at which row of `films` each film of a table is: int (N,)."""
    return films.reset_index().set_index("path").loc[table["path"], "index"].to_numpy()


def read_run(run_dir: Path):
    """Return (`run.json`, Keras model) of a finished run; errors as of `read_record`, or another network is in it."""
    record = read_record(run_dir)
    return record, _load_model(run_dir / "model.keras", record["config"]["size"])


def read_record(run_dir: Path) -> dict:
    """Return `run.json` of a finished run.

    Raises:
        EdgeError: something is missing, or the contract is another, or the run has no operating points.
    """
    for name in ("run.json", "model.keras", "scores.csv"):
        if not (run_dir / name).is_file():
            raise EdgeError(f"{run_dir}: holds no finished training run ('{name}' is missing); run 'make train' first.")
    record = json.loads((run_dir / "run.json").read_text())
    try:
        card.check_contract(record)
    except ValueError as error:
        raise EdgeError(f"{run_dir}: {error}.") from error
    if "operating_points" not in record.get("metrics", {}):
        raise EdgeError(f"{run_dir}: has no operating points yet; run 'python -m train evaluate {run_dir}' first.")
    return record


def _load_model(path: Path, size: int):
    """Return the Keras model of a run; refuse another than `train fit` writes."""
    import keras

    again = "train again with 'make train'"
    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, KeyError, TypeError) as error:
        first = str(error).strip().splitlines()[0]
        raise EdgeError(f"{path}: cannot be read as a Keras model ({first}); {again}.") from error
    wanted, shapes = (None, size, size, 1), [tuple(one.shape) for one in model.inputs]
    if shapes != [wanted]:
        raise EdgeError(
            f"{path}: takes inputs of shape {shapes}; it must take one of {wanted}, as in run.json; {again}."
        )
    return model


def agreement(parent, child, labels: tuple[str, ...], thresholds: dict) -> dict:
    """Compare the verdicts of a file with the Keras model's, at its thresholds, on the test films: no gate."""
    columns = [f"score_{label}" for label in labels]
    test = (parent["split"] == "test").to_numpy()
    difference = np.abs(parent.loc[test, columns].to_numpy() - child.loc[test, columns].to_numpy())
    before, after = (evaluate.verdicts(table[test], labels, thresholds) for table in (parent, child))
    return {
        "verdicts": float((before == after).mean()),
        "films": int(test.sum()),
        "largest_score_difference": float(difference.max()),
    }
