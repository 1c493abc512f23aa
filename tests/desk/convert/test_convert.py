import json

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter

from convert import finished_run
from convert.modelfile import card, variants
from convert.quantize import calibration_films, quantize
from edge_app.errors import EdgeError
from edge_app.imaging import preprocess
from edge_app.model import card as edge_card
from edge_app.model.classifier import dequantize
from edge_app.model.places import PlaceScale
from edge_app.screening import prevalence
from train.models import networks

LABELS = ("normal", "covid", "pneumonia")
SIZE = 32
FEATURES = 288  # of the last layer of `tiny`


@pytest.fixture(scope="module")
def calibration():
    return np.random.default_rng(1).integers(0, 256, (60, SIZE, SIZE, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def files(network, calibration):
    return {kind: quantize.to_tflite(networks.to_convert(network), kind, calibration) for kind in quantize.KINDS}


def _run(content, films):
    """Answer (scores, class maps) of each film through LiteRT."""
    interpreter = Interpreter(model_content=content)
    interpreter.allocate_tensors()
    entry = interpreter.get_input_details()[0]
    exits = {len(item["shape"]): item for item in interpreter.get_output_details() if item["shape"][1] != FEATURES}
    answers = []
    for film in films:
        interpreter.set_tensor(entry["index"], film[None].astype(entry["dtype"]))
        interpreter.invoke()
        answers.append([dequantize(interpreter.get_tensor(exits[rank]["index"])[0], exits[rank]) for rank in (2, 4)])
    return [np.stack(part) for part in zip(*answers, strict=True)]


@pytest.mark.parametrize(("kind", "dtype"), [("float32", np.float32), ("int8", np.uint8)])
def test_input_and_outputs_have_the_promised_types(files, kind, dtype):
    interpreter = Interpreter(model_content=files[kind])
    entry = interpreter.get_input_details()[0]
    assert entry["dtype"] == dtype
    assert entry["shape"].tolist() == [1, SIZE, SIZE, 1]
    if kind == "int8":
        assert entry["quantization"] == (1.0, 0)
    shapes = {tuple(item["shape"]) for item in interpreter.get_output_details()}
    assert shapes == {(1, 3), (1, 1, 1, 3), (1, FEATURES)}
    assert {item["dtype"] for item in interpreter.get_output_details()} == {np.float32}


def test_weights_are_quantized_per_channel(files):
    interpreter = Interpreter(model_content=files["int8"])
    scales = [len(item["quantization_parameters"]["scales"]) for item in interpreter.get_tensor_details()]
    assert max(scales) == FEATURES  # one scale for each output channel of the widest convolution


def test_both_ends_of_a_mixed_file_are_floats_and_nothing_else(network, files, calibration):
    content = quantize.to_tflite(
        networks.to_convert(network), "int8", calibration, blocks=quantize.float_blocks(network)
    )
    interpreter = Interpreter(model_content=content)
    assert interpreter.get_input_details()[0]["dtype"] == np.uint8
    assert interpreter.get_input_details()[0]["quantization"] == (1.0, 0)
    kinds = {item["name"]: item["dtype"] for item in interpreter.get_tensor_details()}
    floats = [name for name, kind in kinds.items() if kind == np.float32]
    assert any("stem_norm" in name for name in floats)
    assert any("block0_depthwise" in name for name in floats)
    assert not any("block1_depthwise" in name or "block8_depthwise" in name for name in floats)
    expected = network.predict(calibration.astype("float32"), verbose=0)
    plain, mixed = (np.abs(_run(file, calibration)[0] - expected).mean() for file in (files["int8"], content))
    assert mixed < plain


def test_files_answer_as_keras_does(network, files, calibration):
    expected = network.predict(calibration.astype("float32"), verbose=0)
    scores, _ = _run(files["float32"], calibration)
    assert np.allclose(scores, expected, atol=1e-4)  # float arithmetic in another order
    scores, _ = _run(files["int8"], calibration)
    # Twelve quantized layers on noise; a wrong scale or a swapped channel is off by 0.3 and more.
    assert np.abs(scores - expected).max() < 0.08


def test_scores_are_the_sigmoid_of_the_mean_class_map(files, calibration):
    for kind, tolerance in (("float32", 1e-5), ("int8", 0.02)):  # int8: a quantum of the logit and one of the score
        scores, maps = _run(files[kind], calibration[:10])
        assert np.allclose(scores, 1 / (1 + np.exp(-maps.mean((1, 2)))), atol=tolerance)


def test_no_fully_connected(files):
    for content in files.values():
        names = {op["op_name"] for op in Interpreter(model_content=content)._get_ops_details()}
        assert "CONV_2D" in names
        assert "FULLY_CONNECTED" not in names


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda films: None, "calibration holds 0 films; int8 needs at least 50"),
        (lambda films: films[:1], "calibration holds 1 films"),
        (lambda films: films // 2, "calibration spans 0 to 127; it must hold a 0 and a 255"),
        (lambda films: films * 0, "calibration spans 0 to 0"),
        (lambda films: films.astype("float32"), "calibration is float32"),
        (lambda films: films[:, :16], r"calibration is uint8 \(60, 16, 32, 1\)"),
    ],
)
def test_calibration_that_would_spoil_the_scale_is_refused(network, calibration, change, sentence):
    with pytest.raises(ValueError, match=sentence):
        quantize.to_tflite(networks.to_convert(network), "int8", change(calibration))


