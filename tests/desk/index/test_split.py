from collections import Counter

import pytest

from train.index import split
from train.index.components import components


def test_components_join_chains_in_any_order():
    pairs = [("c", "b"), ("x", "x"), ("a", "b"), ("d", "e")]
    expected = {"a": "a", "b": "a", "c": "a", "d": "d", "e": "d", "x": "x"}
    assert components(pairs) == components(reversed(pairs)) == expected


def test_patients_that_share_a_picture_are_one_group():
    patients = ["p/3", "p/1", "q/2", "q/2", "r/9"]
    assert split.groups(patients, [(0, 2)]) == ["p/3", "p/1", "p/3", "p/3", "r/9"]


def test_the_hash_gives_the_shares_and_never_changes():
    counts = Counter(split.by_hash(f"nih-chest-xrays/{number}") for number in range(20_000))
    for side, share in split.SHARES.items():
        # Four standard deviations of a binomial of 20,000.
        assert counts[side] / 20_000 == pytest.approx(share, abs=4 * (share * (1 - share) / 20_000) ** 0.5)
    # Written down once: another hash would move test films of models already trained into training.
    assert [split.by_hash(f"chest_xray/person{number}") for number in range(12)] == RECORDED


RECORDED = ["train", "val", "train", "test", "test", "train", "train", "test", "train", "test", "test", "val"]


def test_new_films_follow_the_side_of_their_group():
    group = next(f"g{i}" for i in range(100) if split.by_hash(f"g{i}") == "train")
    assert split.assign([group, group], ["test", ""]) == ["test", "test"]


@pytest.mark.parametrize(
    ("sides", "side"),
    [
        (("train", "test"), "train"),
        (("val", "test"), "val"),
        (("test", "val", "train"), "train"),
        (("test", ""), "test"),
        (("val",), "val"),
    ],
)
def test_merged_groups_never_bring_a_training_film_to_the_test(sides, side):
    assert split.assign(["g"] * len(sides), sides) == [side] * len(sides)


def test_groups_without_memory_are_split_by_hash_alone():
    groups = [f"g{number}" for number in range(50)]
    assert split.assign(groups, [""] * 50) == [split.by_hash(group) for group in groups]
