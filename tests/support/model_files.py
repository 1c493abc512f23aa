"""Model files of a test."""

from pathlib import Path


def put(content: bytes, tmp_path: Path) -> Path:
    """Write the bytes of a model file; return its path."""
    path = tmp_path / "model.tflite"
    path.write_bytes(content)
    return path
