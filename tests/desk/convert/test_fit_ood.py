"""What embeddings of training films are like, fitted: most films pass, and what lies apart does not."""

import numpy as np
import pandas as pd
import pytest

from convert import release
from convert.finished_run import FinishedRun, HeldOutFilms, OrdinaryFilms
from convert.modelfile import fit_ood, variants
from convert.quantize import quantize
from convert.verify.acceptance import Answers
from edge_app.model.ood import unpack
from train.index.sources import CHILDREN
from train.models import networks as networks


def _embeddings(rng, count, features=60, along=4):
    """Draw embeddings that vary in a few directions more than in the others."""
    directions = np.linalg.qr(np.random.default_rng(9).normal(size=(features, along)))[0].T
    return (rng.normal(size=(count, along)) * 4 @ directions + rng.normal(size=(count, features))).astype(np.float32)


def test_films_like_those_learnt_from_pass_and_others_do_not():
    rng = np.random.default_rng(0)
    training, validation, test = (_embeddings(rng, count) for count in (600, 400, 400))
    made, limit = fit_ood.fit(training, validation)
    assert limit["features"] == 60
    shown = unpack(made, 60)
    passing = np.mean([shown.distance(one) <= limit["unlike"] for one in test])
    assert passing >= 0.98
    strange = rng.normal(size=(50, 60)).astype(np.float32) * 2.5
    assert np.mean([shown.distance(one) > limit["unlike"] for one in strange]) > 0.95


def test_films_of_the_source_that_lies_farthest_pass_too():
    rng = np.random.default_rng(0)
    training, near, far = (_embeddings(rng, count) for count in (600, 800, 60))
    far = far * np.float32(1.5)
    validation, sources = np.concatenate([near, far]), np.array(["a"] * 800 + ["b"] * 60)
    made, limit = fit_ood.fit(training, validation, sources)
    pooled = fit_ood.fit(training, validation)[1]
    shown = unpack(made, 60)
    passing = np.mean([shown.distance(one * np.float32(1.5)) <= limit["unlike"] for one in _embeddings(rng, 400)])
    assert passing >= 0.98
    assert limit["unlike"] > pooled["unlike"]


def test_a_source_of_few_films_does_not_decide_the_limit():
    rng = np.random.default_rng(0)
    training, near, far = (_embeddings(rng, count) for count in (600, 800, fit_ood.LEAST_OF_SOURCE - 1))
    validation, sources = np.concatenate([near, far * 9]), np.array(["a"] * 800 + ["b"] * len(far))
    alone = fit_ood.fit(training, near)[1]
    assert fit_ood.fit(training, validation, sources)[1] == alone


def test_the_limit_is_set_on_validation_films_of_every_source_but_the_children_s():
    films = pd.DataFrame(
        [(source, split) for source in ("a", "b", CHILDREN) for split in ("train", "val", "test") for _ in range(500)],
        columns=["source", "split"],
    )
    chosen = films.iloc[fit_ood.rows_to_pass(films)]
    assert chosen["split"].eq("val").all()
    assert chosen["source"].value_counts().to_dict() == {"a": fit_ood.PER_SOURCE, "b": fit_ood.PER_SOURCE}


def test_fewer_films_than_directions_still_fit():
    rng = np.random.default_rng(1)
    made, _ = fit_ood.fit(_embeddings(rng, 6), _embeddings(rng, 5))
    assert unpack(made, 60).directions.shape == (4, 60)
    assert unpack(made, 60).distance(_embeddings(rng, 1)[0]) == pytest.approx(1, abs=4)


@pytest.mark.parametrize("head", ["edge", "mobile"])
def test_only_a_file_for_the_edge_gets_a_gate(head):
    films = np.random.default_rng(2).integers(0, 256, (40, 64, 64, 1), dtype=np.uint8)
    labels = ("normal", "covid", "pneumonia")
    model = networks.build("seed", 64, labels)
    content = quantize.to_tflite(networks.to_convert(model, head), "float32", None)
    held_out = HeldOutFilms(pd.DataFrame({"split": ["val"] * 20 + ["test"] * 20}), films, Answers(np.zeros((40, 3))))
    ordinary = OrdinaryFilms(films[:20], np.array(["a"] * 20))
    record = {"config": {"labels": labels}}
    run = FinishedRun(record, model, films, held_out, b"", b"", films, ordinary, {"wrong": 0.3}, {})
    ood, limits = release.gate(content, variants.Variant("float32", head), run)
    if head == "mobile":
        assert (ood, limits) == (b"", None)
    else:
        assert limits["wrong"] == 0.3
        assert unpack(ood, limits["features"]).distance(np.zeros(limits["features"], np.float32)) >= 0
