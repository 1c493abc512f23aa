"""One round of training the lung-field network; every epoch leaves a checkpoint, from which a stopped round resumes."""

from pathlib import Path
from typing import Any

import numpy as np

from train.lungs import examples
from train.lungs.config import LungConfig
from train.models import keras_calls
from train.training import checkpoints


def train(settings: LungConfig, pools: examples.Pools, val: examples.Examples, epochs: int, folder: Path) -> Any:
    """Train one network from scratch, or resume a round that was stopped; return the network.

    Args:
        settings: the recipe.
        pools: what batches are drawn from.
        val: what the network is watched on.
        epochs: of the round.
        folder: made if missing; its checkpoints and `history.csv`.
    """
    from train.lungs import report
    from train.models import fused_norm

    folder.mkdir(exist_ok=True)
    past = checkpoints.history(folder)
    model = _resumed(folder) if past else _new(settings, epochs)
    pictures, _ = examples.plain(val)
    for epoch in range(len(past), epochs):
        fitted = model.fit(
            examples.batches(pools, settings.steps, settings.batch, (settings.seed, len(pools.chance), epoch)),
            steps_per_epoch=settings.steps,
            shuffle=False,
            verbose=0,
        )
        figures: dict[str, float] = {"epoch": epoch + 1}
        figures |= {name: fitted.history[name][0] for name in ("loss", "kind_accuracy")}
        past.append(figures | {"val_iou": report.measure(chances(model, pictures), val)["median_iou"]})
        print("  ".join(f"{name} {value:.4g}" for name, value in past[-1].items()), flush=True)
        checkpoints.save(model, folder / "last.keras")
        checkpoints.write_history(past, folder)
    fused_norm.unfuse(model)
    return model


def chances(model, pictures: np.ndarray) -> np.ndarray:
    """Return each place's chance of lung, float (N, 64, 64), on pictures uint8 (N, 128, 128, 1)."""
    return keras_calls.predict(model, pictures)["mask"][..., 0]


def overlap_loss(truth, chance):
    """Cross-entropy of every place and half of one minus the Dice coefficient of the whole; 0 without a known mask."""
    import keras
    from keras import ops

    def total(places) -> Any:
        return ops.sum(places, axis=(1, 2, 3))

    known = ops.cast(truth[:, 0, 0, 0] >= 0, "float32")
    truth = ops.maximum(truth, 0.0)
    each = ops.mean(keras.losses.binary_crossentropy(truth, chance), axis=(1, 2))
    # 20 places of 4096: an empty mask and an empty answer then agree, and a stray place costs little.
    dice = (2 * total(truth * chance) + 20) / (total(truth) + total(chance) + 20)
    return known * (each + 0.5 * (1 - dice))


def _resumed(folder: Path) -> Any:
    """Return the network of the last epoch of an unfinished round, with the state of its optimizer."""
    return keras_calls.load(folder / "last.keras", {"overlap_loss": overlap_loss}, to_go_on=True)


def _new(settings: LungConfig, epochs: int) -> Any:
    """Return the network that a round begins with, compiled."""
    import keras

    from train.lungs import network
    from train.models import fused_norm

    model: Any = network.build()
    fused_norm.fuse(model)
    rate = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate / 40,
        settings.steps * epochs,
        alpha=0.01,
        warmup_target=settings.learning_rate,
        warmup_steps=settings.steps * 6,
    )
    model.compile(
        keras_calls.adam(rate),
        {"mask": overlap_loss, "kind": "categorical_crossentropy"},
        loss_weights={"mask": 1.0, "kind": settings.kind_weight},
        metrics={"kind": "accuracy"},
        jit_compile=False,
    )
    return model
