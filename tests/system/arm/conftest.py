"""What the tests on an emulated Pi share."""

import pytest

from tests.system.arm.pi import SYSTEMS, Pi, installed


@pytest.fixture(scope="session", params=SYSTEMS)
def pi(request) -> Pi:
    """Return a Pi with the bundle of a Python in it."""
    return installed(request.param)
