"""The loop over epochs. Every epoch leaves a checkpoint, so a run that is killed resumes as if it had never stopped."""

import sys
from pathlib import Path

import numpy as np

from train.evaluation import evaluate
from train.index.findings import NORMAL
from train.models import keras_calls
from train.training import batches, checkpoints, distribution, losses
from train.training.config import TrainConfig
from train.training.distribution import ALONE, Distribution
from train.training.training_data import TrainingData

# Share of the highest learning rate at which a network with rounded kernels settles.
SETTLING_RATE = 0.1
# Films on which the ranges of activations are measured: some 20 of each source and label, and a few seconds.
MEASURED_FILMS = 200


def train(settings: TrainConfig, data: TrainingData, run_dir: Path, team: Distribution = ALONE):
    """Train from the start, or from the checkpoint in `run_dir`; return the model of the epoch with the least loss."""
    import keras

    from train.models import fused_norm

    past = checkpoints.history(run_dir)
    with team.scope():
        model = _resumed(settings, run_dir) if past else _new(settings, data)
    epoch = _epochs(model, settings, data, team)
    while len(past) < settings.epochs and not stalled(past, settings.patience):
        past.append(epoch(len(past)))
        if team.chief:
            if past[-1]["val_loss"] == min(row["val_loss"] for row in past):
                checkpoints.save(model, run_dir / "best.keras")
            checkpoints.save(model, run_dir / "last.keras")
            checkpoints.write_history(past, run_dir)
    if not team.chief:
        return None
    best = keras_calls.load(run_dir / "best.keras")
    fused_norm.unfuse(best)
    best = keras.Model(best.input, best.get_layer("scores").output, name=settings.model)
    return _in_float32(best, settings) if keras.config.dtype_policy().name != "float32" else best


def _in_float32(model, settings: TrainConfig):
    """Return a network that was trained with mixed precision as one that computes in float32, as it is converted."""
    import keras

    from train.models import networks

    keras.config.set_dtype_policy("float32")
    plain = networks.build(settings.model, settings.size, settings.labels, dropout=settings.dropout, imagenet=False)
    plain.set_weights(model.get_weights())
    return plain


def settle_in(model, settings: TrainConfig, data: TrainingData) -> list[dict[str, float]]:
    """Make a trained model ready for int8 and train it a few passes more; return the figures of each."""
    from train.models import fused_norm
    from train.training import int8_prepare

    int8_prepare.equalize(model, _measured_films(data, settings))
    int8_prepare.round_kernels(model)
    fused_norm.fuse(model)
    shown = _with_places(model, settings)
    _compile(shown, settings, SETTLING_RATE * settings.learning_rate)
    epoch = _epochs(shown, settings, data, ALONE)
    rows = [epoch(settings.epochs + i) for i in range(settings.settle)]
    int8_prepare.finish(model)
    fused_norm.unfuse(model)
    return rows


def _measured_films(data: TrainingData, settings: TrainConfig) -> np.ndarray:
    """Return training films, uint8 (N, S, S, 1), to measure ranges of activations on, drawn as for training."""
    rng = np.random.default_rng(settings.seed)
    pixels = data.films.pixels
    count = min(MEASURED_FILMS, len(pixels))
    return np.asarray(pixels[np.sort(rng.choice(len(pixels), count, replace=False, p=data.chance))])[..., :1]


def stalled(past: list[dict[str, float]], patience: int) -> bool:
    """Return whether the last `patience` epochs brought no lower validation loss."""
    losses = [row["val_loss"] for row in past]
    return len(losses) > patience and min(losses[-patience:]) > min(losses)


