"""Shards of films that are drawn in the shape in which training takes them, without files to decode."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
from array_record.python import array_record_module

from tests.support.golden import LUNGS
from train.films import pixels, shards
from train.films.treatments import Treatment
from train.index import index

PER_SHARD = 30


def write_shards(films: pd.DataFrame, seen: np.ndarray, folder: Path) -> Path:
    """Write films, rows of an index and uint8 (N, S, S, 1), as shards of a folder, and return that."""
    folder.mkdir(parents=True)
    size, spans, written = seen.shape[1], range(0, len(films), PER_SHARD), []
    for at, name in zip(spans, shards.names(len(spans)), strict=True):
        writer = array_record_module.ArrayRecordWriter(str(folder / name), shards.WRITING)
        some = seen[at : at + PER_SHARD]
        for film in some:
            writer.write(np.array([0, 0, 1, 1], shards.CROP).tobytes() + film.tobytes())
        writer.close()
        whole = (folder / name).read_bytes()
        sha256 = hashlib.sha256(whole).hexdigest()
        written.append({"name": name, "films": len(some), "bytes": len(whole), "sha256": sha256})
    table = films.reindex(columns=list(index.COLUMNS), fill_value="").assign(age=np.nan, width=size, height=size)
    index.write(table, folder / shards.FILMS)
    np.save(folder / shards.PLACES, np.arange(len(films)))
    manifest = {"format": shards.FORMAT, "index_sha256": "0" * 64, "films": len(films), "shards": written}
    manifest |= shards.expected(size, Treatment()) | {"lungs_sha256": pixels.lungs_hash(LUNGS)}
    (folder / shards.MANIFEST).write_text(json.dumps(manifest))
    return folder
