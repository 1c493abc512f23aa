"""Runs inside a virtual machine that loses its power: checks what was reported before, then works until the next cut.

Lines on the console report what it began and what is done. `machine.py` reads them, cuts the power, and leaves a file
with what must be true at the next start.
"""

import contextlib
import itertools
import json
import sqlite3
import sys
from pathlib import Path

from PIL import Image

from tests.support.films import draw_film
from tests.system.booted.system import INBOX, STORE, kept, run, say, until

# Left by machine.py: {"told": hashes, "models": those that may be in use, "cut": number of this start}.
MUST = Path("/must.json")
MODELS = ("short", "lite0")


def held(must: dict) -> str:
    """Check that everything reported before the cut is there and that the model in use answers; return its name."""
    told, there = set(must["told"]), set(kept()) if STORE.exists() else set()
    assert told <= there, f"lost: {told - there}"
    if STORE.exists():
        with contextlib.closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True)) as base:
            found = base.execute("PRAGMA integrity_check").fetchone()
            assert found == ("ok",), found
    version = run("covid-xray", "--version")
    model = next(name for name in MODELS if f"model {name}-int8" in version)
    assert model in must["models"], (model, must["models"])
    checks = json.loads(run("covid-xray", "doctor", "--json"))  # exit code 0: no fault
    assert checks["ok"], checks
    say(f"start {must['cut']}: all {len(told)} films that were told are there, model {model} answers, no fault")
    return model


def work(must: dict, model: str) -> None:
    """Judge films and exchange models until the power goes."""
    for number in itertools.count():
        model = MODELS[1 - MODELS.index(model)]
        Image.fromarray(draw_film(must["cut"] * 1000 + number, 300, 260)).save(INBOX / f"{must['cut']}-{number}.png")
        print(f"BEGUN {model}", flush=True)
        run("covid-xray", "model", "install", f"/films/{model}.tflite")
        print(f"DONE {model}", flush=True)
        # Either model, or both, judge it: the service restarts with another model and judges what lies there with it.
        until(lambda: set(kept()) > set(must["told"]), "a film")
        must["told"] = sorted(set(kept()))
        print(f"TOLD {json.dumps(must['told'])}", flush=True)


def main() -> int:
    """Check, then work; the power ends it."""
    must = json.loads(MUST.read_text())
    try:
        work(must, held(must))
    except Exception as error:  # the console is all that is seen
        say(f"FAILED {type(error).__name__}: {error}")
    return 1


if __name__ == "__main__":
    sys.exit(main())
