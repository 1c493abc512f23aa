"""What `convert inspect` says of a released file, and `convert compare` of two."""

import json

import cv2
import numpy as np
import pytest

from convert.__main__ import main
from convert.modelfile import inspect_file
from edge_app.imaging import radiograph
from edge_app.model import model_file
from edge_app.sources import sample
from tests.support import left_out
from tests.support.checkout import ROOT
from tests.support.golden import GOLDEN

INT8, FLOAT = (ROOT / f"models/covid-xray-lite0-{kind}.tflite" for kind in ("int8", "float32"))


def test_inspect_prints_card_tensors_operators_and_checks(capsys):
    assert main(["inspect", str(INT8)]) == 0
    text = capsys.readouterr().out
    assert "labels       normal, covid, pneumonia" in text
    assert "pixels:0: uint8 1 x 192 x 192 x 1, scale 1, zero point 0" in text
    assert "DEPTHWISE_CONV_2D v" in text
    assert "carries: card.json" in text
    assert "golden.png" in text
    assert "hash of the network        ok" in text
    assert "scores of its golden film  ok  within 0.0000" in text


def test_inspect_prints_what_a_rule_gave_on_hospitals_left_out(tmp_path):
    model = model_file.read(GOLDEN / "tiny-int8.tflite")
    path = tmp_path / "model.tflite"
    more = {"training": {"index_sha256": "", "commits": []}}
    path.write_bytes(model_file.pack(model.scores, model.lungs, left_out.card(dict(model.card.raw)) | more))
    lines = inspect_file.text(path).splitlines()
    at = next(at for at, line in enumerate(lines) if line.startswith("refer        pneumonia from 0.300 to 0.600: "))
    mean, north, south, healthy = (line.strip() for line in lines[at + 1 : at + 5])
    assert mean.startswith(f"mean of 3 left out ({left_out.HOW}): sensitivity 0.85 (0.80 to 0.90), specificity 0.72 ")
    assert north.startswith("North, 500 films, 200 with it: sensitivity 0.90 (0.85 to 0.95)")
    assert south.startswith("South, 300 films, 100 with it: sensitivity 0.80")
    assert healthy.startswith("Healthy, 100 films, 0 with it: sensitivity not known, specificity 0.45 (0.40 to 0.50)")


def test_inspect_says_what_is_wrong_with_a_damaged_file(tmp_path, capsys):
    content = bytearray(INT8.read_bytes())
    content[len(content) // 3] ^= 1
    (tmp_path / "model.tflite").write_bytes(content)
    assert main(["inspect", str(tmp_path / "model.tflite")]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert str(tmp_path / "model.tflite") in said.err


@pytest.fixture
def films(tmp_path):
    """The sample film, and a picture without lungs."""
    cv2.imwrite(str(tmp_path / "film.png"), radiograph.read(sample.path()))
    cv2.imwrite(str(tmp_path / "noise.png"), np.random.default_rng(0).integers(0, 256, (300, 300)).astype(np.uint8))
    return tmp_path


def test_a_file_does_not_disagree_with_itself(films, capsys):
    assert main(["compare", str(INT8), str(INT8), "--images", str(films / "film.png"), "--json"]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["difference"] == 0
    assert row["heat"] == pytest.approx(1)
    assert row["verdicts"][0] == row["verdicts"][1]


def test_compare_goes_on_past_a_film_that_cannot_be_judged(films, capsys):
    assert main(["compare", str(INT8), str(FLOAT), "--images", str(films)]) == 1
    said = capsys.readouterr()
    assert "noise.png" in said.err
    assert "film.png" in said.out
