"""What a film should answer, label by label, and how much each answer counts."""

from collections.abc import Sequence

import numpy as np

from train.index.findings import COVID, INDETERMINATE, PNEUMONIA

# An indeterminate appearance is both pneumonias in part, and which of them counts little: radiologists could not say.
HALF, LITTLE = 0.5, 0.3
# The labels that share it.
SHARED = (COVID, PNEUMONIA)


def taught(labels: Sequence[str]) -> set[str]:
    """Return the labels of the films that a network with these outputs can learn from."""
    return {*labels, *([INDETERMINATE] if set(SHARED) <= set(labels) else [])}


def of_films(labels_of_films: Sequence[str], labels: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Return the targets of films and the weights of these: float32 (N, labels) each, 0 .. 1.

    Args:
        labels_of_films: of each film, as the column `label` of the index.
        labels: the outputs.
    """
    given, outputs = np.asarray(labels_of_films)[:, None], np.asarray(labels)[None, :]
    shared = (given == INDETERMINATE) & np.isin(outputs, SHARED)
    targets = np.where(shared, HALF, given == outputs)
    return targets.astype(np.float32), np.where(shared, LITTLE, 1).astype(np.float32)
