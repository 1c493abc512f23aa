"""What the tests of the node share."""

import pytest

from tests.support.dicom_node import Pacs


@pytest.fixture
def pacs():
    """Return a PACS that listens."""
    found = Pacs()
    yield found
    found.close()
