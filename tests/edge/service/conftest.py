"""What the tests of the service share."""

import pytest

from tests.support.systemd import Systemd


@pytest.fixture
def systemd(tmp_path):
    """Return a listening systemd."""
    one = Systemd(tmp_path)
    yield one
    one.close()
