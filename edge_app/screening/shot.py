"""How a camera saw a film."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shot:
    """How a camera saw a film.

    Attributes:
        camera: its name.
        frames: how many were judged; 0 if none was good enough.
        spread: the lowest and the highest score of these frames by label; empty of a film that is refused.
        quality: what was measured of the sharpest frame, by name: see `edge_app.camera.detect.frame_quality`.
        corners: ((x, y), ...), where the film's corners were in the frame, from its upper left clockwise, as shares of
            the frame's width and height; empty if it was not found.
    """

    camera: str
    frames: int
    spread: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    quality: Mapping[str, float] = field(default_factory=dict)
    corners: tuple[tuple[float, float], ...] = ()

    def row(self) -> dict:
        """Return what can be told of it in JSON."""
        return {
            "name": self.camera,
            "frames": self.frames,
            "spread": {label: [round(float(end), 6) for end in ends] for label, ends in self.spread.items()} or None,
            "quality": {name: round(float(value), 4) for name, value in self.quality.items() if value == value},
            "corners": [[round(float(share), 4) for share in corner] for corner in self.corners] or None,
        }
