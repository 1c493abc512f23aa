"""The sensor: it samples the light, counts photons, and hands over a JPEG's worth of them."""

import cv2
import numpy as np

from train.photograph.severity import Severity

# Red, green and blue subpixels stand beside each other in each pixel of a screen, a third of it apart.
SUBPIXELS = (-1 / 3, 0.0, 1 / 3)
# Side of what one photosite gathers, in pixels of the frame: less than 1, since red, green and blue sites take turns.
APERTURE = 0.6
GAMMA = 2.2


def screen_grid(across: np.ndarray, down: np.ndarray, pitch: float, contrast: float) -> np.ndarray:
    """Sample the grid of a monitor's subpixels at every pixel of the frame, which beats with it: moire.

    Args:
        across, down: float32 (H, W), where in the scene each pixel looks.
        pitch: scene pixels in one pixel of the screen.
        contrast: of the grid, 0 .. 1; what a photosite averages away is taken off it here.

    Returns:
        float32 (H, W, 3), to multiply the light with; 1 on average.
    """
    columns, rows = across / pitch, down / pitch
    fine_x, fine_y = (_periods(turns) for turns in (columns, rows))
    gaps = 1 + contrast * 0.5 * np.sinc(APERTURE * fine_y) * np.cos(2 * np.pi * rows)
    depth, grid = contrast * np.sinc(APERTURE * fine_x), np.empty((*across.shape, 3), np.float32)
    for colour, place in enumerate(SUBPIXELS):
        grid[..., colour] = (1 + depth * np.cos(2 * np.pi * (columns - place))) * gaps
    return grid


def _periods(turns: np.ndarray) -> np.ndarray:
    """Return how many periods of the grid lie in a pixel of the frame, everywhere: coarse, since it changes slowly."""
    coarse = cv2.resize(turns, None, fx=1 / 16, fy=1 / 16, interpolation=cv2.INTER_AREA)
    fine = np.hypot(*np.gradient(coarse, 16)).astype(np.float32)
    return cv2.resize(fine, turns.shape[::-1], interpolation=cv2.INTER_LINEAR)


def expose(light: np.ndarray, film: np.ndarray, rng: np.random.Generator, how: Severity) -> np.ndarray:
    """Turn linear light into what the camera's JPEG decodes to.

    Args:
        light: float32 (H, W, 3), linear.
        film: uint8 (H, W), not 0 on the film: the exposure is chosen for it, well or badly.
        rng: draws exposure, white balance, noise, quality.
        how: the ranges.

    Returns:
        uint8 (H, W, 3), red, green, blue.
    """
    brightest = float(np.quantile(light[::4, ::4][film[::4, ::4] > 0], 0.98))
    gains = rng.uniform(*how.white) / max(brightest, 1e-4) * rng.uniform(1 - how.cast, 1 + how.cast, 3)
    linear = light * gains.astype(np.float32)
    read = rng.uniform(*how.noise) / 255
    # As much shot noise at a half of full scale as read noise: its variance goes with the light.
    spread = np.float32(255 * read) * np.sqrt(0.25 + np.maximum(linear, 0) * np.float32(0.5))
    noise = rng.standard_normal(light.shape, np.float32)
    noise = cv2.addWeighted(noise, 0.7, cv2.GaussianBlur(noise, (0, 0), 0.8), 0.6, 0)  # demosaicing spreads it
    # Read noise is stated in grey levels of the picture, where black is steeper than white: a camera smooths it there.
    levels = cv2.pow(np.clip(linear, 0, 1), 1 / GAMMA) * np.float32(255) + spread * noise
    quality = int(rng.integers(*how.jpeg))
    picture = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    done, coded = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    assert done
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[..., ::-1])
