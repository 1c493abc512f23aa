import numpy as np
import pytest

from train.index import boxes


def test_pixels_become_shares_of_height_and_width_in_the_order_of_lung_boxes():
    found = boxes.from_pixels([(100, 50, 300, 100)], width=400, height=200)
    assert found.dtype == np.float32
    assert found.tolist() == [[0.25, 0.25, 0.5, 0.75]]


def test_what_reaches_over_the_edge_is_cut_and_what_lies_beyond_is_left_out():
    found = boxes.from_pixels([(-10, -10, 20, 50), (390, 10, 500, 20), (400, 0, 410, 20)], width=400, height=100)
    assert found.tolist() == pytest.approx(np.float32([[0, 0, 0.5, 0.05], [0.1, 0.975, 0.2, 1]]))


@pytest.mark.parametrize("count", [0, 1, 3])
def test_text_keeps_boxes_to_a_hundred_thousandth(count):
    shares = np.random.default_rng(count).uniform(size=(count, 4)).astype(np.float32)
    again = boxes.from_text(boxes.to_text(shares))
    assert again.shape == (count, 4)
    assert again == pytest.approx(shares, abs=0.5 * 10**-boxes.DIGITS)
