"""What the tests of the sources share."""

import pytest


@pytest.fixture
def inbox(tmp_path):
    """Return an empty folder."""
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"
