"""What decides the lung-field network, beside masks and films."""

from dataclasses import dataclass


@dataclass(frozen=True)
class LungConfig:
    """The recipe of the lung-field network.

    Attributes:
        first_epochs: of the first round, from drawn masks only.
        epochs: of the second round, from drawn and own masks.
        steps: batches of an epoch.
        batch: examples of a batch.
        learning_rate: Adam's highest.
        own_share: of a batch, films whose mask the first network drew.
        own_films: how many films it draws masks on, alike from every source and label.
        photographs: how many films are photographed, likewise.
        least_certainty: mean chance of lung inside a mask of its own, 0 .. 1.
        kind_weight: weight of the kind's loss beside the mask's.
        seed: of weights and examples.
    """

    first_epochs: int = 36
    epochs: int = 84
    steps: int = 32
    batch: int = 32
    learning_rate: float = 4e-3
    own_share: float = 0.35
    own_films: int = 2000
    photographs: int = 700
    least_certainty: float = 0.93
    kind_weight: float = 0.3
    seed: int = 20200316
