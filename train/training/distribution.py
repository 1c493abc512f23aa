"""Training on several devices or machines: TensorFlow's tf.distribute, with a step of our own.

Keras 3.15's `fit` fails under `MultiWorkerMirroredStrategy`; a step that calls `strategy.run` works. A batch is the
same with any number of replicas, each of which takes its part of it: only batch normalisation, which sees a part, and
the order of sums differ. All workers read the same checkpoints, so the run folder must be shared by them.
"""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np

from edge_app.errors import WrongUsage

HOW = ("auto", "off", "mirrored", "multiworker")
PRECISIONS = ("auto", "float32", "mixed")
# Validation films asked at once.
ASKED = 64
# bfloat16 needs no scaling of the loss; NVIDIA's GPUs compute with it since Ampere (compute capability 8.0).
MIXED, LEAST_CAPABILITY = "mixed_bfloat16", (8, 0)


@dataclass(frozen=True)
class Distribution:
    """Who trains.

    Attributes:
        how: `off`, `mirrored` or `multiworker`.
        strategy: of tf.distribute; None for one device.
        worker: this one, from 0; the first writes the run folder.
        workers: how many.
    """

    how: str = "off"
    strategy: Any = None
    worker: int = 0
    workers: int = 1

    @property
    def chief(self) -> bool:
        """Whether this worker writes what a run leaves."""
        return self.worker == 0

    @property
    def replicas(self) -> int:
        """How many parts a batch is cut into."""
        return self.strategy.num_replicas_in_sync if self.strategy else 1

    def scope(self):
        """Return the context in which variables are made."""
        return self.strategy.scope() if self.strategy else nullcontext()

    def part(self, batch: int) -> slice:
        """Return which films of a batch this worker makes.

        Raises:
            WrongUsage: the batch cannot be cut into equal parts.
        """
        if batch % self.replicas:
            raise WrongUsage(f"--batch: {batch} films cannot be shared by {self.replicas} replicas; give a multiple.")
        own = batch // self.workers
        return slice(self.worker * own, (self.worker + 1) * own)

    def record(self) -> dict:
        """Return what `run.json` says of it."""
        return {"how": self.how, "workers": self.workers, "replicas": self.replicas}


ALONE = Distribution()


def begin(how: str) -> Distribution:
    """Set up what `--distribute` asks for; before anything else asks TensorFlow for a device.

    Args:
        how: one of `HOW`; `auto`: `multiworker` where `TF_CONFIG` names several workers, `mirrored` where several GPUs
            are, else `off`.

    Raises:
        WrongUsage: `TF_CONFIG` is missing or wrong, or another backend than TensorFlow is in use.
    """
    cluster = _cluster()
    if how == "auto":
        how = "multiworker" if cluster and len(cluster[0]) > 1 else "mirrored" if len(_gpus()) > 1 else "off"
    if how == "off":
        return ALONE
    import keras

    if keras.backend.backend() != "tensorflow":
        raise WrongUsage(f"--distribute: '{how}' needs KERAS_BACKEND=tensorflow; leave it out, or use that backend.")
    import tensorflow as tf

    if how == "mirrored":
        return Distribution(how, tf.distribute.MirroredStrategy())
    if cluster is None:
        raise WrongUsage(
            "--distribute: 'multiworker' needs TF_CONFIG, which names all workers and says which one this is; give "
            "'--workers N' to start N of them here (docs/scale-training.md)."
        )
    addresses, worker = cluster
    return Distribution(how, tf.distribute.MultiWorkerMirroredStrategy(), worker, len(addresses))


def set_precision(precision: str) -> str:
    """Set and return Keras' policy for layers: `MIXED`, or `float32`.

    Args:
        precision: one of `PRECISIONS`; `auto`: mixed where every GPU computes with bfloat16, and float32 without a GPU.
    """
    import keras

    policy = MIXED if precision == "mixed" or (precision == "auto" and _has_bfloat16()) else "float32"
    keras.config.set_dtype_policy(policy)
    return policy


def _gpus() -> list:
    import keras

    if keras.backend.backend() != "tensorflow":
        return []
    import tensorflow as tf

    return tf.config.list_physical_devices("GPU")


def _has_bfloat16() -> bool:
    gpus = _gpus()
    if not gpus:
        return False
    import tensorflow as tf

    details = [tf.config.experimental.get_device_details(gpu) for gpu in gpus]
    return all(detail.get("compute_capability", (0, 0)) >= LEAST_CAPABILITY for detail in details)


