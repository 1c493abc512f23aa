"""Where a network looks on films with radiologists' boxes, of a network that looks at what is bright."""

from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest

from train.audit import audited, localised
from train.audit.array_cache import ArrayCache
from train.evaluation import deletion
from train.reporting.page import Page

LABELS = ["normal", "covid", "pneumonia"]
SIDE, COUNT = 64, 12
# Rows of the 32 of a corner that are bright: fewer than half, so that a cover of the median is dark.
BRIGHT = 12
RECORD = {
    "config": {"labels": LABELS, "cells": [], "sources": ["a"]},
    "metrics": {"operating_points": {"refer": {"covid": {"low": 0.2, "high": 0.5}, "pneumonia": {"threshold": 0.9}}}},
}
# Above 0 where a quarter of the film is bright.
PLACES = {"places": {"covid": {"scale": 1.0, "offset": 1.0}}}


@pytest.fixture
def looking(tmp_path):
    """Return what makes a run of a network that maps brightness, and films whose box, in turn, is in another corner."""
    rng = np.random.default_rng(0)
    pixels, boxes = rng.integers(0, 4, (COUNT, SIDE, SIDE, 1)).astype(np.uint8), []
    opacities = np.zeros_like(pixels)
    for i, corner in enumerate([(0, 0), (0, 1), (1, 0), (1, 1)] * (COUNT // 4)):
        here = tuple(slice(32 * at, 32 * at + 32) for at in corner)
        pixels[i][here][:BRIGHT] += 180
        opacities[i][here] = 255
        boxes.append("0 0 0.5 0.5")
    opacities[-1] = 0
    boxes[-1] = ""
    films = pd.DataFrame({"path": [f"{i}.png" for i in range(COUNT)], "boxes": boxes})
    masks = np.full((COUNT, SIDE, SIDE), 255, np.uint8)
    masks[:, :, 32:] = 0
    seen = audited.AuditedFilms(films, pixels, masks, opacities, pixels[..., 0], None, np.array([""] * COUNT, object))
    scores = films[["path"]].assign(source="a", split="test", label="covid", appearance="typical", group=films["path"])
    scores = scores.assign(score_normal=0.1, score_covid=[0.9] * (COUNT - 2) + [0.4, 0.9], score_pneumonia=0.2)
    inputs = keras.Input((SIDE, SIDE, 1))
    quarters = keras.layers.AveragePooling2D(32)(keras.layers.Rescaling(1 / 40, offset=-2)(inputs))
    maps = keras.layers.Concatenate(name="cam")([-quarters, quarters, quarters - 1])
    network = keras.Model(inputs, keras.layers.Activation("sigmoid")(keras.layers.GlobalAveragePooling2D()(maps)))

    def run(**record):
        made = audited.AuditedRun(tmp_path, RECORD | record, scores)
        made.__dict__.update(model=network, model_key="network")
        return made

    return run, seen, ArrayCache(tmp_path / "kept")


def test_a_network_that_reads_what_is_in_the_boxes(looking):
    run, films, cache = looking
    found = localised.measure(run(**PLACES), films, cache)
    assert found["films"] == COUNT - 2  # one is unsure, one has no box
    assert found["hottest_in_box"]["value"] == found["auc_over_places"]["value"] == 1
    assert found["random_place"] == 0.25 and found["best_fixed_place"] == pytest.approx(0.3)
    assert found["blank"] == 0
    # Another corner of four: two patients' maps agree only now and then.
    assert found["correlation"]["class maps"]["value"] == pytest.approx(-1 / 3, abs=0.02)
    assert found["correlation"]["shown"]["value"] == pytest.approx(-1 / 3, abs=0.02)
    lost = found["deletion"]
    assert lost["films"] == COUNT - 2
    fall = 180 * BRIGHT / 32 / 40 / 4  # of the brightness of one of four places
    assert lost[deletion.HOTTEST]["value"] == pytest.approx(fall, abs=0.02)
    assert lost[deletion.IN_LUNGS]["value"] == pytest.approx(0, abs=0.02)
    assert lost[deletion.OUTSIDE]["value"] == pytest.approx(0, abs=0.02)
    assert set(found["examples"]) <= set(films.films["path"][: COUNT - 2])
    page = Page("looks")
    localised.show(page, found, run(**PLACES), films)
    assert "Drawn at random." in page.html() and "0 of the films show nothing" in page.html()


def test_without_places_masks_or_suspected_films_less_is_measured(looking):
    run, films, cache = looking
    found = localised.measure(run(), replace(films, masks=None), cache)
    assert found["correlation"]["shown"] is found["blank"] is found["deletion"] is None
    assert found["hottest_in_box"]["value"] == 1
    nobody = {"refer": {"covid": {"low": 0.95, "high": 0.99}, "pneumonia": {"threshold": 0.9}}}
    assert localised.measure(run(metrics={"operating_points": nobody}), films, cache) is None
    assert localised.measure(run(metrics={}), films, cache) is None
    page = Page("looks")
    localised.show(page, None, run(), films)
    assert "no suspected test film has a radiologist&#39;s box" in page.html()
