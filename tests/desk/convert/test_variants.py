"""Every file that a run can become: converted, run in the real runtimes of this machine, and told by its metadata."""

import numpy as np
import pytest

from convert.modelfile import inspect_file, metadata, variants
from convert.verify import runtimes, speed
from edge_app.errors import EdgeError
from train.models import networks as networks
from train.models.networks import with_class_maps

LABELS, SIZE, FILMS = ("normal", "covid", "pneumonia"), 32, 12
CARD = {
    "name": "tiny",
    "task": "a task",
    "labels": list(LABELS),
    "licence": "a licence",
    "preprocess": {"size": SIZE},
    "training": {"commits": ["0123456789abcdef"]},
}
# Share of the score's range a file may be off by, on noise and random weights: 8 bits all the way are the coarsest.
TOLERANCE = {"float32": 1e-4, "float16": 0.01, "dynamic": 0.05, "int8": 0.06, "int8-full": 0.1, "int16x8": 0.02}


@pytest.fixture(scope="module")
def films():
    return np.random.default_rng(1).integers(0, 256, (60, SIZE, SIZE, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def files(network, films):
    return {variant: variants.flatbuffer(network, variant, films, CARD) for variant in variants.VARIANTS}


@pytest.fixture(scope="module")
def expected(network, films):
    return with_class_maps(network).predict(films[:FILMS].astype("float32"), verbose=0)


@pytest.mark.parametrize("place", runtimes.here(), ids=lambda place: place.name)
@pytest.mark.parametrize("variant", variants.VARIANTS, ids=lambda variant: variant.name)
def test_every_file_answers_as_keras_does_in_every_runtime(files, films, expected, variant, place):
    outcome = runtimes.run(place, files[variant], variant.films(films[:FILMS]), len(LABELS))
    assert outcome.answers.scores.shape == (FILMS, 3)
    assert np.abs(outcome.answers.scores - expected["scores"]).max() < TOLERANCE[variant.kind]
    assert len(outcome.ms) == FILMS
    assert outcome.peak_mb > 10
    if variant.head == "mobile":
        assert outcome.answers.maps is None
    else:
        maps = outcome.answers.maps.reshape(FILMS, -1)
        assert np.corrcoef(maps.ravel(), expected["cam"].ravel())[0, 1] > 0.9


@pytest.mark.parametrize("place", runtimes.here(), ids=lambda place: place.name)
def test_a_file_that_a_runtime_cannot_run_is_one_sentence(place, films):
    with pytest.raises(EdgeError, match=f"{place.name} cannot run it: "):
        runtimes.run(place, b"TFL3 and nothing else", films[:1], 3)


@pytest.mark.parametrize("head", networks.HEADS)
def test_other_runtimes_read_the_float_files_of_a_released_network(head):
    """`short` with the weights of ImageNet: what `convert --report` times files against."""
    variant, size = variants.Variant("float32", head), 64
    network = networks.build("short", size, LABELS)
    films = np.random.default_rng(2).integers(0, 256, (4, size, size, 1)).astype(np.uint8)
    content = variants.flatbuffer(network, variant, films, CARD | {"preprocess": {"size": size}})
    expected = network.predict(films.astype("float32"), verbose=0)
    for place in runtimes.peers():
        readable = runtimes.to_onnx(content) if place.runtime == runtimes.ONNX else content
        outcome = runtimes.run(place, readable, variant.films(films), len(LABELS))
        assert np.abs(outcome.answers.scores - expected).max() < 1e-3, place.name


def test_files_are_timed_in_turn_and_a_runtime_that_answers_otherwise_is_left_out(files, films):
    chosen = variants.named(["float32", "int8"])
    timed = {variant.name: (files[variant], variant.films(films[:1])) for variant in chosen}
    seen = speed.measure(timed, len(LABELS), runtimes.here(), threads=(1, 2))
    for costs in seen.values():
        assert list(costs) == [place.name for place in (*runtimes.here(), *runtimes.peers())]
        for counts in costs.values():
            if "left_out" not in counts:
                assert set(counts) == {"1", "2"}
                assert all(cost["ms"] > 0 and cost["peak_mb"] > 10 for cost in counts.values())
    for place in (*runtimes.here(), *runtimes.peers()):
        assert "left_out" not in seen["float32"][place.name]


def test_green_is_what_a_file_for_phones_looks_at(files, films):
    variant = variants.Variant("float32", "mobile")
    green = variant.films(films[:4])
    other = green.copy()
    other[..., 0], other[..., 2] = 0, 255
    answers = [runtimes.run(runtimes.here()[0], files[variant], shown, 3).answers.scores for shown in (green, other)]
    assert np.array_equal(*answers)


def test_names_are_different_and_unknown_ones_are_told():
    names = [variant.name for variant in variants.VARIANTS]
    assert len(set(names)) == len(names) == 12
    assert [variant.name for variant in variants.named(["mobile-int8", "int8"])] == ["int8", "mobile-int8"]
    with pytest.raises(ValueError, match="there is no variant 'int4'; known variants are float32, float16,"):
        variants.named(["int4"])


def test_metadata_travels_and_new_replaces_old(files):
    for content in files.values():
        assert content.count(metadata.IDENTIFIER) == 1
        again = metadata.write(content, CARD | {"name": "another"})
        assert again.count(metadata.NAME.encode()) == 1
        assert b"another" in again
        assert inspect_file.operators(again) == inspect_file.operators(content)


def test_xnnpack_takes_all_of_a_float_file_and_what_is_left_is_named(files):
    seen = speed.taken(files[variants.Variant("float32", "edge")])
    assert 0 < seen["taken"] <= seen["operators"]
    assert (seen["left"] == []) == (seen["taken"] == seen["operators"])
