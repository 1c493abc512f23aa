"""A Keras model becomes a .tflite: the converter, its ranges, its errors."""
