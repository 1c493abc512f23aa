"""How hard a photograph of a film is to read: the range of everything that goes wrong, at three severities.

1 is a careful photograph, 2 an everyday one, 3 a poor one that a person can still read. The ranges are judged by eye on
contact sheets of training films; the focal lengths are those of the Pi's cameras and of phones (horizontal field of
view of 54 to 70 degrees).
"""

from dataclasses import dataclass

Range = tuple[float, float]


@dataclass(frozen=True)
class Severity:
    """Ranges (low, high) that are drawn from evenly, and chances 0 .. 1.

    Attributes:
        fill: height or width of the film, whichever is larger, as a share of the frame's.
        off_centre: shift of the film's middle from the frame's, as a share of what room there is.
        tilt: degrees between the camera's axis and the film's normal.
        roll: degrees that the camera is turned about its axis, either way.
        distortion: radial distortion of the lens, relative displacement at the frame's corner; negative is a barrel.
        defocus: radius of the blur disc in pixels.
        motion: length of the smear in pixels.
        falloff: share of light lost from the light box's middle to its corners, and of a monitor seen askew.
        ambient: light of the room on film or screen, as a share of the light box's.
        glare: chance of a reflection; its light as a share of the light box's is `glare_light`.
        glare_light: see `glare`.
        shadow: chance of the shadow of a hand; what it leaves of the light is `shadow_light`.
        shadow_light: see `shadow`.
        cast: change of each colour's gain, either way.
        moire: contrast of the monitor's grid of subpixels.
        white: linear value, 1 = saturated, of the brightest parts of the film.
        noise: grey levels of read noise; shot noise comes with it.
        jpeg: quality of the JPEG.
        background: grey levels of the viewer window round the film on a monitor.
    """

    fill: Range
    off_centre: float
    tilt: Range
    roll: float
    distortion: float
    defocus: Range
    motion: Range
    falloff: Range
    ambient: Range
    glare: float
    glare_light: Range
    shadow: float
    shadow_light: Range
    cast: float
    moire: Range
    white: Range
    noise: Range
    jpeg: tuple[int, int]
    background: tuple[int, int]


SEVERITIES = {
    1: Severity(
        fill=(0.7, 0.88),
        off_centre=0.4,
        tilt=(0, 6),
        roll=3,
        distortion=0.01,
        defocus=(0, 0.6),
        motion=(0, 1),
        falloff=(0.05, 0.2),
        ambient=(0, 0.01),
        glare=0.1,
        glare_light=(0.03, 0.1),
        shadow=0,
        shadow_light=(0.8, 0.9),
        cast=0.04,
        moire=(0, 0.15),
        white=(0.6, 0.85),
        noise=(0.5, 1.5),
        jpeg=(85, 95),
        background=(40, 110),
    ),
    2: Severity(
        fill=(0.55, 0.9),
        off_centre=0.7,
        tilt=(4, 15),
        roll=8,
        distortion=0.03,
        defocus=(0.3, 1.2),
        motion=(0, 3),
        falloff=(0.15, 0.4),
        ambient=(0.005, 0.04),
        glare=0.35,
        glare_light=(0.05, 0.25),
        shadow=0.2,
        shadow_light=(0.65, 0.9),
        cast=0.1,
        moire=(0.1, 0.4),
        white=(0.45, 1.0),
        noise=(1, 4),
        jpeg=(65, 90),
        background=(30, 110),
    ),
    3: Severity(
        fill=(0.45, 0.92),
        off_centre=0.9,
        tilt=(10, 25),
        roll=14,
        distortion=0.06,
        defocus=(0.8, 2.2),
        motion=(1, 6),
        falloff=(0.3, 0.6),
        ambient=(0.02, 0.1),
        glare=0.6,
        glare_light=(0.15, 0.6),
        shadow=0.5,
        shadow_light=(0.4, 0.8),
        cast=0.2,
        moire=(0.2, 0.7),
        white=(0.3, 1.2),
        noise=(3, 9),
        jpeg=(40, 75),
        background=(25, 90),
    ),
}
