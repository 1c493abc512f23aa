"""The camera's part of a card: set on photographs of validation films, counted on those of test films."""

import copy

import numpy as np
import pandas as pd
import pytest

from convert import camera
from convert.modelfile import fit_ood, variants
from convert.quantize import quantize
from edge_app.errors import EdgeError
from edge_app.gate import view_classes
from edge_app.gate.picture_checks import CONTRAST, LUNGS_WHITE
from edge_app.model import model_file
from edge_app.model.card import RULES, parse
from tests.support.drawn_index import LABELS
from tests.support.golden import LUNGS
from train.films.photographs import CHECKS, Photographs
from train.films.pixels import Crops
from train.models import networks as networks

SIDE, FILMS = 64, 90
LIMITS = {"wrong": 0.35, "cut": 0.35, "picture": {CONTRAST: 40.0, LUNGS_WHITE: 0.1}}


@pytest.fixture(scope="module")
def photographed():
    """Return what `camera.measure` takes: a file, films, their photographs and a run's settings."""
    rng = np.random.default_rng(2)
    model = networks.build("seed", SIDE, LABELS)
    content = quantize.to_tflite(networks.to_convert(model, "edge"), "float32", None)
    films = rng.integers(0, 256, (FILMS, SIDE, SIDE, 1), dtype=np.uint8)
    table = pd.DataFrame(
        {
            "path": [f"{at}.png" for at in range(FILMS)],
            "source": "clinic-a",
            "label": [LABELS[at % 3] for at in range(FILMS)],
            "group": [f"{at}" for at in range(FILMS)],
            "split": ["val" if at % 2 else "test" for at in range(FILMS)],
        }
    )
    found = np.arange(FILMS) % 15 != 0
    pictures = films[..., 0]
    values = np.full((FILMS, len(CHECKS)), np.nan, np.float32)
    values[:, CHECKS.index(CONTRAST)] = 120 - np.arange(FILMS)  # photographs have less contrast than files
    values[:, CHECKS.index(LUNGS_WHITE)] = 0.01
    chances = np.full((FILMS, len(view_classes.CLASSES)), 0.01, np.float32)
    chances[4, view_classes.CLASSES.index(view_classes.PICTURE)] = 0.99
    crops = Crops(pictures, np.full_like(pictures, 255), np.zeros((FILMS, 4), np.float32), found)
    taken = Photographs(crops, np.ones(FILMS, np.int8), chances, values)
    ood, limit = fit_ood.fit(*(fit_ood.embeddings(content, films[rows::2], 3) for rows in (0, 1)))
    config = {"labels": LABELS, "outside": "keep", "levels": "crop", "cells": ()}
    file = camera.GatedFile(content, variants.Variant("float32", "edge"), ood, LIMITS | limit)
    return file, table, taken, config


@pytest.fixture(scope="module")
def measured(photographed):
    """Return the field `camera` of a card, and the photographs it was made from."""
    return camera.measure(*photographed), photographed[2]


def test_photographs_without_a_label_that_pass_are_refused_with_a_sentence(photographed):
    file, table, taken, config = photographed
    no_covid = table.assign(
        label=table["label"].mask((table["label"] == "covid") & (table["split"] == "val"), "normal")
    )
    with pytest.raises(EdgeError, match=r"photographs of val films: none of covid passes the gate; .*index more films"):
        camera.measure(file, no_covid, taken, config)


def test_limits_are_at_least_as_wide_as_those_for_files(measured):
    own, _ = measured
    assert own["gate"]["picture"][CONTRAST] < 40
    assert own["gate"]["picture"][LUNGS_WHITE] == 0.1
    assert own["gate"]["wrong"] == 0.35 and own["gate"]["cut"] == 0.35


def test_what_is_refused_is_counted(measured):
    own, taken = measured
    refused = own["photographs"]["refused"]
    assert {name: refused[name]["n"] for name in ("val", "test")} == {"val": 45, "test": 45}
    assert refused["test"]["value"] >= (~taken.crops.found[::2]).mean()


def test_an_edge_reads_it(measured):
    own, _ = measured
    raw = copy.deepcopy(dict(model_file.read(LUNGS.with_name("tiny-int8.tflite")).card.raw))
    raw["camera"] = own
    card = parse(raw)
    assert card.camera.of_photographs and card.camera.temperature == own["temperature"] > 0
    assert card.camera.gate.picture[CONTRAST] == own["gate"]["picture"][CONTRAST]
    assert set(card.camera.operating_points) == set(RULES) and card.camera.camera is None
    assert card.temperature == 1 and not card.of_photographs


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"temperature": 0}, "'camera.temperature' is 0"),
        ({"gate": {"wrong": 2}}, "'camera.gate.features'"),
        ({"operating_points": {}}, "'camera.operating_points.refer'"),
    ],
)
def test_a_damaged_one_is_named(measured, change, said):
    raw = copy.deepcopy(dict(model_file.read(LUNGS.with_name("tiny-int8.tflite")).card.raw))
    raw["camera"] = measured[0] | change
    with pytest.raises(ValueError, match=said):
        parse(raw)
