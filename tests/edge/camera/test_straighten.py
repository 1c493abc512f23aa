"""The proportion of a film seen askew, against a pinhole camera that sees a film whose proportion is known."""

import numpy as np
import pytest

from edge_app.camera.detect import straighten

FRAME = (1280, 720)
# Width over height, as of a film of 35 x 43 cm upright and lying.
UPRIGHT, LYING = 35 / 43, 43 / 35


def seen(proportion: float, focal: float, pitch: float, yaw: float, roll: float = 0.1) -> np.ndarray:
    """Return where a pinhole camera sees the corners of a turned film, pixels, (4, 2).

    Args:
        proportion: of the film, width over height.
        focal: length, in halves of the frame's longer side.
        pitch: degrees by which the film's upper edge leans away.
        yaw: degrees by which its right edge leans away.
        roll: radians in the film's own plane.
    """
    film = np.array([[-proportion, -1, 0], [proportion, -1, 0], [proportion, 1, 0], [-proportion, 1, 0]])
    (a, b), c = np.radians([pitch, yaw]), roll
    tilt = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    turn = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    spin = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    points = film @ (turn @ tilt @ spin).T + [0.1, -0.05, 3 * focal]
    middle = (np.array(FRAME) - 1) / 2
    return points[:, :2] / points[:, 2:] * focal * max(FRAME) / 2 + middle


@pytest.mark.parametrize("proportion", [UPRIGHT, LYING])
@pytest.mark.parametrize("focal", [1.1, 1.6, 2.5])
@pytest.mark.parametrize(("pitch", "yaw"), [(25, 20), (-25, 20), (30, -30)])
def test_a_film_seen_askew_has_its_own_proportion(proportion, focal, pitch, yaw):
    corners = seen(proportion, focal, pitch, yaw)
    assert straighten.proportion(corners, FRAME) == pytest.approx(proportion, rel=1e-6)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width, height = straighten.size(corners, FRAME)
    assert width / height == pytest.approx(proportion, rel=0.01)
    # No pixel of the longer one of two opposite sides is lost.
    assert width >= max(sides[0], sides[2]) - 1 and height >= max(sides[1], sides[3]) - 1


@pytest.mark.parametrize(("pitch", "yaw"), [(0, 0), (1, 1), (20, 0)])
def test_nearly_parallel_sides_give_the_proportion_of_their_lengths(pitch, yaw):
    corners = seen(UPRIGHT, 1.6, pitch, yaw, roll=0)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    assert straighten.proportion(corners, FRAME) == (sides[0] + sides[2]) / (sides[1] + sides[3])


@pytest.mark.parametrize("focal", [0.7, 4.0])
def test_a_focal_length_that_no_camera_has_is_not_believed(focal, monkeypatch):
    corners = seen(UPRIGHT, focal, 20, 30)
    found = straighten.proportion(corners, FRAME)
    assert found == pytest.approx(UPRIGHT, rel=0.06) and found != pytest.approx(UPRIGHT, rel=0.01)
    monkeypatch.setattr(straighten, "NEAREST", 0.1)
    monkeypatch.setattr(straighten, "FARTHEST", 10)
    assert straighten.proportion(corners, FRAME) == pytest.approx(UPRIGHT, rel=1e-6)


def test_corners_that_no_rectangle_has_are_taken_as_of_a_usual_camera(monkeypatch):
    corners = np.array([[300.0, 150.0], [900.0, 100.0], [1000.0, 650.0], [250.0, 500.0]])
    found = straighten.proportion(corners, FRAME)
    assert found == pytest.approx(1.67710, rel=1e-5)
    monkeypatch.setattr(straighten, "USUAL", straighten.NEAREST)
    assert straighten.proportion(corners, FRAME) != found
