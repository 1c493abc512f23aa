"""What else than lungs could tell the label: the films without parts of them, simple features, the source."""

import numpy as np
import pandas as pd

from train.audit import ablations, controls, source_probe
from train.audit.array_cache import ArrayCache, key


def _films(n):
    return pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(n)],
            "source": np.where(np.arange(n) % 4 < 2, "a", "b"),
            "label": np.where(np.arange(n) % 2, "covid", "normal"),
            "group": [f"g{i}" for i in range(n)],
            "split": np.resize(["train"] * 4 + ["val"] * 4 + ["test"] * 4, n),
        }
    )


def test_parts_are_what_they_are_called():
    film = np.random.default_rng(0).integers(1, 256, (2, 50, 50)).astype(np.uint8)
    lungs = np.zeros_like(film)
    lungs[0, 10:30, 15:35] = 255
    inside = lungs > 0
    assert np.array_equal(ablations.lungs_only(film, lungs), film * inside)
    assert np.array_equal(ablations.without_lungs(film, lungs), film * ~inside)
    assert np.array_equal(ablations.without_box(film, lungs), film * ~inside)
    two = np.zeros_like(film)
    two[:, 10:30, 5:15] = two[:, 10:30, 35:45] = 255
    hull = np.zeros((50, 50), bool)
    hull[9:31, 4:46] = True  # one pixel of rim, 2 % of 50
    assert np.array_equal(ablations.without_hull(film, two), film * ~hull)
    assert np.array_equal(ablations.without_hull(film, np.zeros_like(film)), film)
    border = ablations.border_only(film)
    assert np.array_equal(border[:, :6], film[:, :6])  # 12 % of 50
    assert not border[:, 6:-6, 6:-6].any()
    blurred = ablations.blurred_lungs(film, lungs)
    assert np.array_equal(blurred[~inside], film[~inside])
    assert blurred[inside].std() < 0.3 * film[inside].std()
    assert all(
        np.shares_memory(film, change(film, lungs)) is (name == "whole film")
        for name, (change, _) in ablations.ALL.items()
    )


def test_histogram_and_thumbnail():
    film = np.zeros((1, 32, 32), np.uint8)
    film[0, :16] = 255
    shares = controls.histogram(film)
    assert shares.shape == (1, 64)
    assert (shares[0, 0], shares[0, -1], shares.sum()) == (0.5, 0.5, 1.0)
    assert controls.thumbnail(film).reshape(16, 16)[[0, -1], 0].tolist() == [1.0, 0.0]


def test_controls_learn_on_training_films_only(tmp_path):
    """Features that tell the label give 1, noise gives half, and turned test labels turn the test figure."""
    films, rng = _films(240), np.random.default_rng(0)
    covid = (films["label"] == "covid").to_numpy()
    telling = (covid[:, None] + rng.normal(0, 0.1, (240, 5))).astype(np.float32)
    kinds = {"telling": telling, "noise": rng.normal(size=(240, 5)).astype(np.float32)}
    found = controls.measure(kinds, films, "a", ["a", "b"], ArrayCache(tmp_path))
    assert found["telling"]["test"]["value"] == found["telling"]["within"]["value"] == 1.0
    assert found["noise"]["test"]["low"] < 0.5 < found["noise"]["test"]["high"]
    test = films["split"] == "test"
    turned = films.assign(label=films["label"].where(~test, np.where(covid, "normal", "covid")))
    assert controls.measure(kinds, turned, "a", ["a", "b"], ArrayCache(tmp_path))["telling"]["test"]["value"] == 0.0


def test_controls_leave_out_what_the_run_never_learnt_from_and_films_of_neither_kind(tmp_path):
    films, rng = _films(240), np.random.default_rng(0)
    kind = {"noise": rng.normal(size=(240, 5)).astype(np.float32)}
    own = controls.measure(kind, films, "a", ["a", "b"], ArrayCache(tmp_path))
    more = pd.concat([films, _films(24).assign(source="c"), _films(24).assign(label="indeterminate")])
    added = {"noise": np.concatenate([kind["noise"], np.full((48, 5), 9, np.float32)])}
    assert controls.measure(added, more, "a", ["a", "b"], ArrayCache(tmp_path / "more")) == own


def test_balanced_accuracy_counts_classes_alike():
    truth, guesses = np.array(list("aaab"), dtype=object), np.array(list("aaaa"), dtype=object)
    statistic = source_probe.balanced_accuracy(truth, guesses)
    assert statistic(np.ones(4)) == 0.5
    assert np.isnan(statistic(np.array([1, 1, 1, 0])))


def test_the_source_is_told_from_an_embedding_that_holds_it(tmp_path):
    films, rng = _films(240), np.random.default_rng(0)
    noise = rng.normal(size=(240, 6)).astype(np.float32)
    holds = noise + 5 * (films["source"] == "a").to_numpy()[:, None]
    found = source_probe.measure({"holds": holds, "noise": noise}, films, ArrayCache(tmp_path))
    assert set(found["holds"]) == {"all", "covid", "normal"}
    assert found["holds"]["normal"]["value"] == 1.0
    assert found["holds"]["all"]["chance"] == 0.5
    assert found["noise"]["all"]["low"] < 0.5 < found["noise"]["all"]["high"]


def test_an_array_is_made_once_and_anew_of_other_things(tmp_path):
    cache, made = ArrayCache(tmp_path), []

    def make():
        made.append(1)
        return np.arange(3)

    for made_of in (key("a"), key("a"), key("b")):
        assert cache.get("Some thing, 12 %", made_of, make).tolist() == [0, 1, 2]
    assert len(made) == 2
    assert [path.name for path in tmp_path.iterdir()] == [f"some-thing-12-{key('b')[:12]}.npy"]
