"""Films in shards: the same films as from an index, the same bytes each time, and what is damaged is said."""

import json

import numpy as np
import pytest

from edge_app.errors import EdgeError
from tests.support.drawn_collections import write_collections
from tests.support.golden import LUNGS
from train.films import film_dataset, indexed_films, shard_maker, shards
from train.films.treatments import Treatment
from train.index import index

SIZE, MADE_BY = 32, {"commit": "none", "versions": {}}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory):
    """Return the films of drawn collections, one of which has a box."""
    folder = tmp_path_factory.mktemp("collections")
    table, _ = index.build(write_collections(folder / "data"))
    table.loc[table["split"] != "", "boxes"] = "0.3 0.3 0.6 0.7"
    index.write(table, folder / "index.csv")
    return indexed_films.read(folder / "index.csv", folder / "data", folder, LUNGS)


def make(indexed, folder, **how):
    return shard_maker.make(indexed, SIZE, Treatment(), folder, made_by=MADE_BY, films_of_a_shard=5, **how)


@pytest.fixture(scope="module")
def made(indexed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    make(indexed, folder)
    return folder


def load(folder, treatment=Treatment(), size=SIZE):  # noqa: B008 -- frozen
    return shards.load(folder, size, treatment, LUNGS, boxes=True)


def test_films_in_shards_are_those_of_the_index(indexed, made):
    expected = film_dataset.load(indexed, SIZE, Treatment(), boxes=True)
    found = load(made)
    assert len(shards.read_manifest(made)["shards"]) > 1
    assert found.films.equals(expected.films)
    assert found.index_sha256 == indexed.index_sha256
    assert found.lungs_sha256 == expected.lungs_sha256
    assert np.array_equal(found.pixels, expected.pixels)
    assert np.array_equal(found.opacities, expected.opacities)
    assert expected.opacities.max() == 255
    rows = np.array([3, 0, 3])
    both = found.pixels[rows].joined(found.opacities[rows])
    assert both.shape == (3, SIZE, SIZE, 2)
    assert np.array_equal(both[2], np.concatenate([expected.pixels[3], expected.opacities[3]], axis=-1))


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_run_that_was_stopped_goes_on_and_leaves_the_same_bytes(indexed, made, tmp_path):
    def dies(function, tasks):
        yield function(tasks[1])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make(indexed, tmp_path, engine=dies)
    with pytest.raises(EdgeError, match="holds no finished shards"):
        load(tmp_path)
    asked = []

    def backwards(function, tasks):
        asked.extend(task.path.name for task in tasks)
        return map(function, reversed(tasks))

    make(indexed, tmp_path, engine=backwards)
    assert len(asked) == len(shards.read_manifest(made)["shards"]) - 1
    assert bytes_of(tmp_path) == bytes_of(made)
    make(indexed, tmp_path, engine=lambda function, tasks: asked.extend(tasks) or [])
    assert len(asked) == len(shards.read_manifest(made)["shards"]) - 1


def test_shards_of_another_recipe_are_neither_read_nor_written_over(indexed, made):
    with pytest.raises(EdgeError, match="was made with size 32; the recipe asks for 64"):
        load(made, size=64)
    with pytest.raises(EdgeError, match=r"was made with treatment .*'outside': 'keep'.* asks for .*'black'"):
        load(made, Treatment(outside="black"))
    with pytest.raises(EdgeError, match="holds shards of another index or recipe"):
        shard_maker.make(indexed, 64, Treatment(), made, made_by=MADE_BY, films_of_a_shard=5)


def test_what_is_missing_or_damaged_is_named(indexed, tmp_path):
    manifest = make(indexed, tmp_path)
    path = tmp_path / max(manifest["shards"], key=lambda shard: shard["films"])["name"]
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    with pytest.raises(
        EdgeError, match=rf"{path.name}: has \d+ bytes; {len(whole)} bytes are in manifest.json; make the"
    ):
        load(tmp_path)
    spoiled = bytearray(whole)
    spoiled[len(spoiled) // 2] ^= 1
    path.write_bytes(bytes(spoiled))
    with pytest.raises(EdgeError, match=rf"{path.name}: is damaged .*; remove the file and make it again"):
        np.asarray(load(tmp_path).pixels)
    path.unlink()
    with pytest.raises(EdgeError, match=rf"{path.name}: is missing"):
        load(tmp_path)
    make(indexed, tmp_path)
    assert path.read_bytes() == whole
    (tmp_path / "manifest.json").write_text(json.dumps(manifest | {"format": 2}))
    with pytest.raises(EdgeError, match="is of format 2; this version reads 1"):
        load(tmp_path)
