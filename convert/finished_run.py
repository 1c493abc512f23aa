"""A finished training run, read and checked, and all that its conversion needs."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from convert.modelfile import card, fit_ood, golden_film
from convert.quantize import calibration_films
from convert.verify import acceptance
from edge_app.errors import EdgeError
from train.evaluation import hospitals
from train.films import film_arguments, film_dataset, pixels
from train.films.film_dataset import FilmDataset
from train.index import index
from train.models.networks import with_class_maps
from train.training import config

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class HeldOutFilms:
    """The films that a run did not learn from, with what its Keras model says of them: N rows, validation and test.

    Attributes:
        table: path, source, label, group, split and the model's scores.
        pixels: uint8 (N, S, S, 1).
        answers: of the Keras model.
    """

    table: pd.DataFrame
    pixels: np.ndarray
    answers: acceptance.Answers

    @cached_property
    def validation(self) -> np.ndarray:
        """Which rows are validation films: bool (N,)."""
        return (self.table["split"] == "val").to_numpy()

    def compare(self, child: acceptance.Answers, labels: tuple[str, ...], thresholds: dict) -> dict:
        """Return `acceptance.figures` of a file's answers to the validation films against the Keras model's."""
        parent = self.answers.at(self.validation)
        truth = self.table["label"].to_numpy()[self.validation]
        return acceptance.figures(parent, child, labels, truth, thresholds)


@dataclass(frozen=True)
class OrdinaryFilms:
    """Films that the gate must not call unlike those that a network learnt from.

    Attributes:
        pixels: uint8 (M, S, S, 1).
        sources: str (M,), the collection of each.
    """

    pixels: np.ndarray
    sources: np.ndarray


@dataclass(frozen=True)
class FinishedRun:
    """A finished training run and all that its conversion needs.

    Attributes:
        record: `run.json`.
        model: of Keras.
        training: uint8 (N, S, S, 1), training films for the ranges of activations.
        held_out: the films it did not learn from.
        lungs: the `.tflite` that cropped its films.
        golden: of `golden_film.make`.
        typical: uint8 (N, S, S, 1), training films whose embeddings are the usual ones.
        ordinary: validation films of every source, which the limit of embeddings is set on.
        gate: the limits that belong to `lungs`, of `convert.lungs`; None if it knows no views.
        left_out: what its operating points gave on hospitals left out, of `hospitals.of_points`.
    """

    record: dict
    model: "keras.Model"
    training: np.ndarray
    held_out: HeldOutFilms
    lungs: bytes
    golden: bytes
    typical: np.ndarray
    ordinary: OrdinaryFilms
    gate: dict | None
    left_out: dict

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of its scores."""
        return tuple(self.record["config"]["labels"])

    @property
    def size(self) -> int:
        """The side of its input in pixels."""
        return self.record["config"]["size"]

    @property
    def metrics(self) -> dict:
        """What `train.evaluation.evaluate.measure` found for the Keras model."""
        return self.record["metrics"]

    @property
    def thresholds(self) -> dict[str, float]:
        """The thresholds of rule `sensitive`, by label."""
        return self.metrics["thresholds"]


def load(run_dir: Path, dataset: FilmDataset, lungs: Path) -> FinishedRun:
    """Return a finished run, ready to be converted.

    Args:
        run_dir: of `train fit`; its `run.json`, `model.keras` and `scores.csv` are read.
        dataset: the films that it has seen.
        lungs: the lung-field network that the run's films were cropped with.

    Raises:
        EdgeError: the folder holds no finished run, the contract changed, `lungs` is another network, or the training
            films are too few or blank.
    """
    record, model = read_run(run_dir)
    pixels.check_lungs(lungs, record, run_dir)
    held_out = hold_out(run_dir, model, dataset)
    training = calibration_films.checked(dataset.pixels[calibration_films.rows(dataset.films, record)])
    # Films of any hospital are usual: no label is asked for.
    anywhere = {"config": record["config"] | {"sources": ()}}
    typical = dataset.pixels[calibration_films.rows(dataset.films, anywhere, fit_ood.PER_CELL)]
    chosen = fit_ood.rows_to_pass(dataset.films)
    ordinary = OrdinaryFilms(dataset.pixels[chosen], dataset.films["source"].to_numpy()[chosen])
    beside = lungs.with_suffix(".json")
    gate = json.loads(beside.read_text()).get("gate") if beside.is_file() else None
    judged = hospitals.of_points(hospitals.parts(run_dir), record["config"]["labels"])
    return FinishedRun(
        record, model, training, held_out, lungs.read_bytes(), golden_film.make(), typical, ordinary, gate, judged
    )


def seen_films(args) -> FilmDataset:
    """Return the films that a command's run has seen.

    Args:
        args: with `run`, and what `film_arguments.add` declares.

    Raises:
        EdgeError: the run is not finished, or was trained on another index or with another lung-field network.
    """
    record = read_record(args.run)
    index_hash = index.sha256(args.index)
    if index_hash != record["index_sha256"]:
        raise EdgeError(
            f"{args.index}: its sha256 begins '{index_hash[:12]}', but {args.run} was trained on an index that begins "
            f"'{record['index_sha256'][:12]}'; calibration and gates need the same films and splits."
        )
    pixels.check_lungs(args.lungs, record, args.run)
    settings = config.from_record(record["config"], args.run)
    return film_dataset.load(film_arguments.read(args), settings.size, settings.treatment)


def hold_out(run_dir: Path, model: "keras.Model", dataset: FilmDataset) -> HeldOutFilms:
    """Return the run's validation and test films with the answers of its Keras model."""
    table = pd.read_csv(run_dir / "scores.csv", keep_default_na=False)
    rows = dataset.films.reset_index().set_index("path").loc[table["path"], "index"].to_numpy()
    shown = dataset.pixels[rows]
    # The type of `verbose` is inferred from its default, "auto"; Keras documents 0 too.
    answers = with_class_maps(model).predict(shown, batch_size=64, verbose=0)  # pyright: ignore[reportArgumentType]
    return HeldOutFilms(table, shown, acceptance.Answers(answers["scores"], answers["cam"]))


def read_run(run_dir: Path) -> tuple[dict, "keras.Model"]:
    """Return (`run.json`, Keras model) of a finished run.

    Raises:
        EdgeError: as of `read_record`, or the model is damaged or takes other inputs.
    """
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


def _load_model(path: Path, size: int) -> "keras.Model":
    """Return the Keras model of a run; refuse another than `train fit` writes."""
    import keras

    again = "train again with 'make train'"
    try:
        model = keras.models.load_model(path, compile=False)
    except (ValueError, OSError, KeyError, TypeError) as error:
        first = str(error).strip().splitlines()[0]
        raise EdgeError(f"{path}: cannot be read as a Keras model ({first}); {again}.") from error
    if not isinstance(model, keras.Model):
        raise EdgeError(f"{path}: holds a {type(model).__name__} and not a Keras model; {again}.")
    wanted, shapes = (None, size, size, 1), [tuple(entry.shape) for entry in model.inputs]
    if shapes != [wanted]:
        raise EdgeError(
            f"{path}: takes inputs of shape {shapes}; it must take one of {wanted}, as in run.json; {again}."
        )
    return model
