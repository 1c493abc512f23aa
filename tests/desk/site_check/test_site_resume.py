"""A check that was stopped goes on; only the same film and the same model are remembered."""

import functools
import os
import signal
import time
from pathlib import Path

from PIL import Image

from edge_app.model import model_file
from tests.support.clinic import MODEL, draw_site, report_of, start, write_labels
from tests.support.films import draw_film


def _remembered(out: Path) -> int:
    return report_of(out)[0]["made"]["remembered"]


def test_a_run_that_is_stopped_goes_on(check, tmp_path):
    folder, out = tmp_path / "films", tmp_path / "out"
    folder.mkdir()
    Image.fromarray(draw_film(1, 1800, 1500)).save(folder / "0.png")
    for i in range(1, 60):
        os.link(folder / "0.png", folder / f"{i}.png")
    write_labels(folder / "labels.csv", [(f"{i}.png", "normal", "") for i in range(60)])
    # A background job, as a test run may be one, is started with SIGINT ignored and hands that on; a terminal does not.
    interruptible = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    process = start(MODEL, folder, "--out", out, preexec_fn=interruptible)
    kept = out / "scores.jsonl"
    until = time.monotonic() + 120
    while not kept.exists() or kept.read_text().count("\n") < 3:
        assert time.monotonic() < until and process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    assert process.returncode == 130, complaints
    assert complaints.splitlines()[-1] == "stopped; the same command goes on from here."
    assert not (out / "report.html").exists()
    lines = kept.read_text().splitlines()
    assert 3 <= len(lines) < 60
    kept.write_text(kept.read_text() + lines[0][:40])  # as a power cut leaves it
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == len(lines)
    assert len(report_of(out)[1]) == 60
    whole = (out / "results.csv").read_bytes()
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == 60
    assert (out / "results.csv").read_bytes() == whole


def test_only_the_same_film_and_the_same_model_are_remembered(check, tmp_path):
    folder, out = draw_site(tmp_path / "films", [(f"{i}.png", "normal", 0.0, "") for i in range(4)]), tmp_path / "out"
    check(MODEL, folder, "--out", out)
    check(MODEL, folder, "--out", out, "--operating-point", "balanced")
    assert _remembered(out) == 4
    Image.fromarray(draw_film(7, 220, 190, opacity=1.0)).save(folder / "2.png")
    check(MODEL, folder, "--out", out)
    assert _remembered(out) == 3
    assert report_of(out)[1].set_index("path").at["2.png", "verdict"] == "covid suspected"
    model = model_file.read(MODEL)
    other = tmp_path / "other.tflite"
    other.write_bytes(model_file.pack(model.scores, model.lungs, {**model.card.raw, "name": "another"}))
    check(other, folder, "--out", out)
    assert _remembered(out) == 0
