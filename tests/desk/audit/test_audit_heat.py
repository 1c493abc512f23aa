"""The heat maps of the worst mistakes: as the edge would show them, with the places of the run's record."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from edge_app.model.places import PlaceScale
from train.audit import audited, mistakes
from train.models import networks

LABELS = ["normal", "covid", "pneumonia"]


@pytest.mark.parametrize("places", [None, {"covid": {"scale": 0.5, "offset": -1.0}}])
def test_they_are_those_of_the_class_map_of_covid(places):
    record = {"config": {"labels": LABELS}} | ({"places": places} if places else {})
    run = audited.AuditedRun(Path("run"), record, pd.DataFrame())
    assert run.places == ({"covid": PlaceScale(0.5, -1.0)} if places else {})
    network = networks.build("tiny", 32, LABELS, imagenet=False)
    run.__dict__["model"] = network  # as if it had been read from the folder
    films = np.random.default_rng(5).integers(0, 256, (2, 32, 32, 1)).astype(np.uint8)
    maps = np.asarray(networks.with_class_maps(network).predict_on_batch(films.astype(np.float32))["cam"])[..., 1]
    found = mistakes.heats(run, films)
    assert [heat.chances for heat in found] == [bool(places)] * 2
    for heat, own in zip(found, maps, strict=True):
        np.testing.assert_allclose(heat.logits, own * 0.5 - 1 if places else own, rtol=1e-5, atol=1e-6)
