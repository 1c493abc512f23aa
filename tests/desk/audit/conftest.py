"""What every test of the audit shares."""

import pytest

from train.evaluation import intervals


@pytest.fixture(autouse=True)
def few_samples(monkeypatch):
    """A hundred bootstrap samples instead of a thousand: what they say is tested, not how narrowly."""
    monkeypatch.setattr(intervals, "DRAWS", 100)
