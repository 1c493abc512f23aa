"""A released model file beside a run: what its embedding tells, whatever contract its films were prepared by.

The edge refuses a file of another contract, since its scores would be wrong. Its embedding is compared all the same,
on films as they are prepared now.
"""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app.errors import EdgeError
from edge_app.model import classifier
from edge_app.model.model_file import CARD
from train.audit.array_cache import ArrayCache, key
from train.films import film_dataset
from train.films.indexed_films import IndexedFilms
from train.films.treatments import Treatment


@dataclass(frozen=True)
class ReleasedFile:
    """A `.tflite` of this project, and the films to show it."""

    path: Path
    indexed: IndexedFilms

    def embedding(self, paths, cache: ArrayCache) -> np.ndarray:
        """Return the embedding of films by path, float32 (M, features).

        Raises:
            EdgeError: it is not a model file that answers an embedding.
        """
        try:
            with zipfile.ZipFile(self.path) as parts:
                card = json.loads(parts.read(CARD))
            said, labels = card["preprocess"], len(card["labels"])
            size, treatment = said["size"], Treatment(said["crop"], said["outside"], said["levels"])
        except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
            raise EdgeError(
                f"{self.path}: is neither a run folder nor a model file of this project; name one of them."
            ) from error
        films = film_dataset.load(self.indexed, size, treatment)
        rows = pd.Index(films.films["path"]).get_indexer(pd.Index(paths))
        if (rows < 0).any():
            raise EdgeError(
                f"{np.asarray(paths)[rows < 0][0]}: is a film of the run that {self.path} cannot be shown, since no "
                "lungs are found on it; use the lung-field network that the run was made with."
            )

        def look():
            return _embeddings(self.path, films.pixels[rows], labels)

        return cache.get(f"embedding {self.path.name}", key(self.path, films.pixels[rows]), look)


def _embeddings(path: Path, pixels: np.ndarray, labels: int) -> np.ndarray:
    """Run the network of a file on uint8 (N, S, S, 1) one by one; its scores are (1, labels), its embedding (1, M)."""
    interpreter = classifier.find_runtime()[1](model_content=path.read_bytes(), num_threads=2)
    interpreter.allocate_tensors()
    takes = interpreter.get_input_details()[0]
    output = next(
        (one for one in interpreter.get_output_details() if len(one["shape"]) == 2 and one["shape"][1] != labels), None
    )
    if output is None:
        raise EdgeError(f"{path}: answers no embedding; name a model file for the edge.")
    found = []
    for film in tqdm(pixels, desc=f"embedding of {path.name}", unit="film", disable=None):
        interpreter.set_tensor(takes["index"], film[np.newaxis].astype(takes["dtype"]))
        interpreter.invoke()
        found.append(classifier.dequantize(interpreter.get_tensor(output["index"])[0], output))
    return np.stack(found)
