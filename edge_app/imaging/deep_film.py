"""A film as a radiologist windows it: its values at full depth, and how they become grey.

The display is PS3.4 N.2 in its order: modality (a slope and an intercept), window, polarity.
"""

from collections import namedtuple

import numpy as np

# PS3.3 C.11.2.1.2 and C.11.2.1.3: how a window's centre and width are meant.
LINEAR, EXACT, SIGMOID = "LINEAR", "LINEAR_EXACT", "SIGMOID"


class Window(namedtuple("Window", "centre width function")):
    """A window in modality units; `function` is one of `LINEAR`, `EXACT`, `SIGMOID`."""


class Spacing(namedtuple("Spacing", "row column source")):
    """Distance of neighbouring pixels in mm: of `row` and `column`, as measured at `source`.

    `source` is `header` (PixelSpacing: in the patient as far as the file tells), `detector` (at the detector, where the
    body is magnified) or `scanned` (on the sheet of film that was scanned).
    """


class DeepFilm(namedtuple("DeepFilm", "values slope intercept inverse padding window spacing")):
    """A film at full depth.

    Attributes:
        values: uint8 or uint16 (H, W), upright.
        slope, intercept: of a value v in modality units: slope * v + intercept.
        inverse: whether the lowest unit is white (MONOCHROME1, or Presentation LUT Shape INVERSE).
        padding: (lowest, highest) of values that lie outside the film and are black; None without any.
        window: the `Window` with which a viewer begins.
        spacing: `Spacing`; None if the file does not tell it.
    """


def spanning(low: float, high: float) -> Window:
    """Return the window from black at `low` to white at `high`, in modality units."""
    return Window((low + high) / 2, max(high - low, 1), EXACT)


def plain(values: np.ndarray, low: float = 0, high: float = 255) -> DeepFilm:
    """Return a film whose file says nothing but its grey levels, black = air.

    Args:
        values: uint8 or uint16 (H, W).
        low, high: what is black and what is white at first.
    """
    return DeepFilm(values, 1.0, 0.0, False, None, spanning(low, high), None)


def shown(film: DeepFilm) -> np.ndarray:
    """Return uint8 (H, W), the film in its window as the page's viewer draws it."""
    units = film.slope * film.values.astype(np.float64) + film.intercept
    centre, width, function = film.window
    if function == SIGMOID:
        level = 1 / (1 + np.exp(np.clip(-4 * (units - centre) / width, -50, 50)))
    elif function == LINEAR:
        level = (units - (centre - 0.5)) / max(width - 1, 1e-9) + 0.5
    else:
        level = (units - centre) / width + 0.5
    grey = np.clip(np.rint(255 * level), 0, 255).astype(np.uint8)
    grey = 255 - grey if film.inverse else grey
    if film.padding is not None:
        low, high = film.padding
        grey[(film.values >= low) & (film.values <= high)] = 0
    return grey
