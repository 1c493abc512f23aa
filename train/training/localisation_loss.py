"""The loss of heat outside the lungs: the share of a network's heat for a disease that lies there.

The class maps are the logits of each place; the edge shows as heat the part of them above 0. In training the maps are a
second output whose truth is the mask of the lungs, moved with the film. Since the loss is a share, a network cannot
lower it by showing less heat everywhere; as in "right for the right reasons" (Ross et al.
2017, arXiv:1703.03717), but on class maps, which need no gradients of gradients.
"""

import numpy as np

# Added to the total heat of a place: a film with hardly any heat must not be pulled about by where that little lies.
LEAST_HEAT = 0.02


def attach(model):
    """Return the model that also answers its class maps: {"scores": (N, labels), "heat": (N, h, w, labels)}."""
    import keras  # in functions, so that the commands of training start without it

    heat = keras.layers.Identity(name="heat")(model.get_layer("cam").output)
    return keras.Model(model.input, {"scores": model.output, "heat": heat}, name=model.name)


def truth(masks: np.ndarray, side: int) -> np.ndarray:
    """Shrink masks to the class maps' places.

    Args:
        masks: float32 (N, S, S, 1), 0 .. 255 where there is lung.
        side: of the class maps; S is a multiple of it.

    Returns:
        float32 (N, side, side, 1), the share of each place that is lung, 0 .. 1.
    """
    count, size = masks.shape[:2]
    block = size // side
    return masks.reshape(count, side, block, side, block, 1).mean(axis=(2, 4)) / 255


def loss(sick: tuple[int, ...]):
    """Return the loss of the output `heat`: the mean over films and diseases of the share of heat outside the lungs.

    Args:
        sick: which class maps are of a disease.
    """
    from keras import ops

    def outside(lungs, maps):
        hot = ops.relu(ops.take(maps, list(sick), axis=-1))
        total = ops.sum(hot, axis=(1, 2)) + LEAST_HEAT * maps.shape[1] * maps.shape[2]
        return ops.mean(ops.sum(hot * (1 - lungs), axis=(1, 2)) / total, axis=-1)

    return outside
