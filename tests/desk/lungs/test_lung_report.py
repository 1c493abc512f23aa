"""What is counted and shown of a lung network."""

import cv2
import numpy as np

from tests.support.lung_examples import bright_is_lung, draw_examples, shapes
from train.lungs import examples, report
from train.lungs.examples import KEPT_SIZE, Examples


def test_measuring_counts_what_is_missed_and_what_is_seen_in_nothing():
    some = draw_examples(range(4), empty=2)
    _, truth = examples.plain(some)
    figures = report.measure(truth.astype(np.float32), some)
    assert figures["median_iou"] > 0.95
    assert (figures["found"], figures["films"], figures["refused"], figures["empty"]) == (1, 4, 1, 2)
    wrong = truth.copy()
    wrong[0], wrong[4] = False, truth[1]
    figures = report.measure(wrong.astype(np.float32), some)
    assert (figures["least_iou"], figures["found"], figures["refused"]) == (0, 0.75, 0.5)


def test_no_films_make_no_sheet(tmp_path):
    nothing = np.zeros((0, KEPT_SIZE, KEPT_SIZE), np.uint8)
    report.sheet(bright_is_lung(), Examples(nothing, nothing), tmp_path / "own.png")
    assert not (tmp_path / "own.png").exists()
    report.sheet(bright_is_lung(), Examples(shapes(50, 140)[None], shapes(50, 140)[None]), tmp_path / "own.png")
    tile = cv2.imread(str(tmp_path / "own.png"))[:128, :128].astype(int)
    green = (tile[..., 1] > 200) & (tile[..., 0] < 60) & (tile[..., 2] < 60)
    assert green.sum() > 100  # the outline of what was found
