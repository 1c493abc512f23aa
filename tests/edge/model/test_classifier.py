"""The real interpreter of this environment: tflite-runtime on the edge, LiteRT at the desk."""

import dataclasses
import re
import struct
import threading

import numpy as np
import pytest

from edge_app.errors import MissingPackage, ModelMismatch
from edge_app.imaging import lung_field, preprocess
from edge_app.model import classifier as classifier_module
from edge_app.model import model_file
from tests.support.films import draw_film, draw_lungs
from tests.support.golden import GOLDEN

SIDE, FIELD = preprocess.LUNG_SIZE, preprocess.MASK_SIZE


def _drawn(seed):
    """Return where the lungs of a drawn film are, 0 to 255, at the side of the network's answer."""
    return preprocess.shrink(draw_lungs(seed, 300, 260), FIELD)


def _pixels(seed, opacity=0.0):
    """Crop a drawn film to its lungs, known from the drawing: what the second network sees."""
    field = lung_field.find(_drawn(seed) / 255)
    return preprocess.lungs_to_pixels(draw_film(seed, 300, 260, opacity=opacity), field, 32)


def _whole(seed, opacity=0.0):
    """Return a drawn film as the first network sees it."""
    return preprocess.to_pixels(draw_film(seed, 300, 260, opacity=opacity), SIDE)


@pytest.fixture(scope="module")
def loaded(model_path):
    return model_file.read(model_path)


def test_a_runtime_is_found():
    name, interpreter_class = classifier_module.find_runtime()
    assert f"{name}.interpreter" in classifier_module.RUNTIMES
    assert interpreter_class.__name__ == "Interpreter"


def test_scores_are_one_share_a_label_and_maps_one_a_label(classifier):
    scores, maps = classifier.scores(_pixels(1))
    assert scores.dtype == maps.dtype == np.float32
    assert scores.shape == (3,)
    assert scores.min() >= 0
    assert scores.max() <= 1
    assert maps.shape == (4, 4, 3)


@pytest.mark.parametrize("opacity", [0.0, 0.5, 1.0])
def test_scores_are_the_sigmoid_of_the_mean_map(classifier, opacity):
    scores, maps = classifier.scores(_pixels(1000, opacity))
    # A quantum of a score is 1/256, and one of a map about 0.1, which moves a score by 0.025 at the most.
    assert np.abs(scores - 1 / (1 + np.exp(-maps.mean((0, 1))))).max() < 0.035


def test_the_same_film_gives_the_same_answer(classifier):
    pixels, whole = _pixels(2), _whole(2)
    kept = pixels.copy(), whole.copy()
    first, chance = classifier.scores(pixels), classifier.lungs(whole)
    classifier.scores(_pixels(3, 1.0))
    classifier.lungs(_whole(3, 1.0))
    assert all(np.array_equal(a, b) for a, b in zip(classifier.scores(pixels), first, strict=True))
    assert np.array_equal(classifier.lungs(whole), chance)
    assert np.array_equal(pixels, kept[0])
    assert np.array_equal(whole, kept[1])


def test_answers_are_the_callers_own(classifier):
    first = (*classifier.scores(_pixels(1000)), classifier.lungs(_whole(1000)))
    kept = [part.copy() for part in first]
    classifier.scores(_pixels(1000, 1.0))
    classifier.lungs(_whole(1003, 1.0))
    assert all(np.array_equal(a, b) for a, b in zip(first, kept, strict=True))


@pytest.mark.parametrize("seed", [1000, 1001, 1002, 1003])
def test_clear_lungs_score_otherwise_than_opaque_ones(classifier, seed):
    # The model file was made to tell these apart (tests/golden/make_model.py); it answers above 0.9 and below 0.1.
    normal = classifier.card.labels.index("normal")
    assert classifier.scores(_pixels(seed))[0][normal] > 0.8
    assert classifier.scores(_pixels(seed, 1.0))[0][normal] < 0.3


