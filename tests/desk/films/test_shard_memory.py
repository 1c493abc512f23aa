"""Reading films of shards for batches: memory grows by their rows alone, not by their pixels.

What it holds is read at the end: the greatest memory (getrusage(2)) of a program begins with that of who started it.
"""

import subprocess
import sys

import numpy as np
import pandas as pd

from tests.support.drawn_shards import write_shards
from tests.support.fit_command import ROOT
from tests.support.golden import LUNGS

SIDE = 192
READ = """
import sys
from pathlib import Path
import numpy as np
from train.films import shards
from train.films.treatments import Treatment
from train.training import batches, config, selection, training_data

folder, lungs = map(Path, sys.argv[1:])
settings = config.preset("tiny", sources=(), augment="original")
dataset = shards.load(folder, settings.size, Treatment(), lungs)
data = training_data.build(settings, dataset, *selection.rows(dataset.films, settings))
films = sum(len(truth) for _, truth, _ in batches.epoch_batches(data.films, data.chance, settings, 0))
status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
print(films, *(int(status[name].split()[0]) // 1024 for name in ("RssAnon", "RssFile")))
"""


def written(folder, count):
    rng = np.random.default_rng(0)
    seen = rng.integers(0, 256, (count, SIDE, SIDE, 1), dtype=np.uint8)
    names = [f"drawn/{at:06d}.png" for at in range(count)]
    labels = np.array(["normal", "covid", "pneumonia"])[np.arange(count) % 3]
    sides = np.where(np.arange(count) // 3 % 8 == 0, "val", "train")
    said = {"source": "drawn", "label": labels, "split": sides, "group": names, "patient": names}
    return write_shards(pd.DataFrame({"path": names, **said}), seen, folder)


def test_memory_does_not_grow_with_the_films(tmp_path):
    most, mapped = {}, {}
    for count in (960, 3840):
        folder = written(tmp_path / str(count), count)
        words = [sys.executable, "-c", READ, str(folder), str(LUNGS)]
        ran = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
        films, most[count], mapped[count] = map(int, ran.stdout.split())
        assert films == count * 7 // 8 // 32 * 32  # whole batches
    print("MiB of its own:", most, "of files:", mapped)
    # The pixels of 2,880 films more are 101 MiB; what may come is their rows, and the spread of two runs.
    assert most[3840] - most[960] < 20
