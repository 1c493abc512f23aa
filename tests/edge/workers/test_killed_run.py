"""A run killed at any instant, again and again: no film is lost, none is doubled, and it goes on where it stopped.

`make kill-test` does it 200 times over 1,000 films.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

from edge_app.store.store import Store
from tests.support.films import draw_film
from tests.support.golden import GOLDEN
from tests.support.processes import rest_of

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("KILLS", "8"))
FILMS = int(os.environ.get("FILMS", "60"))
# Of the films, copies of others under another name: each is one film, met twice.
TWINS = 4
# A run may end by itself before its hour has come; then the store is emptied and all begins again.
LONGEST = 600


def _draw(folder: Path) -> list[Path]:
    folder.mkdir()
    made = []
    for number in range(FILMS):
        path = folder / f"{number:04d}.png"
        if number >= FILMS - TWINS:
            path.write_bytes(made[number - FILMS + TWINS].read_bytes())
        else:
            Image.fromarray(draw_film(number, 160, 150, opacity=number % 2)).save(path, compress_level=1)
        made.append(path)
    return made


def _start(folder: Path, store: Path):
    words = ["classify", "--json", "--threads", "1", "--store", store, "--model", GOLDEN / "tiny-int8.tflite", folder]
    return subprocess.Popen(
        [sys.executable, "-m", "edge_app", *map(str, words)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def _acknowledged(text: str) -> set[str]:
    """Return the hashes of the films whose line was printed whole."""
    return {json.loads(line)["sha256"] for line in text.splitlines(keepends=True) if line.endswith("\n")}


def _look(store: Path, wanted: set[str]) -> list[str]:
    """Return the hashes in a store that must be whole, hold no film twice and every film that was acknowledged."""
    with Store(store, create=False) as one:
        assert one.check() == "ok"
        kept = [row["sha256"] for row in one.search()]
    assert len(kept) == len(set(kept))
    assert wanted <= set(kept)
    return kept


def test_a_run_killed_again_and_again_loses_and_doubles_nothing(tmp_path):
    films, store = _draw(tmp_path / "ward"), tmp_path / "store.sqlite"
    rng, kills, told, finished = random.Random(2026), 0, set(), 0
    while kills < KILLS:
        process = _start(tmp_path / "ward", store)
        # Some die while starting, most in the midst of films; the later a restart, the fewer films are left to judge.
        lines = [] if rng.random() < 0.2 else [process.stdout.readline() for _ in range(rng.randrange(1, 12))]
        time.sleep(rng.random() * (0.3 if not lines else 0.03))
        if rng.random() < 0.5:
            os.killpg(process.pid, signal.SIGKILL)
        else:  # its decoders see that it has gone and end by themselves
            process.kill()
        out, _ = rest_of(process, LONGEST)
        kills += process.returncode == -signal.SIGKILL
        told |= _acknowledged("".join(lines) + out)
        if store.exists() and store.stat().st_size and len(kept := _look(store, told)) == len(films) - TWINS:
            finished += 1
            for file in tmp_path.glob("store.sqlite*"):
                file.unlink()
            told = set()
            assert len(kept) == FILMS - TWINS
    last = _start(tmp_path / "ward", store)
    out, err = last.communicate(timeout=LONGEST)
    assert last.returncode == 0, err
    assert len(out.splitlines()) == FILMS
    kept = _look(store, told | _acknowledged(out))
    assert len(kept) == FILMS - TWINS
    with Store(store, create=False) as one:
        copies = [path for row in one.search() for path in row["copies"]]
    assert len(copies) == len(set(copies)) == TWINS
    print(f"{kills} kills, {finished} runs came to their end between, {FILMS} films: none lost, none doubled")
