"""Make `edge_app/model/one_op.tflite`, a model that adds 1: what a TFLite runtime must run to count as working.

.venv/bin/python tests/golden/make_one_op.py
"""

from pathlib import Path

import tensorflow as tf


class AddOne(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec((1,), tf.float32)])
    def __call__(self, x):
        return x + 1.0


module = AddOne()
converter = tf.lite.TFLiteConverter.from_concrete_functions([module.__call__.get_concrete_function()], module)
(Path(__file__).parents[2] / "edge_app" / "model" / "one_op.tflite").write_bytes(converter.convert())
