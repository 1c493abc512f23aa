"""The camera: a film on a light box or a screen, read as a file is."""
