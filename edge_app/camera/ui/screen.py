"""What a person at the camera sees: the live picture with the film's outline, advice, and the last verdict."""

import cv2
import numpy as np

from edge_app.camera.capture.frame import Frame
from edge_app.camera.detect.film_view import View
from edge_app.camera.loop.loop import Moment
from edge_app.outputs import overlay, pictures
from edge_app.screening import phrasing
from edge_app.screening.result import Failed, Outcome
from edge_app.screening.run_context import RunContext

# Width of the live picture in pixels: half of a 1280 x 720 frame, drawn in some 3 ms.
LIVE = 640
LINE, MOST_LINES = 26, 3
GOOD, NOT_YET, NONE = (90, 220, 130), (255, 190, 60), (200, 200, 205)
WAITING = "no picture yet"


def live(moment: Moment) -> np.ndarray:
    """Draw the live picture.

    Args:
        moment: of `loop.Loop.moments`.

    Returns:
        uint8 RGB (h, 640, 3); left stays left.
    """
    if moment.frame is None:
        picture = np.zeros((LIVE * 9 // 16, LIVE, 3), np.uint8)
    else:
        picture = outlined(moment.frame, moment.view)
    sheet = pictures.Sheet(LIVE, picture.shape[0] + MOST_LINES * LINE + 22)
    sheet.paste(picture, 0, 0)
    top = picture.shape[0] + 5
    sheet.bar(0, top, round((LIVE - 1) * moment.progress), 4, GOOD)
    top += 9
    for line in words(moment)[:MOST_LINES]:
        top = sheet.text(8, top, overlay.sentence(line), 18, width=LIVE - 16)
    return sheet.pixels()


def outlined(frame: Frame, view: View | None) -> np.ndarray:
    """Draw a frame with the outlines of the films that were found in it.

    Args:
        frame: of the camera.
        view: what was found in it; None for a frame that was not looked at.

    Returns:
        uint8 RGB (h, 640, 3); left stays left.
    """
    scale = LIVE / frame.pixels.shape[1]
    size = (LIVE, round(frame.pixels.shape[0] * scale))
    picture = cv2.resize(frame.pixels, size, interpolation=cv2.INTER_AREA)
    if view is None:
        return picture
    for outline in view.outlines:
        edge = np.round(outline.corners * scale).astype(np.int32)
        cv2.polylines(picture, [edge], True, GOOD if view.ready else NOT_YET, 2, cv2.LINE_AA)
    return picture


def words(moment: Moment) -> list[str]:
    """Return the sentences to show now, the most important first; never empty."""
    if moment.frame is None:
        return [moment.status.sentence or WAITING]
    return [one.sentence for one in moment.advice] or [WAITING]


def judged(result: Outcome, context: RunContext) -> np.ndarray:
    """Draw a judged film with its heat map, its verdict and its figures: uint8 RGB (h, w, 3).

    A film whose judging failed, or whose pixels were not kept, gives only words.
    """
    if isinstance(result, Failed) or result.grey is None:
        sheet = pictures.Sheet(LIVE, 120)
        outcome = result.error if isinstance(result, Failed) else phrasing.outcome(result.row())
        return sheet.pixels(sheet.paragraph(8, 8, overlay.sentence(outcome), LIVE - 16, 14, pictures.WARNING) + 8)
    drawn, lines = overlay.draw(result, result.grey, context), []
    if result.shot:
        shot = result.shot.row()
        lines += [phrasing.frames(shot)] if result.shot.spread else []
        lines += [", ".join(f"{name} {value:.2f}" for name, value in shot["quality"].items())]
    sheet = pictures.Sheet(drawn.shape[1], 120)
    top = 4
    for line in filter(None, lines):
        top = sheet.paragraph(pictures.BAND_RIM, top, line, drawn.shape[1] - 2 * pictures.BAND_RIM, 14, pictures.PALE)
    return beneath(drawn, sheet.pixels(top + 6))


def beneath(upper: np.ndarray, lower: np.ndarray | None) -> np.ndarray:
    """Put one picture beneath another, uint8 RGB (h, w, 3), aligned at the left."""
    if lower is None:
        return upper
    width = max(upper.shape[1], lower.shape[1])
    sheet = np.full((upper.shape[0] + lower.shape[0], width, 3), pictures.PAPER, np.uint8)
    sheet[: upper.shape[0], : upper.shape[1]] = upper
    sheet[upper.shape[0] :, : lower.shape[1]] = lower
    return sheet


def jpeg(pixels: np.ndarray, quality: int = 80) -> bytes:
    """Return uint8 RGB (h, w, 3) as JPEG."""
    done, coded = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return coded.tobytes()
