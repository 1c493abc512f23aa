"""The real chest film of the PyPI package `pydicom-data`, which `make run` judges unless films are named."""

from importlib.util import find_spec
from pathlib import Path

from edge_app.errors import MissingPackage

# A computed radiograph of the chest, PA, 1955 x 1841, MONOCHROME1, 15 bits, uncompressed.
NAME = "RG1_UNCR.dcm"


def path() -> Path:
    """Return the path of the sample film.

    Raises:
        MissingPackage: the package that carries it is not installed.
    """
    spec = find_spec("data_store")
    for folder in (spec and spec.submodule_search_locations) or ():
        found = next(Path(folder).rglob(NAME), None)
        if found:
            return found
    raise MissingPackage(
        "sample film: package 'pydicom-data' is not installed; "
        "run 'pip install pydicom-data==1.0.0', or name a film of your own."
    )