@pytest.mark.parametrize("seed", [1000, 1001, 1002, 1003])
def test_the_chance_of_lung_is_high_where_the_lungs_are_drawn(classifier, seed):
    chance, drawn = classifier.lungs(_whole(seed)), _drawn(seed)
    assert chance.dtype == np.float32
    assert chance.shape == (FIELD, FIELD)
    assert chance.min() >= 0
    assert chance.max() <= 1
    assert chance[drawn == 255].mean() > 0.8
    assert chance[drawn == 0].mean() < 0.1


def test_threads_take_turns_and_get_what_one_gets(classifier):
    films = [(_pixels(seed, opacity), _whole(seed, opacity)) for seed in range(4) for opacity in (0.0, 1.0)]
    expected = [(*classifier.scores(pixels), classifier.lungs(whole)) for pixels, whole in films]
    answers, faults = {}, []

    def work(thread):
        try:
            for i in range(40):
                at = (i * (thread + 1)) % len(films)
                answers[thread, i] = (at, (*classifier.scores(films[at][0]), classifier.lungs(films[at][1])))
        except Exception as error:
            faults.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not faults
    assert len(answers) == 160
    for at, answer in answers.values():
        assert all(np.array_equal(a, b) for a, b in zip(answer, expected[at], strict=True))


@pytest.mark.parametrize("shape", [(31, 32, 1), (64, 64, 1), (32, 32, 3), (32, 32)])
def test_pixels_of_another_size_are_our_own_bug(classifier, shape):
    for look in (classifier.scores, classifier.lungs):
        with pytest.raises(ValueError):
            look(np.zeros(shape, np.uint8))
    assert classifier.scores(_pixels(1))[0].shape == (3,)  # and the next film is classified as ever
    assert classifier.lungs(_whole(1)).shape == (FIELD, FIELD)


# --- files that do not fit ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"size": 64},
            "model 'drawn-int8': takes uint8 (1, 32, 32, 1) at (scale, zero point) (1.0, 0); "
            "it must take uint8 (1, 64, 64, 1)",
        ),
        ({"labels": ("normal", "covid")}, "its card has 2 labels, so one output must be (1, 2)."),
    ],
)
def test_a_card_that_does_not_fit_the_network(loaded, change, sentence):
    with pytest.raises(ModelMismatch, match=re.escape(sentence)):
        classifier_module.Classifier(dataclasses.replace(loaded, card=dataclasses.replace(loaded.card, **change)))


def test_a_network_without_class_maps(loaded):
    _, interpreter_class = classifier_module.find_runtime()
    exits = interpreter_class(model_content=loaded.scores).get_output_details()
    shown = [len(details["shape"]) for details in exits]
    numbers = [details["index"] for details in exits]
    # The list of outputs is in the file as its length and the numbers of the tensors: let both name the scores.
    listed = struct.pack("<3i", 2, *numbers)
    assert loaded.scores.count(listed) == 1
    changed = loaded.scores.replace(listed, struct.pack("<3i", 2, *[numbers[shown.index(2)]] * 2))
    sentence = "answers [(1, 3), (1, 3)]; its card has 3 labels, so one output must be (1, h, w, 3)."
    with pytest.raises(ModelMismatch, match=re.escape(sentence)):
        classifier_module.Classifier(dataclasses.replace(loaded, scores=changed))


def test_a_network_that_the_runtime_cannot_run(loaded):
    for part, name in (("scores", "model 'drawn-int8'"), ("lungs", r"model 'drawn-int8' \(lung field\)")):
        with pytest.raises(ModelMismatch, match=rf"^{name}: \w+ cannot run it \(.*\); install a newer runtime\.$"):
            classifier_module.Classifier(dataclasses.replace(loaded, **{part: b"no flatbuffer at all"}))
        with pytest.raises(ModelMismatch, match=rf"^{name}: takes float32"):
            classifier_module.Classifier(dataclasses.replace(loaded, **{part: classifier_module.ONE_OP.read_bytes()}))


