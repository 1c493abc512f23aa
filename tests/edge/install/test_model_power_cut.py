"""`model install` and `model rollback`, killed before each of their steps: a working model is left."""

import shutil
import subprocess
import sys
from pathlib import Path

from edge_app.install import model_registry
from edge_app.model import model_file
from tests.support.model_command import in_use, model

ROOT = Path(__file__).parents[3]
# Runs the program and kills it before its n-th step: an opening to write, a rename, a removal, an fsync, a child.
# What was written and never brought to the disk is lost then, as after a power cut.
KILLER = """
import os, runpy, signal, sys
last, steps, dirty = int(sys.argv.pop(1)), 0, set()
def step():
    global steps, last
    steps += 1
    if steps == last:
        last = 0
        for path in dirty:
            if os.path.exists(path):
                os.truncate(path, 0)
        os.kill(os.getpid(), signal.SIGKILL)
def hook(event, args):
    if last == 0 or not active:
        return
    if event == "open" and isinstance(args[0], str) and args[2] & (os.O_WRONLY | os.O_RDWR) and "models" in args[0]:
        step()
        dirty.add(args[0])
    elif event == "os.rename":
        step()
        if str(args[0]) in dirty:
            dirty.add(str(args[1]))
    elif event in ("os.remove", "subprocess.Popen"):
        step()
real = os.fsync
def fsync(descriptor):
    step()
    real(descriptor)
    dirty.discard(os.readlink(f"/proc/self/fd/{descriptor}"))
    step()
os.fsync, active = fsync, True
sys.addaudithook(hook)
sys.argv[0] = "edge_app"
runpy.run_module("edge_app", run_name="__main__", alter_sys=True)
"""


def killed(step: int, *words) -> bool:
    """Run `model ...` and kill it before a step; say whether there was such a step."""
    line = [sys.executable, "-c", KILLER, str(step), "model", *map(str, words)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


def test_a_power_cut_at_any_step_leaves_a_working_model(place, with_golden_film):
    old, new = with_golden_film("old"), with_golden_film("new")
    model("install", old)
    kept = place.with_name("kept")
    shutil.copytree(place, kept)
    step, seen = 0, []
    while killed(step := step + 1, "install", new):
        seen.append(model_file.read(model_registry.default_model()).card.name)
        if step % 5 == 0 and seen[-1] == "old":  # what is left behind is in nobody's way
            model("install", new)
            assert in_use() == "new"
        shutil.rmtree(place)
        shutil.copytree(kept, place)
    assert step > 10
    # The old one until the doctor has passed the new one and the order says so; the new one from then on.
    assert seen == sorted(seen, reverse=True)
    assert {"old", "new"} == set(seen)


def test_a_power_cut_while_going_back(place, with_golden_film):
    for name in ("old", "new"):
        model("install", with_golden_film(name))
    kept = place.with_name("kept")
    shutil.copytree(place, kept)
    step = 0
    while killed(step := step + 1, "rollback"):
        assert model_file.read(model_registry.default_model()).card.name in ("old", "new")
        assert {one.name for one in model_registry.read(place).in_effect} == {"old.tflite", "new.tflite"}
        shutil.rmtree(place)
        shutil.copytree(kept, place)
    assert step > 5
    assert in_use() == "old"
