"""Film formats: a path becomes grey pixels. Knows files; knows nothing of models."""

from pathlib import Path

import numpy as np


def read(path: Path, least_side: int = 0) -> np.ndarray:
    """Read a PNG, JPEG or DICOM radiograph, told apart by content.

    Args:
        path: the file.
        least_side: a JPEG may be decoded at the smallest DCT scale that keeps both sides at least this long
            (`preprocess.least_side`); 0 decodes every pixel.

    Returns:
        uint8 (H, W), 0 = black = air, 255 = white = bone.

    Raises:
        UnreadableRadiograph: not a readable radiograph, in one sentence that begins with the path.
    """
    raise NotImplementedError