def test_a_lung_network_of_another_shape(loaded, monkeypatch):
    sentence = "model 'drawn-int8' (lung field): takes uint8 (1, 32, 32, 1) at (scale, zero point) (1.0, 0); it must"
    with pytest.raises(ModelMismatch, match=re.escape(sentence)):
        classifier_module.Classifier(dataclasses.replace(loaded, lungs=loaded.scores))
    monkeypatch.setattr(classifier_module, "MASK_SIZE", FIELD // 2)
    sentence = f"answers [(1, {FIELD}, {FIELD}, 1)]; a lung-field network answers (1, {FIELD // 2}, {FIELD // 2}, 1)."
    with pytest.raises(ModelMismatch, match=re.escape(sentence)):
        classifier_module.Classifier(loaded)


def test_the_finder_by_itself_answers_as_in_the_bundle(classifier, loaded):
    path = GOLDEN / "lungs-int8.tflite"
    assert path.read_bytes() == loaded.lungs
    assert np.array_equal(classifier_module.LungFinder(path).lungs(_whole(1000)), classifier.lungs(_whole(1000)))


def test_a_finder_that_is_missing_or_another_network(tmp_path, model_path):
    with pytest.raises(ModelMismatch, match=r"no\.tflite: there is no such lung-field network; make one with"):
        classifier_module.LungFinder(tmp_path / "no.tflite")
    with pytest.raises(ModelMismatch, match=rf"^{model_path}: takes uint8 \(1, 32, 32, 1\)"):
        classifier_module.LungFinder(model_path)
    (tmp_path / "text.tflite").write_text("no network")
    with pytest.raises(ModelMismatch, match=rf"^{tmp_path}/text.tflite: \w+ cannot run it"):
        classifier_module.LungFinder(tmp_path / "text.tflite")


def test_integer_scores_are_widened_before_the_zero_point_is_taken_off():
    details = {"quantization": (1 / 256, -128)}
    values = classifier_module.dequantize(np.array([-128, 0, 127], np.int8), details)
    assert values.dtype == np.float32
    assert values.tolist() == [0, 0.5, 255 / 256]
    # In int8, -128 - 127 would wrap to 1.
    assert classifier_module.dequantize(np.array([-128], np.int8), {"quantization": (1.0, 127)}).tolist() == [-255]
    # In uint8, 0 - 10 would wrap to 246.
    assert classifier_module.dequantize(np.array([0], np.uint8), {"quantization": (0.5, 10)}).tolist() == [-5]


def test_float_scores_are_copied_as_they_are():
    scores = np.array([0.25, 0.5], np.float32)
    copied = classifier_module.dequantize(scores, {"quantization": (0.0, 0)})
    assert copied.tolist() == [0.25, 0.5]
    assert not np.shares_memory(copied, scores)


def test_no_runtime_says_what_each_answered_and_what_to_run(monkeypatch):
    monkeypatch.setattr(classifier_module, "RUNTIMES", ("no_such_runtime.interpreter", "json.decoder"))
    with pytest.raises(MissingPackage) as caught:
        classifier_module.find_runtime()
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

    working = classifier_module.find_runtime()
    monkeypatch.setitem(sys.modules, "broken", types.ModuleType("broken"))
    module = types.ModuleType("broken.interpreter")
    module.Interpreter = Broken
    monkeypatch.setitem(sys.modules, "broken.interpreter", module)
    monkeypatch.setattr(classifier_module, "RUNTIMES", ("broken.interpreter", *classifier_module.RUNTIMES))
    assert classifier_module.find_runtime() == working
    monkeypatch.setattr(classifier_module, "RUNTIMES", ("broken.interpreter",))
    with pytest.raises(MissingPackage, match=r"\(broken: vector::reserve\); run"):
        classifier_module.find_runtime()


def test_what_was_written_on_stderr_before_and_after_loading_is_kept(loaded, capfd):
    import os

    os.write(2, b"before\n")
    classifier_module.Classifier(loaded, threads=1)
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "before\nafter\n"
