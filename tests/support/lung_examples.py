"""Drawn examples of lungs, and a network that finds them without having learnt anything."""

import cv2
import keras
import numpy as np

from edge_app.imaging import preprocess
from tests.support.films import draw_film, draw_lungs
from train.lungs import examples
from train.lungs.examples import KEPT_SIZE, Examples

SIDE, HEIGHT, WIDTH = preprocess.LUNG_SIZE, 240, 200


def draw_examples(seeds, empty=0):
    """Return drawn films with their masks, and pictures without lungs."""
    pictures = [preprocess.to_pixels(draw_film(i, HEIGHT, WIDTH, opacity=i % 3 / 3), KEPT_SIZE)[..., 0] for i in seeds]
    lungs = [preprocess.shrink(draw_lungs(i, HEIGHT, WIDTH), KEPT_SIZE) for i in seeds]
    rest = examples.photographs(1)[:empty]
    none = np.zeros((empty, KEPT_SIZE, KEPT_SIZE), np.uint8)
    return Examples(np.concatenate([np.stack(pictures), rest]), np.concatenate([np.stack(lungs), none]))


def bright_is_lung():
    """Return a network, of no weights, that takes for lung what is bright: 1 where white, 0.5 at level 127."""
    pixels = keras.Input((SIDE, SIDE, 1))
    halved = keras.layers.AveragePooling2D(2)(pixels)
    scaled = keras.layers.Rescaling(1 / 16, -127.5 / 16)(halved)
    return keras.Model(pixels, {"mask": keras.layers.Activation("sigmoid")(scaled)})


def shapes(*columns, level=255):
    """Return a picture with a tall ellipse at each of these columns, out of 192."""
    picture = np.zeros((KEPT_SIZE, KEPT_SIZE), np.uint8)
    for column in columns:
        cv2.ellipse(picture, (column, 90), (24, 60), 0, 0, 360, level, -1)
    return picture