def _epochs(model, settings: TrainConfig, data: TrainingData, team: Distribution):
    """Return what trains one epoch, 0 being the first, and answers its figures."""
    steps, part = batches.steps_per_epoch(len(data.films.pixels), settings), team.part(settings.batch)

    def fit(made, epoch: int) -> float:
        how = {"steps_per_epoch": steps, "initial_epoch": epoch, "epochs": epoch + 1, "shuffle": False}
        return model.fit(made, **how, verbose=1 if sys.stdout.isatty() else 2).history["loss"][0]

    if team.strategy:
        learn, ask = distribution.learner(model, team), distribution.scores
    else:
        learn, ask = fit, _predict

    def one(epoch: int) -> dict[str, float]:
        # A checkpoint does not hold the state of a layer's random generator: make it a function of the epoch.
        model.get_layer("dropout").seed_generator.state.assign([settings.seed, epoch])
        made = _packed(batches.epoch_batches(data.films, data.chance, settings, epoch, part), model, settings)
        loss = learn(made, epoch)
        progress = evaluate.progress(
            ask(model, data.val.pixels, team), data.val.truth, data.val.weight, settings.labels
        )
        figures = {"loss": loss} | progress
        if team.chief:
            print("  " + "  ".join(f"{name} {value:.4f}" for name, value in figures.items()), flush=True)
        return {"epoch": epoch + 1} | figures

    return one


def _predict(model, pixels, _: Distribution) -> np.ndarray:
    answer = keras_calls.predict(model, pixels, batch_size=64)
    return answer["scores"] if isinstance(answer, dict) else answer


def _packed(made, model, settings: TrainConfig):
    """Give each output of `model` its truth: scores the labels, and places the boxes, the second channel of films."""
    for pixels, truth, weight in made:
        scores = losses.with_weights(truth, weight)
        if not isinstance(model.output, dict):
            yield pixels, scores
        else:
            side, sick = model.output["places"].shape[1], list(_diseases(settings))
            places = losses.place_truth(pixels[..., 1:], truth[:, sick], side)
            yield pixels[..., :1], {"scores": scores, "places": places}


def _resumed(settings: TrainConfig, run_dir: Path):
    """Return the model of the last epoch of an unfinished run, with the state of its optimizer."""
    own = {"weighted": losses.scores(settings.label_smoothing), "places": losses.places}
    return keras_calls.load(run_dir / "last.keras", own, to_go_on=True)


def _new(settings: TrainConfig, data: TrainingData):
    """Return the model that a run begins with, compiled."""
    from train.models import fused_norm, networks

    model = networks.build(
        settings.model, settings.size, settings.labels, dropout=settings.dropout, imagenet=settings.imagenet
    )
    networks.freeze(model, settings.freeze if settings.imagenet else 0)
    fused_norm.fuse(model)
    model = _with_places(model, settings)
    _compile(model, settings, _warm_up_and_decay(settings, len(data.films.pixels)))
    return model


def _warm_up_and_decay(settings: TrainConfig, films: int):
    """Return the schedule of the learning rate: half an epoch of warming up, then a cosine over the rest of the run."""
    import keras

    steps = batches.steps_per_epoch(films, settings)
    return keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 20,
        decay_steps=max(1, steps * settings.epochs - steps // 2),
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=steps // 2,
    )


def _compile(model, settings, rate) -> None:
    import keras

    loss = losses.scores(settings.label_smoothing)
    model.compile(
        keras_calls.adam(rate, settings.weight_decay or None),
        {"scores": loss, "places": losses.places} if settings.places else loss,
        loss_weights={"scores": 1.0, "places": settings.places} if settings.places else None,
        jit_compile=keras.backend.backend() == "jax",  # XLA on a CPU is several times slower with depthwise layers
    )


def _with_places(model, settings: TrainConfig):
    """Return the model that also answers its places, if the recipe weighs them."""
    from train.models import place_logits

    return place_logits.attach(model, _diseases(settings)) if settings.places else model


def _diseases(settings: TrainConfig) -> tuple[int, ...]:
    """Return which outputs are of a disease."""
    return tuple(i for i, label in enumerate(settings.labels) if label != NORMAL)