def _cluster() -> tuple[list[str], int] | None:
    """Return the addresses of all workers and which one this is, by `TF_CONFIG`; None if that is not set."""
    text = os.environ.get("TF_CONFIG")
    if not text:
        return None
    try:
        config = json.loads(text)
        addresses, task = config["cluster"]["worker"], config["task"]
        if task["type"] == "worker" and 0 <= task["index"] < len(addresses):
            return list(addresses), task["index"]
    except (ValueError, KeyError, TypeError):
        pass
    raise WrongUsage(
        f"TF_CONFIG: is {text[:80]!r}; it must be such as "
        '{"cluster": {"worker": ["HOST:PORT", ...]}, "task": {"type": "worker", "index": 0}}.'
    )


def learner(model, distribution: Distribution) -> Callable[[Iterator, int], float]:
    """Return what trains a model on the batches of an epoch, each worker on its own parts, and answers the mean loss.

    The batches are pixels and what the loss takes, arrays or dicts of them, of this worker's films.

    Args:
        model: compiled, made in the scope of `distribution`.
        distribution: with a strategy.
    """
    strategy, tf = distribution.strategy, _tensorflow()
    here = distribution.replicas // distribution.workers
    first = distribution.worker * here

    def one(pixels, expected):
        with tf.GradientTape() as tape:
            answer = model(pixels, training=True)
            # Keras divides by the number of replicas, so that the sum over them is the mean over the batch.
            loss = model.compute_loss(x=pixels, y=expected, y_pred=answer, training=True)
        weights = model.trainable_weights
        model.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    @tf.function
    def step(pixels, expected):
        return strategy.reduce(tf.distribute.ReduceOp.SUM, strategy.run(one, args=(pixels, expected)), axis=None)

    def shared(value):
        if isinstance(value, dict):
            return {name: shared(part) for name, part in value.items()}
        size = len(value) // here
        parts = [tf.constant(value[at * size : (at + 1) * size]) for at in range(here)]
        return strategy.experimental_distribute_values_from_function(
            lambda context: parts[context.replica_id_in_sync_group - first]
        )

    agree = _agreeing(model, strategy)

    def learn(made: Iterator, _epoch: int) -> float:
        losses = [float(step(shared(pixels), shared(expected))) for pixels, expected in made]
        if model.non_trainable_weights:
            agree()  # each replica has moved the averages of batch normalisation by its own parts alone
        return float(np.mean(losses))

    return learn


def _agreeing(model, strategy) -> Callable[[], None]:
    """Return what gives all replicas the mean of their averages of batch normalisation."""
    tf = _tensorflow()

    def one():
        # `identity` gives each value the device of its replica, without which it cannot be summed.
        own = [tf.identity(weight.value) for weight in model.non_trainable_weights]
        means = tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.MEAN, own)
        for weight, mean in zip(model.non_trainable_weights, means, strict=True):
            weight.assign(mean)

    return tf.function(lambda: strategy.run(one))


def scores(model, pixels, distribution: Distribution) -> np.ndarray:
    """Return what a model says of films, float32 (N, labels), each worker asking its own share of them.

    Args:
        model: made in the scope of `distribution`.
        pixels: uint8 (N, S, S, 1), or films in shards.
        distribution: with a strategy.
    """
    tf = _tensorflow()
    rows = np.arange(len(pixels))[distribution.worker :: distribution.workers]
    # Keras' `predict` would share out the films by itself, and cannot among several workers.
    ask = tf.function(lambda batch: model(batch, training=False))
    found = np.zeros((len(pixels), 0), np.float32)
    for at in range(0, len(rows), ASKED):
        some = rows[at : at + ASKED]
        answer = ask(tf.constant(np.asarray(pixels[some])))
        own = (answer["scores"] if isinstance(answer, dict) else answer).numpy()
        found = found if found.shape[1] else np.zeros((len(pixels), own.shape[1]), np.float32)
        found[some] = own
    return _added(found, distribution)


def _added(found: np.ndarray, distribution: Distribution) -> np.ndarray:
    """Return the sum of what all workers found, float32 (N, K); each has 0 where the others look."""
    strategy, tf = distribution.strategy, _tensorflow()
    here = distribution.replicas // distribution.workers

    def own(context):  # the first of this worker's replicas brings it
        return tf.constant(found if context.replica_id_in_sync_group % here == 0 else np.zeros_like(found))

    @tf.function
    def added(value):
        return strategy.reduce(tf.distribute.ReduceOp.SUM, value, axis=None)

    return added(strategy.experimental_distribute_values_from_function(own)).numpy()


def _tensorflow():
    import tensorflow as tf

    return tf
