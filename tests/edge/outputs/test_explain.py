"""`explain`: one film, all the evidence, as a picture and as text, by the program itself."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.films import draw_film
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[3]


@pytest.fixture
def film(tmp_path):
    """Return the path of a film with opaque lungs."""
    Image.fromarray(draw_film(1003, 300, 260, opacity=1.0)).save(tmp_path / "film.png")
    return tmp_path / "film.png"


def _run(*words, code=0, cwd=ROOT):
    line = [sys.executable, "-m", "edge_app", "explain", "--model", GOLDEN / "tiny-int8.tflite", *words]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = {"capture_output": True, "text": True, "timeout": 60, "check": False, "env": environment}
    done = subprocess.run(list(map(str, line)), cwd=cwd, **options)
    assert "Traceback" not in done.stderr, done.stderr
    assert done.returncode == code, done.stderr
    return done


def test_text_and_picture(film, tmp_path):
    text = _run(film, "--out", tmp_path / "out.png", "--prevalence", "0.1").stdout
    for words in (
        "covid suspected",
        "unsure from score 0.200",
        "heat lies inside the lungs",
        "sha256",
        "not a diagnosis",
    ):
        assert words in text
    assert text.splitlines()[-1] == f"picture: {tmp_path / 'out.png'}"
    with Image.open(tmp_path / "out.png") as picture:
        pixels = np.asarray(picture)
    assert pixels.shape[2] == 3
    assert np.ptp(pixels.astype(int), axis=2).max() > 100  # there is colour on it


def test_json(film, tmp_path):
    row = json.loads(_run(film, "--json", "--out", tmp_path / "out.png").stdout)
    assert row["verdict"] == "covid suspected"
    assert row["checks"] == []  # the drawn model has no gate
    assert row["operating_point"]["name"] == "refer"


def test_a_refused_film_is_explained_too(tmp_path):
    Image.new("L", (300, 300), 90).save(tmp_path / "blank.png")
    text = _run(tmp_path / "blank.png", cwd=tmp_path).stdout
    assert "refused: blank" in text
    assert "the picture is blank" in text
    assert (tmp_path / "blank-explained.png").exists()


def test_what_cannot_be_read_or_written(film, tmp_path):
    (tmp_path / "text.png").write_text("no picture")
    assert "is text" in _run(tmp_path / "text.png", code=2).stderr
    assert "there is no such file" in _run(tmp_path / "missing.png", code=2).stderr
    assert "cannot be written" in _run(film, "--out", tmp_path / "no" / "out.png", code=2).stderr
    before = film.read_bytes()
    assert "would overwrite" in _run(film, "--out", film, code=2).stderr
    assert film.read_bytes() == before


def test_the_picture_of_explain_has_what_was_seen(film, tmp_path):
    """By the functions themselves: the film, unturned, its crop, and the gate's checks, red where one fails."""
    from dataclasses import replace

    from edge_app.commands.explain import judged
    from edge_app.gate.gate import Check
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.outputs import explain_picture, pictures
    from edge_app.screening import run_context

    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    held = run_context.of(model, "refer")
    result, grey = judged(film, Classifier(model, 1), held)
    drawn = explain_picture.draw(result, grey, held)
    assert drawn.shape[1] == explain_picture.WIDTH
    for colour in (pictures.LUNGS, pictures.BOX):
        assert (np.abs(drawn.astype(int) - colour).sum(axis=2) < 12).sum() > 200
    words = drawn[:, explain_picture.WORDS :]
    assert not (words == pictures.WARNING).all(axis=2).any()
    failed = Check("lungs cut off", 0.9, high=0.5)
    found = replace(result.inference, checks=(failed,), view_classes={"frontal": 0.1, "cut": 0.9})
    result = replace(result, inference=found)
    words = explain_picture.draw(result, grey, held)[:, explain_picture.WORDS :]
    assert (words == pictures.WARNING).all(axis=2).sum() > 50
    said = explain_picture.lines(result, held)
    assert "gate: NO  lungs cut off: 0.9 (at most 0.5)" in said
    assert "kind of picture: cut 0.900" in said


def test_both_findings_are_explained_and_how_often_each_answer_is_right(film):
    from dataclasses import replace

    from edge_app.commands.explain import judged
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.outputs import explain_picture, overlay
    from edge_app.screening import finding, run_context

    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    held = run_context.of(model, "refer", "0.1", "0.2")
    result, grey = judged(film, Classifier(model, 1), held)
    scores = {"normal": 0.1, "covid": 0.5, "pneumonia": 0.9}
    found = replace(result.inference, scores=scores)
    result = replace(result, inference=found, findings=finding.find(scores, *held.limits))
    assert overlay.said(result) == "COVID-19 unsure (0.500), other pneumonia suspected (0.900)"
    said = explain_picture.lines(result, held)
    assert any(line.startswith("covid: 0.500 unsure; unsure from score 0.200, suspected from 0.800; ") for line in said)
    assert "covid: at prevalence 0.1, 0.131 (0.054 to 0.353) of those unsure have it" in said
    assert "pneumonia: at prevalence 0.2, 0.692 (0.500 to 0.826) of those suspected have it (PPV)" in said
    other = replace(
        result, findings=result.findings | {"pneumonia": replace(result.findings["pneumonia"], answer="unsure")}
    )
    drawn, changed = (overlay.draw(one, grey, held) for one in (result, other))
    assert (drawn[: overlay.HEADER] != changed[: overlay.HEADER]).any()


def test_a_narrow_film(tmp_path):
    Image.fromarray(draw_film(1003, 600, 210, opacity=1.0)).save(tmp_path / "narrow.png")
    _run(tmp_path / "narrow.png", "--out", tmp_path / "out.png")
