import pandas as pd
import pytest

from train.index import agreement
from train.index.duplicates import SAME_PERSON, SAME_PICTURE, Pair


def settled(*films, alike=SAME_PICTURE):
    """Settle (label, appearance, sha256) of films that are alike one after the other."""
    rows = [
        {"path": f"{at}.png", "label": label, "appearance": said, "sha256": sha, "rejected": ""}
        for at, (label, said, sha) in enumerate(films)
    ]
    pairs = [Pair(at, at + 1, alike) for at in range(len(rows) - 1)]
    return [tuple(row) for row in agreement.settle(pd.DataFrame(rows), pairs).to_numpy()]


def test_the_radiologists_appearance_holds_for_every_copy():
    films = ("covid", "", "a"), ("normal", "negative", "b"), ("covid", "", "c")
    assert settled(*films) == [("normal", "negative", "")] * 3
    films = ("covid", "", "a"), ("indeterminate", "indeterminate", "b")
    assert settled(*films) == [("indeterminate", "indeterminate", "")] * 2


def test_radiologists_who_contradict_each_other_reject_the_picture():
    films = ("covid", "typical", "a"), ("normal", "negative", "b")
    assert [rejected for *_, rejected in settled(*films)] == ["label conflict"] * 2


def test_labels_that_contradict_each_other_reject_the_picture_where_no_radiologist_decides():
    assert [rejected for *_, rejected in settled(("covid", "", "a"), ("normal", "", "b"))] == ["label conflict"] * 2


@pytest.mark.parametrize("alike", [SAME_PERSON, SAME_PICTURE - 0.01])
def test_a_follow_up_keeps_its_own_label(alike):
    films = ("covid", "typical", "a"), ("normal", "negative", "b")
    assert settled(*films, alike=alike) == [("covid", "typical", ""), ("normal", "negative", "")]


def test_of_equal_files_the_first_stays():
    films = ("covid", "", "a"), ("covid", "typical", "a"), ("covid", "", "b")
    assert [rejected for *_, rejected in settled(*films)] == ["", "exact copy of 0.png", ""]
    assert {said for _, said, _ in settled(*films)} == {"typical"}
