"""The films of reported faults, where they are at hand; their kinds are tested with films of our own beside this."""

from pathlib import Path

import pytest

from tests.support.sentences import PYTHON
from tests.system import cases

FOLDER = Path(__file__).parents[4] / "shared" / "cases"


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the films of reported faults are not here")
def test_films_of_reported_faults_behave_as_their_table_says():
    assert {name: wrong for name, wrong in cases.check(FOLDER).items() if wrong} == {}


@pytest.mark.parametrize(
    "words",
    [
        "'Dataset' object has no attribute 'LUTDescriptor'",
        "'NoneType' object is not subscriptable",
        "data type 'uint12' not understood",
        "could not convert string to float: 'AUTO'",
        "unpack_from requires a buffer of at least 8192 bytes",
    ],
)
def test_words_of_python_are_known(words):
    assert PYTHON.search(words)
    assert not PYTHON.search("is a damaged DICOM file (its pixel data break off 12 bytes before their end)")
