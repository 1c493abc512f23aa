"""What the tests of the commands share: films of a chest, and one of a limb."""

import pydicom
import pytest
from PIL import Image

from edge_app.sources import sample
from tests.support.films import draw_film


@pytest.fixture
def films(tmp_path):
    """Return the paths of a film with clear lungs and one with opaque lungs."""
    paths = [tmp_path / "clear.png", tmp_path / "opaque.jpg"]
    for path, opacity in zip(paths, (0.0, 1.0), strict=True):
        Image.fromarray(draw_film(1000, 300, 260, opacity=opacity)).save(path)
    return paths


@pytest.fixture
def leg(tmp_path):
    """Return the path of a radiograph that shows no chest and does not say so: pydicom-data's film of a limb."""
    dataset = pydicom.dcmread(sample.path().with_name("RG3_UNCR.dcm"))
    del dataset.BodyPartExamined  # 'EXTREMITY'; with it `dicom.read` refuses the file
    dataset.save_as(tmp_path / "leg.dcm")
    return tmp_path / "leg.dcm"
