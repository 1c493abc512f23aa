"""The light side: reads a chest radiograph and classifies it with a TFLite model, without TensorFlow."""

__version__ = "0.4.0"
