"""What the class maps say of each place, beside what they say of the film: an output that training alone uses.

The class maps are logits whose mean is the logit of the film. A scale and an offset a disease, which training finds,
turn them into the logits of "an opacity lies here": most places of a sick film are clear, so the mean of a map and the
share of its places that show something are not on one scale.
"""

import keras
from keras import layers, ops

# Radiologists' boxes cover about a tenth of a film: training begins near that share.
FIRST_OFFSET = -2.0


@keras.saving.register_keras_serializable(package="covid-xray")
class PlaceLogits(layers.Layer):
    """Class maps, float (N, h, w, labels) -> logits of the places, float (N, h, w, diseases).

    Args:
        diseases: which class maps are of a disease.
    """

    def __init__(self, diseases, **kwargs):
        super().__init__(**kwargs)
        self.diseases = tuple(diseases)

    def build(self, input_shape):  # pyright: ignore[reportIncompatibleMethodOverride] -- Keras leaves it untyped
        """Make a scale, kept positive, and an offset a disease."""
        shape = (len(self.diseases),)
        self.scale = self.add_weight(name="scale", shape=shape, initializer="ones", constraint="non_neg")
        offset = keras.initializers.Constant(FIRST_OFFSET)
        self.offset = self.add_weight(name="offset", shape=shape, initializer=offset)

    def call(self, maps):
        """Return the logits of the places."""
        return ops.take(maps, list(self.diseases), axis=-1) * self.scale + self.offset

    def get_config(self):
        """Return what `__init__` takes."""
        return super().get_config() | {"diseases": self.diseases}


def attach(model, diseases: tuple[int, ...]):
    """Return the model that also answers its places: {"scores": (N, labels), "places": (N, h, w, diseases)}.

    Args:
        model: of `train.models.networks`.
        diseases: which class maps are of a disease.
    """
    places = PlaceLogits(diseases, name="places", dtype="float32")(model.get_layer("cam").output)
    return keras.Model(model.input, {"scores": model.output, "places": places}, name=model.name)