def test_films_without_white_are_given_the_whole_range_in_a_corner(network, calibration):
    grey = calibration // 2 + 20
    whole = calibration_films.whole_range(grey)
    assert (whole.min(), whole.max()) == (0, 255)
    assert (whole != grey).sum() == 2
    assert grey.max() < 255  # a copy
    entry = Interpreter(
        model_content=quantize.to_tflite(networks.to_convert(network), "int8", whole)
    ).get_input_details()
    assert entry[0]["quantization"] == (1.0, 0)


def test_other_models_and_kinds_are_refused(network):
    import keras

    with pytest.raises(ValueError, match="kind is 'int4'; known kinds are float32, float16"):
        quantize.to_tflite(network, "int4")
    inputs = [keras.Input((8, 8, 1)), keras.Input((8, 8, 1))]
    with pytest.raises(ValueError, match=r"it must take one of shape \(None, S, S, 1\)"):
        quantize.to_tflite(keras.Model(inputs, keras.layers.Add()(inputs)), "float32")


def test_a_run_under_another_contract_is_refused():
    record = {"config": {"size": SIZE}, "preprocess": {"contract": 0, "fingerprint": "00" * 256}}
    here = f"this checkout has contract {preprocess.CONTRACT_VERSION}"
    with pytest.raises(ValueError, match=f"contract 0 and another fingerprint; {here}"):
        card.check_contract(record)


def _prepared(**changes):
    """Return what `run.json` says of preprocessing: as on the edge, but for `changes`."""
    shown = {"crop": "lungs", "outside": preprocess.OUTSIDE, "levels": preprocess.LEVELS} | changes
    fingerprint = preprocess.fingerprint(SIZE)
    return {"contract": preprocess.CONTRACT_VERSION, "size": SIZE, "fingerprint": fingerprint} | shown


OTHERS = {"crop": "none", "outside": "keep" if preprocess.OUTSIDE == "black" else "black", "levels": "equal"}


@pytest.mark.parametrize("name", OTHERS)
def test_a_run_on_films_that_the_edge_would_show_otherwise_is_refused(name):
    """The fingerprint is that of the checkout: it cannot tell with which flags a run was trained."""
    card.check_contract({"config": {"size": SIZE}, "preprocess": _prepared()})
    record = {"config": {"size": SIZE}, "preprocess": _prepared(**{name: OTHERS[name]})}
    with pytest.raises(ValueError, match=f"was trained with '--{name} {OTHERS[name]}' and the edge shows"):
        card.check_contract(record)


def test_a_run_without_operating_points_is_told_how_to_get_them(tmp_path):
    record = {"config": {"size": SIZE}, "preprocess": _prepared(), "metrics": {"thresholds": {"covid": 0.5}}}
    (tmp_path / "run.json").write_text(json.dumps(record))
    for name in ("model.keras", "scores.csv"):
        (tmp_path / name).touch()
    with pytest.raises(EdgeError, match=f"no operating points yet; run 'python -m train evaluate {tmp_path}' first"):
        finished_run.read_run(tmp_path)


@pytest.mark.parametrize("temperature", [None, 1.3])
def test_the_card_says_what_each_rule_gives_and_is_worth(temperature):
    figure = {"value": 0.9, "low": 0.8, "high": 0.95, "n": 100}
    point = {"threshold": 0.4, "rule": "a rule", "sensitivity": figure, "specificity": figure}
    band = dict.fromkeys(edge_card.BAND_FIGURES, figure) | {"low": 0.2, "high": 0.7, "rule": "a band"}
    points = {"sensitive": {"covid": point}, "balanced": {"covid": point}, "refer": {"covid": band}}
    record = {
        "config": {"model": "seed", "labels": ["normal", "covid"], "size": SIZE},
        "preprocess": {"contract": 1, "size": SIZE, "fingerprint": "00"},
        **{name: {} for name in ("index_sha256", "films", "backend", "commits", "versions")},
    }
    if temperature:
        record["temperature"] = temperature
        record["places"] = {"covid": {"scale": 0.5, "offset": -1.0}}
        record["localisation"] = {"hottest_in_box": figure, "random_place": 0.3, "best_fixed_place": 0.7, "films": 100}
    measured = {
        "operating_points": points,
        "validation": {},
        "test": {},
        "agreement": {},
        "runtimes": [],
        "golden": {},
        "gate": None,
        "camera": None,
    }
    built = card.build(record, variants.Variant("int8", "edge"), measured)
    hashes = {"sha256": "0" * 64, "lungs_sha256": "0" * 64}
    parsed = edge_card.parse({"format": edge_card.FORMAT, "version": edge_card.VERSION} | built | hashes)
    assert parsed.limits("refer") == ({"covid": 0.7}, {"covid": (0.2, 0.7)})
    assert parsed.limits("balanced") == ({"covid": 0.4}, {})
    assert parsed.raw.get("temperature") == temperature
    assert parsed.places == ({"covid": PlaceScale(0.5, -1.0)} if temperature else {})
    assert (parsed.localisation.films if parsed.localisation else None) == (100 if temperature else None)
    assert set(parsed.raw["expected"]) == set(edge_card.RULES)
    for share in (0.01, 0.05, 0.2):
        assert parsed.raw["expected"]["refer"][str(share)] == prevalence.expected(figure, figure, share)


def test_predictive_values_on_the_card_are_those_of_hospitals_left_out():
    own, unseen = ({"value": value, "low": value - 0.1, "high": value} for value in (0.99, 0.8))
    point = dict.fromkeys(edge_card.FIGURES, own)
    assert card._shown(point) is point
    assert (
        card._shown(point | {"left_out": {"pooled": dict.fromkeys(edge_card.FIGURES, unseen)}})["sensitivity"] == unseen
    )
