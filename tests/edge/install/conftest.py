"""What the tests of installed models share."""

from pathlib import Path

import pytest


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """Return the folder of installed models of this test."""
    for name, value in (("MODELS", "models"), ("KEYS", "keys"), ("STORE", "results.sqlite")):
        monkeypatch.setenv(f"COVID_XRAY_{name}", str(tmp_path / value))
    return tmp_path / "models"
