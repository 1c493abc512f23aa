import keras
import numpy as np
import pytest

from train.models import imagenet, lite0, networks

LABELS = ("normal", "covid", "pneumonia")


# Literals on purpose: a change of architecture must be a deliberate edit here.
@pytest.mark.parametrize(
    ("name", "size", "parameters", "maps"),
    [
        ("lite0", 192, 3_594_275, 12),
        ("short", 192, 572_195, 12),
        ("tiny", 192, 251_843, 6),
        ("seed", 100, 93_059, 12),
    ],
)
def test_shape_and_parameter_count(name, size, parameters, maps):
    network = networks.build(name, size, LABELS, imagenet=False)
    assert network.count_params() == parameters
    assert network.output_shape == (None, 3)
    assert networks.with_class_maps(network).output["cam"].shape == (None, maps, maps, 3)


@pytest.mark.parametrize("name", networks.MODELS)
def test_scores_are_the_sigmoid_of_the_mean_class_map(name):
    network = networks.with_class_maps(networks.build(name, 64, LABELS, imagenet=False))
    answer = network(np.random.default_rng(0).integers(0, 256, (2, 64, 64, 1)).astype("float32"))
    logits = np.mean(answer["cam"], axis=(1, 2))
    assert np.allclose(answer["scores"], 1 / (1 + np.exp(-logits)), atol=1e-5)


@pytest.mark.parametrize("name", networks.MODELS)
def test_folding_the_input_changes_nothing_in_floats(name):
    network = networks.build(name, 64, LABELS, imagenet=name in networks.FROM_IMAGENET)
    films = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 1)).astype("float32")
    folded = networks.fold_input(network)
    assert folded.layers[-1].name == "scores"
    assert np.allclose(network(films), folded(films), atol=1e-5)


@pytest.mark.parametrize("name", networks.MODELS)
def test_no_dense_layer(name):
    network = networks.build(name, 64, LABELS, imagenet=False)
    assert not [layer.name for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="'resnet'; known models are lite0, short, tiny, seed"):
        networks.build("resnet", 64, LABELS)


def test_imagenet_port_knows_a_cup_of_coffee_and_a_tabby_cat():
    """The whole port in one fact: the network names photographs that scikit-image ships."""
    data = pytest.importorskip("skimage.data")
    import cv2

    pixels = keras.Input((224, 224, 3))
    whole = keras.Model(pixels, lite0.features(pixels))
    lite0.load_imagenet(whole)
    features = keras.Model(pixels, whole.get_layer("head_relu").output)
    kernel, bias = lite0.imagenet_classifier()
    for name, classes, least in (("coffee", {967}, 0.8), ("chelsea", {281, 282, 285}, 0.7)):  # espresso; cats
        photo = cv2.resize(getattr(data, name)(), (224, 224), interpolation=cv2.INTER_AREA).astype("float32")
        maps = features.predict(((photo - lite0.MEAN) / lite0.STDDEV)[None], verbose=0)
        logits = maps.mean((1, 2))[0] @ kernel + bias
        chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
        assert sum(chances[list(classes)]) > least


@pytest.mark.parametrize("name", networks.FROM_IMAGENET)
def test_every_weight_of_the_backbone_is_loaded(name):
    fresh = networks.build(name, 64, LABELS, imagenet=False)
    loaded = networks.build(name, 64, LABELS, imagenet=True)
    for before, after in zip(fresh.layers, loaded.layers, strict=True):
        if before.weights and not before.name.startswith(("cam", "short_head", "top", "middle", "neighbours")):
            assert not np.array_equal(before.get_weights()[0], after.get_weights()[0]), before.name


def test_a_pickle_that_runs_code_is_refused(tmp_path):
    import os
    import pickle

    class Evil:
        def __reduce__(self):
            return os.system, ("true",)

    path = tmp_path / "evil.pth"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(pickle.UnpicklingError, match="system is not part of a state dict"):
        imagenet.read_weights(path)
