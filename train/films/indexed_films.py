"""The films of an index that take part in training, and where their pixels are."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from train.index import index

# The lung-field network that crops films for training is the very file that crops them on the edge.
LUNGS = Path("models/lung-field-int8.tflite")


@dataclass(frozen=True)
class IndexedFilms:
    """Films of an index and where their pixels are: what every command that shows films to a network starts from.

    Attributes:
        table: rows of the index, numbered from 0.
        index_sha256: hash of the index file.
        data: the folder of the collections.
        cache: where decoded pixels are kept.
        lungs: the lung-field network that crops the films, a `.tflite`.
    """

    table: pd.DataFrame
    index_sha256: str
    data: Path
    cache: Path
    lungs: Path = LUNGS


def read(index_path: Path, data: Path, cache: Path, lungs: Path = LUNGS) -> IndexedFilms:
    """Return the films of an index that belong to a split.

    Raises:
        EdgeError: there is no such index, or it is not one.
    """
    return IndexedFilms(index.in_splits(index.read(index_path)), index.sha256(index_path), data, cache, lungs)
