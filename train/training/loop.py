"""The loop over epochs: every epoch a checkpoint, so that a run killed at any moment goes on as if it never stopped."""

import csv
import io
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_app import atomic_io
from train.evaluation import evaluate
from train.training import batches, localisation_loss
from train.training.config import TrainConfig

# Share of the highest learning rate at which a network with rounded kernels settles.
SETTLING_RATE = 0.1
# Films on which the ranges of activations are measured: some 20 of each source and label, and a few seconds.
MEASURED_FILMS = 200


@dataclass(frozen=True)
class Material:
    """What a network learns from, and is watched on.

    `chance` is float (N,), each film's to be drawn.
    """

    films: batches.Films
    chance: np.ndarray
    val: batches.Films


def train(settings: TrainConfig, material: Material, run_dir: Path):
    """Train from the start, or from the checkpoint in `run_dir`; return the model of the epoch with the least loss."""
    import keras

    from train.models import fused_norm

    model, past = _start(settings, run_dir, material)
    while len(past) < settings.epochs and not stalled(past, settings.patience):
        past.append(_epoch(model, settings, material, len(past)))
        if past[-1]["val_loss"] == min(row["val_loss"] for row in past):
            _save(model, run_dir / "best.keras")
        _save(model, run_dir / "last.keras")
        write_history(past, run_dir)
    best = keras.models.load_model(run_dir / "best.keras", compile=False)
    fused_norm.unfuse(best)
    return keras.Model(best.input, best.get_layer("scores").output, name=settings.model)


def settle_in(model, settings: TrainConfig, material: Material) -> list[dict]:
    """Make a trained model ready for int8 and train it a few passes more; return the figures of each."""
    from train.models import fused_norm
    from train.training import int8_prepare

    int8_prepare.equalize(model, _some(material, settings))
    int8_prepare.round_kernels(model)
    fused_norm.fuse(model)
    shown = localisation_loss.attach(model) if settings.heat else model
    _compile(shown, settings, SETTLING_RATE * settings.learning_rate)
    rows = [_epoch(shown, settings, material, settings.epochs + i) for i in range(settings.settle)]
    int8_prepare.finish(model)
    fused_norm.unfuse(model)
    return rows


def _some(material, settings) -> np.ndarray:
    """Return training films to measure on, drawn as for training."""
    rng = np.random.default_rng(settings.seed)
    pixels = material.films.pixels[..., :1]
    count = min(MEASURED_FILMS, len(pixels))
    return pixels[np.sort(rng.choice(len(pixels), count, replace=False, p=material.chance))]


def history(run_dir: Path) -> list[dict]:
    """Return the figures of the epochs done so far."""
    path = run_dir / "history.csv"
    if not path.exists():
        return []
    with path.open(newline="") as file:
        return [
            {name: int(value) if name == "epoch" else float(value) for name, value in row.items()}
            for row in csv.DictReader(file)
        ]


def stalled(past: list[dict], patience: int) -> bool:
    """Say whether the last `patience` epochs brought no lower validation loss."""
    losses = [row["val_loss"] for row in past]
    return len(losses) > patience and min(losses[-patience:]) > min(losses)


def _epoch(model, settings, material, epoch: int) -> dict:
    # A checkpoint does not hold the state of a layer's random generator: make it a function of the epoch.
    model.get_layer("dropout").seed_generator.state.assign([settings.seed, epoch])
    fitted = model.fit(
        _packed(batches.epoch_batches(material.films, material.chance, settings, epoch), model),
        steps_per_epoch=batches.steps_per_epoch(len(material.films.pixels), settings),
        initial_epoch=epoch,
        epochs=epoch + 1,
        shuffle=False,
        verbose=1 if sys.stdout.isatty() else 2,
    )
    scores = _predict(model, material.val.pixels)
    figures = {"loss": fitted.history["loss"][0]} | evaluate.progress(scores, material.val.truth, settings.labels)
    print("  " + "  ".join(f"{name} {value:.4f}" for name, value in figures.items()), flush=True)
    return {"epoch": epoch + 1} | figures


def _predict(model, pixels) -> np.ndarray:
    answer = model.predict(pixels, batch_size=64, verbose=0)
    return answer["scores"] if isinstance(answer, dict) else answer


def _packed(made, model):
    """Give each output of `model` its truth: scores the labels, and heat the lungs, the second channel of the films."""
    for pixels, truth in made:
        if not isinstance(model.output, dict):
            yield pixels, truth
        else:
            lungs = localisation_loss.truth(pixels[..., 1:], model.output["heat"].shape[1])
            yield pixels[..., :1], {"scores": truth, "heat": lungs}


def _start(settings, run_dir, material):
    """Return the model and the figures of its epochs so far: of the unfinished run in the folder, else of none."""
    import keras

    from train.models import fused_norm, networks

    past = history(run_dir)
    if past:
        own = {"outside": _outside(settings)}
        return keras.models.load_model(run_dir / "last.keras", custom_objects=own), past
    model = networks.build(
        settings.model, settings.size, settings.labels, dropout=settings.dropout, imagenet=settings.imagenet
    )
    networks.freeze(model, settings.freeze if settings.imagenet else 0)
    fused_norm.fuse(model)
    if settings.heat:
        model = localisation_loss.attach(model)
    steps = batches.steps_per_epoch(len(material.films.pixels), settings)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        decay_steps=max(1, steps * settings.epochs - steps // 2),
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=steps // 2,
    )
    _compile(model, settings, rate)
    return model, []


def _compile(model, settings, rate) -> None:
    import keras

    loss = keras.losses.BinaryCrossentropy(label_smoothing=settings.label_smoothing)
    model.compile(
        keras.optimizers.Adam(rate, weight_decay=settings.weight_decay or None),
        {"scores": loss, "heat": _outside(settings)} if settings.heat else loss,
        loss_weights={"scores": 1.0, "heat": settings.heat} if settings.heat else None,
        jit_compile=keras.backend.backend() == "jax",  # XLA on a CPU is several times slower with depthwise layers
    )


def _outside(settings):
    return localisation_loss.loss(tuple(i for i, label in enumerate(settings.labels) if label != "normal"))


def _save(model, path: Path) -> None:
    """Save by renaming, so that a run killed in the middle leaves the last whole checkpoint."""
    part = path.with_name("part.keras")
    model.save(part)
    atomic_io.rename(part, path)


def write_history(past: list[dict], run_dir: Path) -> None:
    """Write one row an epoch to `history.csv`, whole or not at all."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, past[-1])
    writer.writeheader()
    writer.writerows(past)
    atomic_io.write(run_dir / "history.csv", text.getvalue().encode())
