"""The desk's last step: a training run becomes `.tflite` files that the edge reads."""
