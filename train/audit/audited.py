"""What is audited: a finished run, and the films it is audited on, as arrays."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from tqdm import tqdm

from edge_app.errors import EdgeError, NoLungField
from edge_app.imaging import lung_field, preprocess, radiograph
from edge_app.model import classifier
from edge_app.model.places import PlaceScale, scales
from train.audit import burnt_in, network
from train.audit.array_cache import ArrayCache, key
from train.films import film_dataset, indexed_films, pixels
from train.index.findings import INDETERMINATE
from train.training import config

# Side of the whole films that the controls look at: the lungs are found at it, and it is enough to tell a hospital.
WHOLE_SIDE = preprocess.LUNG_SIZE
# What the config of a run says that was trained before films could be cropped.
WHOLE_FILM = {"crop": "none"}


@dataclass(frozen=True)
class AuditedRun:
    """A finished run folder."""

    folder: Path
    record: dict  # run.json
    scores: pd.DataFrame  # scores.csv: validation and test films

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels, in the order of the outputs."""
        return tuple(self.record["config"]["labels"])

    @property
    def size(self) -> int:
        """Side of the network's input."""
        return self.record["config"]["size"]

    @property
    def thresholds(self) -> dict[str, float]:
        """The operating point, a threshold a label, chosen on validation films."""
        return self.record["metrics"]["thresholds"]

    @property
    def threshold(self) -> float:
        """The threshold of COVID-19."""
        return self.thresholds["covid"]

    @property
    def temperature(self) -> float | None:
        """What the logits were divided by after training, or None."""
        return self.record.get("temperature")

    @property
    def places(self) -> dict[str, PlaceScale]:
        """How class maps become chances, by label, of `edge_app.model.places`; empty if the record does not tell."""
        return scales(self.record, list(self.labels)) if self.record.get("places") is not None else {}

    @property
    def test(self) -> pd.DataFrame:
        """The scores of the test films."""
        return self.scores.loc[self.scores["split"] == "test"].reset_index(drop=True)

    def table(self, name: str) -> pd.DataFrame | None:
        """Return another table of scores in the folder, or None if it is not there."""
        path = self.folder / name
        return pd.read_csv(path, keep_default_na=False) if path.is_file() else None

    @cached_property
    def model(self):
        """The network, a Keras model."""
        import keras

        return keras.models.load_model(self.folder / "model.keras", compile=False)

    @cached_property
    def network(self):
        """The network that answers its embedding too, from `network.with_embedding`."""
        return network.with_embedding(self.model)

    @cached_property
    def model_key(self) -> str:
        """A hash of the network's file."""
        return key(self.folder / "model.keras")


@dataclass(frozen=True)
class AuditedFilms:
    """Films, one row in every member.

    Attributes:
        films: rows of the index that are in a split, are a case or a control, and that the network can be shown.
        pixels: uint8 (N, S, S, 1), what the network sees.
        masks: uint8 (N, S, S), 255 = lung, in the frame of `pixels`; None if there is no lung-field network.
        whole: uint8 (N, 128, 128), the whole film squashed.
        whole_masks: uint8 (N, 128, 128), 255 = lung, or None.
        words: object (N,): "yes", "no", or "" where the film is too small to tell whether words are burnt in.
    """

    films: pd.DataFrame
    pixels: np.ndarray
    masks: np.ndarray | None
    whole: np.ndarray
    whole_masks: np.ndarray | None
    words: np.ndarray

    @cached_property
    def pixels_key(self) -> str:
        """A hash of what the network sees."""
        return key(self.pixels)

    @cached_property
    def whole_key(self) -> str:
        """A hash of the whole films."""
        return key(self.whole)

    @cached_property
    def lungs_key(self) -> str:
        """A hash of all masks."""
        return key(*(masks for masks in (self.masks, self.whole_masks) if masks is not None))

    def rows(self, paths) -> np.ndarray:
        """Return the positions of films by path, int (M,).

        Raises:
            EdgeError: a film is not here.
        """
        rows = pd.Index(self.films["path"]).get_indexer(paths)
        if (rows < 0).any():
            raise EdgeError(
                f"{np.asarray(paths)[rows < 0][0]}: is a film of a run, but not of those at hand: it is not in the "
                "index, or no lungs are found on it; use the index and lung-field network that the run was made with."
            )
        return rows


