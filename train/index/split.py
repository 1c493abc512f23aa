"""Which films are for learning, for choosing and for the final test: by component, by hash, and for good. Pure.

A component is every patient that is joined by shared films or near-duplicates, so no person and no picture is on two
sides. Its side is a hash of its name: the same films give the same split on every machine, and new films do not move
old ones. Where new films join components of different sides, the films already seen win, in favour of training: a film
once trained on must never become a test film.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from train.index.components import components

TRAIN, VAL, TEST = "train", "val", "test"
SPLITS = (TRAIN, VAL, TEST)

# Shares of components, not of films. The original work kept 20 % for validation and had no test set; 15 % of the
# collections here leaves the smallest class about a hundred test films.
SHARES = {TRAIN: 0.70, VAL: 0.15, TEST: 0.15}


def groups(patients: Sequence[str], duplicates: Iterable[tuple[int, int]]) -> list[str]:
    """Return each film's group: the smallest patient name of its component.

    Args:
        patients: each film's patient.
        duplicates: pairs of positions in `patients` whose films are the same picture.
    """
    pairs = [(patient, patient) for patient in patients]
    pairs += [(patients[one], patients[other]) for one, other in duplicates]
    component = components(pairs)
    return [component[patient] for patient in patients]


def by_hash(group: str) -> str:
    """Return the side of a group by its name alone."""
    # 8 bytes are exact enough for a share, and sha256 is the same everywhere, unlike `hash`.
    place = int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") / 2**64
    if place < SHARES[TRAIN]:
        return TRAIN
    return VAL if place < SHARES[TRAIN] + SHARES[VAL] else TEST


def assign(groups: Sequence[str], remembered: Sequence[str]) -> list[str]:
    """Return each film's side.

    Args:
        groups: each film's group.
        remembered: each film's side in the index before, or "" for a film it did not hold.

    A group of new films goes where its hash says. Otherwise the whole group goes to train if any of its films was
    there, else to val if any was there, else it stays in test.
    """
    sides: Mapping[str, set[str]] = {group: set() for group in groups}
    for group, side in zip(groups, remembered, strict=True):
        if side:
            sides[group].add(side)
    chosen = {
        group: next((side for side in SPLITS if side in seen), None) or by_hash(group) for group, seen in sides.items()
    }
    return [chosen[group] for group in groups]
