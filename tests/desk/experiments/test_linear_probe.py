"""The probe: what is asked of which films, on features made so that the answer is known."""

import numpy as np
import pandas as pd
import pytest

from train.experiments import linear_probe
from train.experiments.trials import HOSPITAL, RADIOGRAPHY

RNG = np.random.default_rng(0)


def _films(count=120):
    """Return two hospitals' films, half of each ill, two films a patient."""
    source = np.repeat([HOSPITAL, RADIOGRAPHY], count)
    label = np.where(np.arange(2 * count) // 2 % 2, "covid", "normal")
    return pd.DataFrame({"source": source, "label": label, "group": np.arange(2 * count) // 2})


def test_a_feature_of_the_disease_tells_everywhere_and_one_of_the_hospital_nowhere():
    films = _films()
    ill, here = (films["label"] == "covid").to_numpy(), (films["source"] == HOSPITAL).to_numpy()
    noise = RNG.normal(0, 1, (len(films), 3))
    disease = np.column_stack([ill + 0.2 * noise[:, 0], noise[:, 1:]])
    assert all(auc > 0.95 for auc in linear_probe.answers(films, disease).values())
    hospital = np.column_stack([here + 0.2 * noise[:, 0], noise[:, 1:]])
    assert all(abs(auc - 0.5) < 0.2 for auc in linear_probe.answers(films, hospital).values())


def test_a_sign_that_one_hospital_alone_has_is_of_no_use_in_the_other():
    films = _films()
    ill, here = (films["label"] == "covid").to_numpy(), (films["source"] == HOSPITAL).to_numpy()
    marker = (ill & here) + 0.2 * RNG.normal(0, 1, len(films))
    found = linear_probe.answers(films, np.column_stack([marker, RNG.normal(0, 1, len(films))]))
    assert found["within"] > 0.95
    assert abs(found["from it to Radiography"] - 0.5) < 0.2
    assert found["from the rest to Radiography"] == found["from it to Radiography"]  # it is all the rest


def test_features_are_one_row_a_film(monkeypatch):
    from train.models import lite0

    monkeypatch.setattr(lite0, "load_imagenet", lambda model: None)  # random weights do: the shape is asked
    pixels = RNG.integers(0, 256, (3, 64, 64, 1)).astype(np.uint8)
    found = linear_probe.features(pixels, 64)
    assert found.shape == (3, 112)
    assert found.dtype == np.float32
    assert np.ptp(found, axis=0).max() > 0


def test_the_same_films_give_the_same_answer():
    films, values = _films(), RNG.normal(0, 1, (240, 4))
    assert linear_probe.answers(films, values) == pytest.approx(linear_probe.answers(films, values))