def read_run(folder: Path) -> AuditedRun:
    """Read a finished run.

    Raises:
        EdgeError: `folder` is none.
    """
    try:
        record = json.loads((folder / "run.json").read_text())
        _ = record["metrics"]["thresholds"]["covid"], record["config"]["labels"], record["config"]["size"]
        scores = pd.read_csv(folder / "scores.csv", keep_default_na=False)
        (folder / "model.keras").stat()
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EdgeError(f"{folder}: is not a finished run; name a run folder of 'make train'.") from error
    return AuditedRun(folder, record, scores)


def load(run: AuditedRun, index_path: Path, data: Path, cache: Path) -> AuditedFilms:
    """Return the films of the index a run was trained on, as its network sees them.

    Args:
        run: the run; its config says what the network sees.
        index_path: the index.
        data: the folder of the collections.
        cache: where decoded pixels are kept.

    Raises:
        EdgeError: it was trained on another index, or `data` does not hold a film of it.
    """
    indexed = indexed_films.read(index_path, data, cache, pixels.LUNGS)
    if indexed.index_sha256 != run.record["index_sha256"]:
        raise EdgeError(
            f"{index_path}: is not the index that {run.folder} was trained on; name that one with '--index FILE'."
        )
    films, index_hash = indexed.table, indexed.index_sha256
    settings = config.from_record(WHOLE_FILM | run.record["config"], run.folder)
    whole = pixels.load(indexed, WHOLE_SIDE)
    kept = ArrayCache(cache)
    whole_masks, words = _lungs(whole, kept, index_hash), _words(films, data, kept, index_hash)
    seen = film_dataset.load(indexed, run.size, settings.treatment, masks=True)
    seen = seen.at((seen.films["label"] != INDETERMINATE).to_numpy())
    if seen.masks is not None:
        masks = seen.masks[..., 0]
    else:
        masks = None if whole_masks is None else np.stack([preprocess.shrink(mask, run.size) for mask in whole_masks])
    rows = pd.Index(films["path"]).get_indexer(pd.Index(seen.films["path"]))
    return AuditedFilms(
        films=seen.films,
        pixels=seen.pixels,
        masks=masks,
        whole=whole[rows, ..., 0],
        whole_masks=None if whole_masks is None else whole_masks[rows],
        words=words[rows],
    )


def _lungs(whole, kept, index_hash):
    """Return uint8 (N, 128, 128), 255 = lung (all 0 where none is found), or None without the lung-field network."""
    if not pixels.LUNGS.exists():
        return None

    def look():
        finder, found = classifier.LungFinder(pixels.LUNGS), np.zeros(whole.shape[:3], np.uint8)
        for at, film in enumerate(tqdm(whole, desc="lungs of whole films", unit="film", disable=None)):
            with suppress(NoLungField):
                found[at] = preprocess.shrink(lung_field.find(finder.lungs(film)).mask, WHOLE_SIDE)
        return found

    return kept.get("whole lungs", key(index_hash, f"{preprocess.CONTRACT_VERSION}", pixels.LUNGS), look)


def _words(films, data, kept, index_hash):
    """Return the column `words` of `AuditedFilms`."""

    def ask(film):
        if max(film.width, film.height) < burnt_in.LEAST_SIDE:
            return ""
        return "yes" if burnt_in.has_words(radiograph.read(data / film.path, burnt_in.SIDE)) else "no"

    def look():
        with ThreadPoolExecutor() as pool:
            asked = pool.map(ask, films.itertuples())
            return np.array(list(tqdm(asked, total=len(films), desc="burnt-in words", unit="film", disable=None)))

    return kept.get("words", key(index_hash), look).astype(object)
