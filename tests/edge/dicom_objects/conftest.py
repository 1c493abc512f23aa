"""What these tests share: the context of a run with the small model, and a film with an opacity."""

import numpy as np
import pytest

from edge_app.model import model_file
from edge_app.screening import run_context
from tests.support import results
from tests.support.dicom_headers import COLUMNS, ROWS
from tests.support.films import draw_film

# Of a map of five by five places of the box round the lungs: one is likelier than not to hold an opacity.
HOT = -3 * np.ones((5, 5), np.float32)
HOT[3, 0] = 3


@pytest.fixture(scope="session")
def of_run(model_path):
    """Return what holds for a run with the small model."""
    return run_context.of(model_file.read(model_path), "refer", "0.05")


@pytest.fixture(scope="session")
def grey():
    """Return a film of the size that `dicom_headers.header` states."""
    return draw_film(1000, ROWS, COLUMNS)


@pytest.fixture(scope="session")
def suspected(grey):
    """Return a film suspected of COVID-19 with an opacity at the lower left of the box round the lungs."""
    found = results.inference(heat=HOT, chances=True)
    return results.judged("Doe Jane/film.dcm", "ab" * 32, found=found, grey=grey)


@pytest.fixture(scope="session")
def turned_away(grey):
    """Return a film that the gate refused."""
    return results.refused("Doe Jane/film.dcm", "ab" * 32, "turned", "the film is upside down", grey=grey)
