"""Frames from a camera, a stream or a recording."""
