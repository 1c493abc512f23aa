"""The real interpreter of this environment: tflite-runtime on the edge, LiteRT at the desk."""

import dataclasses
import re
import threading

import numpy as np
import pytest

from edge_app import bundle, classifier, preprocess
from edge_app.errors import MissingPackage, ModelMismatch
from tests.films import draw_film


def _pixels(seed, opacity=0.0):
    return preprocess.to_pixels(draw_film(seed, 300, 260, opacity=opacity), 32)


@pytest.fixture(scope="module")
def loaded(model_path):
    return bundle.read(model_path)


def test_a_runtime_is_found():
    name, interpreter_class = classifier.find_runtime()
    assert f"{name}.interpreter" in classifier.RUNTIMES
    assert interpreter_class.__name__ == "Interpreter"


def test_scores_are_one_share_a_label(one):
    scores = one.scores(_pixels(1))
    assert scores.dtype == np.float32
    assert scores.shape == (3,)
    assert scores.min() >= 0
    assert scores.max() <= 1


def test_the_same_film_gives_the_same_scores(one):
    pixels = _pixels(2)
    kept = pixels.copy()
    first = one.scores(pixels)
    one.scores(_pixels(3, 1.0))
    assert np.array_equal(one.scores(pixels), first)
    assert np.array_equal(pixels, kept)


def test_scores_are_the_callers_own(one):
    first = one.scores(_pixels(1000))
    kept = first.copy()
    one.scores(_pixels(1000, 1.0))
    assert np.array_equal(first, kept)


@pytest.mark.parametrize("seed", [1000, 1001, 1002, 1003])
def test_clear_lungs_score_otherwise_than_opaque_ones(one, seed):
    # The model file was made to tell these apart (tests/golden/make_model.py); it answers above 0.9 and below 0.2.
    clear, opaque = one.scores(_pixels(seed)), one.scores(_pixels(seed, 1.0))
    normal = one.card.labels.index("normal")
    assert clear[normal] > 0.8
    assert opaque[normal] < 0.3


def test_threads_take_turns_and_get_what_one_gets(one):
    films = [_pixels(seed, opacity) for seed in range(4) for opacity in (0.0, 1.0)]
    expected = [one.scores(pixels) for pixels in films]
    answers, faults = {}, []

    def work(thread):
        try:
            for i in range(40):
                at = (i * (thread + 1)) % len(films)
                answers[thread, i] = (at, one.scores(films[at]))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(answers) == 160
    assert all(np.array_equal(scores, expected[at]) for at, scores in answers.values())


@pytest.mark.parametrize("shape", [(31, 32, 1), (64, 64, 1), (32, 32, 3), (32, 32)])
def test_pixels_of_another_size_are_our_own_bug(one, shape):
    with pytest.raises(ValueError):
        one.scores(np.zeros(shape, np.uint8))
    assert one.scores(_pixels(1)).shape == (3,)  # and the next film is classified as ever


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 64}, "takes uint8 (1, 32, 32, 1) at (scale, zero point) (1.0, 0); it must take uint8 (1, 64, 64, 1)"),
        ({"labels": ("normal", "covid")}, "its card has 2 labels, so one output must be (1, 2)."),
    ],
)
def test_a_card_that_does_not_fit_the_network(loaded, change, sentence):
    model, card = loaded
    with pytest.raises(ModelMismatch, match=re.escape(sentence)):
        classifier.Classifier(model, dataclasses.replace(card, **change))


def test_a_network_that_the_runtime_cannot_run(loaded):
    _, card = loaded
    sentence = r"model 'drawn-int8': \w+ cannot run it \(.*; its card asks for runtime 2\.14"
    with pytest.raises(ModelMismatch, match=sentence):
        classifier.Classifier(b"no flatbuffer at all", card)
    with pytest.raises(ModelMismatch, match="takes float32"):
        classifier.Classifier(classifier.ONE_OP.read_bytes(), card)


def test_integer_scores_are_widened_before_the_zero_point_is_taken_off():
    details = {"quantization": (1 / 256, -128)}
    values = classifier.dequantize(np.array([-128, 0, 127], np.int8), details)
    assert values.dtype == np.float32
    assert values.tolist() == [0, 0.5, 255 / 256]
    # In int8, -128 - 127 would wrap to 1.
    assert classifier.dequantize(np.array([-128], np.int8), {"quantization": (1.0, 127)}).tolist() == [-255]
    # In uint8, 0 - 10 would wrap to 246.
    assert classifier.dequantize(np.array([0], np.uint8), {"quantization": (0.5, 10)}).tolist() == [-5]


def test_float_scores_are_copied_as_they_are():
    scores = np.array([0.25, 0.5], np.float32)
    copied = classifier.dequantize(scores, {"quantization": (0.0, 0)})
    assert copied.tolist() == [0.25, 0.5]
    assert not np.shares_memory(copied, scores)


def test_no_runtime_says_what_each_answered_and_what_to_run(monkeypatch):
    monkeypatch.setattr(classifier, "RUNTIMES", ("no_such_runtime.interpreter", "json.decoder"))
    with pytest.raises(MissingPackage) as caught:
        classifier.find_runtime()
    sentence = str(caught.value)
    assert sentence.startswith("TFLite runtime: none works with Python 3.")
    assert f"numpy {np.__version__}" in sentence
    assert "no_such_runtime: No module named 'no_such_runtime'" in sentence
    assert "json: module 'json.decoder' has no attribute 'Interpreter'" in sentence
    assert sentence.endswith("run 'pip install -r edge_app/requirements.txt'.")


def test_a_runtime_that_imports_but_does_not_run_is_passed_over(monkeypatch):
    import sys
    import types

    class Broken:
        def __init__(self, **_):
            raise ValueError("vector::reserve\nand a second line")

    working = classifier.find_runtime()
    monkeypatch.setitem(sys.modules, "broken", types.ModuleType("broken"))
    module = types.ModuleType("broken.interpreter")
    module.Interpreter = Broken
    monkeypatch.setitem(sys.modules, "broken.interpreter", module)
    monkeypatch.setattr(classifier, "RUNTIMES", ("broken.interpreter", *classifier.RUNTIMES))
    assert classifier.find_runtime() == working
    monkeypatch.setattr(classifier, "RUNTIMES", ("broken.interpreter",))
    with pytest.raises(MissingPackage, match=r"\(broken: vector::reserve\); run"):
        classifier.find_runtime()


def test_what_was_written_on_stderr_before_and_after_loading_is_kept(loaded, capfd):
    import os

    os.write(2, b"before\n")
    classifier.Classifier(*loaded, threads=1)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"
