"""What to do to see a film better: figures of `frame_quality` become sentences, the most important first. Pure.

The limits come from simulated photographs of validation films (`train photograph-figures`): each lies where the
model's scores begin to change, so that a film within them can still be read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge_app.camera.detect import frame_quality as quality
from edge_app.camera.detect.frame_quality import Quality

if TYPE_CHECKING:  # the page needs the kinds of advice alone
    from edge_app.camera.detect.outline import Outline

# Kinds of advice, in the order in which they are given; the last line says what a person does once all is well.
NO_FILM, SEVERAL, CUT, FAR, MOVING, TILTED, DARK, BRIGHT, GLARE, SHADOW, BLURRED, MOIRE = (
    *("no film", "several films", "cut", "too far", "moving", "tilted", "too dark", "too bright"),
    *("glare", "shadow", "blurred", "moire"),
)
NEAR = "too near"
READY, PRESS, DONE = "seen well", "press the button", "done"
# Pixels of the film's shorter side: with fewer the lungs have less than 160 of the crop's 192 pixels a side.
LEAST_PIXELS = 220
# A film may reach beyond the frame by this share of its width.
MOST_OVER = 0.01
# Share of its width by which a film may move within `frame_quality.STEP` seconds.
MOST_MOVED = 0.02
MOST_TILT = 0.35
LEAST_SPAN, MOST_DARK, MOST_WHITE = 45, 0.5, 0.3
MOST_GLARE, MOST_SHADOW = 0.9, 0.55
LEAST_SHARPNESS, MOST_MOIRE = 0.25, 14.0

# They stand in JSON too, as the sentence of a refusal: their words do not change.
SENTENCES = {
    NO_FILM: "no film in view: hold the camera before a film on a light box or a screen",
    NEAR: "a film may fill the picture, but not all its edges can be told: move back until a margin shows all round",
    SEVERAL: "several films in view: show one, or move closer to it",
    CUT: "the film is cut by the picture's {where} edge: move back, or to that side",
    FAR: "move closer: the film is {pixels:.0f} pixels wide, {least} are needed",
    MOVING: "hold still",
    TILTED: "hold the camera straight before the film",
    DARK: "too dark: give the light box or the screen more light",
    BRIGHT: "too bright: take away light, or move the film so that no bare light box is behind the lungs",
    GLARE: "glare at the {where}: tilt the film or move the lamp",
    SHADOW: "shadow on the {where}: take the hand away, or light it evenly",
    BLURRED: "blurred: hold still, and let the camera focus",
    MOIRE: "stripes of the screen: move a little farther away, or turn the camera by some degrees",
    READY: "seen well: hold still",
    PRESS: "seen well: press the button, space or Return",
    DONE: "done: take the film away, or show the next one",
}
# Advice that does not keep a film from being judged.
MILD = (TILTED, SHADOW, MOIRE, READY, PRESS, DONE)


@dataclass(frozen=True)
class Advice:
    """One thing to do.

    Attributes:
        kind: such as `GLARE`.
        sentence: what is wrong and what to do, without a full stop.
        where: the place in the film or the frame, such as "upper left"; empty if there is none.
    """

    kind: str
    sentence: str
    where: str = ""

    @property
    def blocking(self) -> bool:
        """Whether the film must not be judged like this."""
        return self.kind not in MILD


def of(outlines: "Sequence[Outline]", seen: Quality | None, frame: tuple[int, int]) -> list[Advice]:
    """Return what would help, the most important first; empty if the film is seen well.

    Args:
        outlines: of `outline.find`.
        seen: of the first of them; None without one.
        frame: width and height of the frame.
    """
    if not outlines or seen is None:
        return [plain(NO_FILM)]
    several = [plain(SEVERAL)] if len(outlines) > 1 else []
    figures, over = seen.figures, _over(outlines[0].corners, frame)
    wrong = {
        CUT: bool(over),
        FAR: figures[quality.PIXELS] < LEAST_PIXELS,
        MOVING: figures[quality.MOVED] > MOST_MOVED,
        TILTED: figures[quality.TILT] > MOST_TILT,
        DARK: figures[quality.SPAN] < LEAST_SPAN or figures[quality.DARK] > MOST_DARK,
        BRIGHT: figures[quality.WHITE] > MOST_WHITE,
        GLARE: figures[quality.GLARE] > MOST_GLARE and figures[quality.WHITE] <= MOST_WHITE,
        SHADOW: figures[quality.SHADOW] > MOST_SHADOW,
        BLURRED: figures[quality.SHARPNESS] < LEAST_SHARPNESS,
        MOIRE: figures[quality.MOIRE] > MOST_MOIRE,
    }
    where = {CUT: over, GLARE: seen.places[quality.GLARE], SHADOW: seen.places[quality.SHADOW]}
    return several + [_advice(kind, where.get(kind, ""), figures) for kind, is_wrong in wrong.items() if is_wrong]


def plain(kind: str) -> Advice:
    """Return advice whose sentence has no place and no figure, such as `READY`."""
    return Advice(kind, SENTENCES[kind])


def _advice(kind: str, where: str, figures: Mapping[str, float]) -> Advice:
    sentence = SENTENCES[kind].format(where=where, pixels=figures[quality.PIXELS], least=LEAST_PIXELS)
    return Advice(kind, sentence, where)


def _over(corners: np.ndarray, frame: tuple[int, int]) -> str:
    """Return the edge of the frame that a film reaches beyond; empty if the whole film is in the frame."""
    room = MOST_OVER * np.linalg.norm(corners[1] - corners[0])
    beyond = {
        "left": -corners[:, 0].min(),
        "upper": -corners[:, 1].min(),
        "right": corners[:, 0].max() - (frame[0] - 1),
        "lower": corners[:, 1].max() - (frame[1] - 1),
    }
    worst = max(beyond, key=lambda edge: beyond[edge])
    return worst if beyond[worst] > room else ""
