"""Does a file answer as the Keras model does, in every runtime."""
