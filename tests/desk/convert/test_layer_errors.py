"""The error of each layer in 8 bits, and the fine-tuning that teaches a network to bear it."""

import flatbuffers
import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from convert.quantize import calibration_films, layer_errors, qat, quantize
from train.models import networks as networks
from train.training import int8_prepare

SIZE, LABELS = 32, ("normal", "covid", "pneumonia")


@pytest.fixture(scope="module")
def films():
    """Noise in which a third of the films has a bright upper half, and a third a bright left half."""
    noise = np.random.default_rng(1).integers(0, 150, (96, SIZE, SIZE, 1))
    noise[1::3, : SIZE // 2] += 60
    noise[2::3, :, : SIZE // 2] += 60
    return noise.astype(np.uint8)


@pytest.fixture(scope="module")
def network(films):
    """`tiny`, having learnt which half is bright, its kernels rounded as every released network's are."""
    import keras

    keras.utils.set_random_seed(3)
    built = networks.build("tiny", SIZE, LABELS)
    built.compile(keras.optimizers.Adam(3e-3), "binary_crossentropy")
    built.fit(films.astype("float32"), np.eye(3, dtype="float32")[np.arange(96) % 3], epochs=25, verbose=0)
    int8_prepare.round_kernels(built)
    int8_prepare.finish(built)
    return built


def test_layers_come_in_order_and_rounding_costs_a_third_of_a_step(network, films):
    measured = _measured(network, films)
    errors = layer_errors.measure(measured, films)
    names = [error.name for error in errors]
    assert names[:3] == ["centre", "stem_relu", "block0_depthwise_relu"]
    assert {"cam", "scores", "embedding"} <= set(names[-5:])
    assert errors[0].noise < -100  # subtracting whole numbers is exact
    assert 0.05 < np.median([error.steps for error in errors[1:]]) < 0.5
    noise = [error.noise for error in layer_errors.worst(errors, 5)]
    assert noise == sorted(noise, reverse=True)
    assert noise[0] == max(error.noise for error in errors)


def test_a_layer_whose_range_is_far_too_wide_is_named_the_worst(network, films):
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(_measured(network, films), 0))
    for tensor in model.subgraphs[0].tensors:
        limits = tensor.quantization
        if b"block4_project_relu" in tensor.name.split(b";")[0] and limits is not None and limits.max is not None:
            limits.max = [limits.max[0] * 200]
    builder = flatbuffers.Builder(1)
    builder.Finish(model.Pack(builder), b"TFL3")
    errors = layer_errors.measure(bytes(builder.Output()), films)
    assert layer_errors.worst(errors, 1)[0].name == "block4_project_relu"


def test_fine_tuning_changes_the_normalisations_of_a_copy_alone(network, films):
    before = [np.array(weights) for weights in network.get_weights()]
    learnt = qat.fine_tune(network, films, passes=5)
    assert all(np.array_equal(*pair) for pair in zip(before, network.get_weights(), strict=True))
    for layer, parent in zip(learnt.layers, network.layers, strict=True):
        same = [np.array_equal(*pair) for pair in zip(layer.get_weights(), parent.get_weights(), strict=True)]
        # gamma and beta learn; averages, kernels and biases stay
        assert same == ([False, False, True, True] if layer.name.endswith("_norm") else [True] * len(same))
    said = [one.predict(films.astype("float32"), verbose=0) for one in (network, learnt)]
    assert 0 < np.abs(said[0] - said[1]).max() < 0.2


def test_rounding_has_256_levels_and_zero_among_them():
    rounding = qat.Rounded(-1.0, 3.0)
    values = np.array(rounding(np.linspace(-2, 4, 100_001, dtype="float32")))
    assert len(np.unique(values)) == 256
    assert 0 in values
    assert values.min() == pytest.approx(-1, abs=0.01)
    assert values.max() == pytest.approx(3, abs=0.01)


def _measured(network, films):
    return quantize.measured(networks.to_convert(network), calibration_films.whole_range(films))
