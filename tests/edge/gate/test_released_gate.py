"""The gate of the released models, on the films that come with `pydicom-data` and on drawn pictures."""

from pathlib import Path

import cv2
import numpy as np
import pydicom
import pytest
from PIL import Image, ImageDraw, ImageFont

from edge_app.diagnostics import health, self_test
from edge_app.gate import refusal
from edge_app.imaging import preprocess, radiograph
from edge_app.model import model_file
from edge_app.model.classifier import Classifier
from edge_app.screening import decision, screening
from edge_app.screening.result import Judged, Refused
from edge_app.sources import sample

MODELS = Path(__file__).parents[3] / "models"
LEAST_SIDE = preprocess.least_side(192)


@pytest.fixture(scope="module", params=["lite0", "short"])
def classifier(request):
    """Return each released model of the edge, loaded."""
    return Classifier(model_file.read(MODELS / f"covid-xray-{request.param}-int8.tflite"), threads=1)


@pytest.fixture(scope="module")
def chest():
    """Return the sample: a computed radiograph of a chest, PA."""
    return radiograph.read(sample.path(), LEAST_SIDE)


def _judge(grey, classifier, **more):
    return screening.judge(np.ascontiguousarray(grey), classifier, classifier.card.limits("refer"), **more)


def _why(grey, classifier):
    result = _judge(grey, classifier)
    assert (result.verdict == decision.REFUSED) == isinstance(result, Refused)
    return result.refusal.kind if isinstance(result, Refused) else None


@pytest.mark.parametrize("name", ["lite0-int8", "lite0-float32", "short-int8"])
def test_the_doctor_finds_a_released_file_well_in_this_runtime(name):
    model = model_file.read(MODELS / f"covid-xray-{name}.tflite")
    check = self_test.golden(model, Classifier(model, threads=1))
    assert check.state == health.OK, check.words


def test_a_frontal_chest_film_passes_every_check(classifier, chest):
    result = _judge(chest, classifier)
    assert isinstance(result, Judged)
    assert result.row()["corrected"] is None
    assert len(result.checks) >= 10
    assert all(check.ok for check in result.checks)
    assert max(result.view_classes, key=result.view_classes.get) == "frontal"


def test_a_leg_is_no_chest(classifier, tmp_path):
    dataset = pydicom.dcmread(sample.path().with_name("RG3_UNCR.dcm"))
    del dataset.BodyPartExamined  # with it the file is refused before its picture is looked at
    dataset.save_as(tmp_path / "leg.dcm")
    why = _why(radiograph.read(tmp_path / "leg.dcm", LEAST_SIDE), classifier)
    assert why in (refusal.PART, refusal.PICTURE, refusal.NO_LUNGS, refusal.CT)


@pytest.mark.parametrize(
    ("turn", "reason", "change"),
    [
        (lambda grey: np.rot90(grey, 2), refusal.TURNED, "turned by 180 degrees"),
        (np.rot90, refusal.TURNED, "turned by 90 degrees clockwise"),
        (lambda grey: np.rot90(grey, -1), refusal.TURNED, "turned by 90 degrees counter-clockwise"),
        (lambda grey: 255 - grey, refusal.INVERTED, "greys inverted"),
    ],
)
def test_what_is_turned_or_inverted_is_refused_and_put_right(classifier, chest, turn, reason, change):
    whole = _judge(chest, classifier)
    result = _judge(turn(chest), classifier)
    assert (result.verdict, result.refusal.kind) == (decision.REFUSED, reason)
    assert result.inference is None
    assert result.corrected.change == change
    assert result.corrected.verdict == whole.verdict


def test_a_child_is_refused_by_its_age(classifier, chest):
    assert isinstance(_judge(chest, classifier, age=40.0), Judged)
    result = _judge(chest, classifier, age=4.0)
    assert (result.verdict, result.refusal.kind) == (decision.REFUSED, refusal.CHILD)


def test_half_a_film_is_cut_off(classifier, chest):
    assert _why(chest[:, : chest.shape[1] // 2], classifier) in (refusal.CUT, refusal.PART, refusal.NO_LUNGS)


def test_what_is_blurred_dark_or_bright(classifier, chest):
    side = max(chest.shape)
    assert _why(cv2.GaussianBlur(chest, (0, 0), side / 40), classifier) in (refusal.BLURRED, refusal.NO_LUNGS)
    assert _why(np.full_like(chest, 3), classifier) == refusal.BLANK
    assert _why((chest.astype(float) * 0.05).astype(np.uint8), classifier) in (refusal.DARK, refusal.BLANK)


def test_pictures_that_are_no_film(classifier):
    rng = np.random.default_rng(0)
    assert _why(rng.integers(0, 256, (600, 500)).astype(np.uint8), classifier) in (refusal.NOISE, refusal.PICTURE)
    page = Image.new("L", (600, 800), 255)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(18)
    for line in range(30):
        pen.text((40, 40 + 24 * line), "the quick brown fox jumps over the lazy dog", 0, font=font)
    assert _why(np.asarray(page), classifier) == refusal.PICTURE
    window = Image.new("L", (800, 600), 235)
    pen = ImageDraw.Draw(window)
    for at in range(8):
        pen.rectangle((20 + 95 * at, 20, 100 + 95 * at, 60), 180, 90)
        pen.text((30 + 95 * at, 30), "menu", 0, font=font)
    pen.rectangle((20, 80, 780, 580), 255, 60)
    assert _why(np.asarray(window), classifier) is not None
