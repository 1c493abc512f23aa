"""DCMTK's `dcm2pnm` (Debian's package dcmtk), the judge of DICOM's pixels."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

# One program for each family of compressions.
PROGRAMS = ("dcm2pnm", "dcmj2pnm", "dcml2pnm")
needed = pytest.mark.skipif(shutil.which("dcm2pnm") is None, reason="needs DCMTK: apt-get install dcmtk")


def shown(path: Path, *options: str) -> np.ndarray | None:
    """Return what DCMTK shows of a file.

    Args:
        path: DICOM.
        options: of `dcm2pnm`, such as "+Wi", "1": the first window.

    Returns:
        uint8 (H, W), or (H, W, 3) of a picture in colour; None if it cannot read the file or apply the options.
    """
    for program in PROGRAMS:
        ran = subprocess.run([program, "-O", *options, path], capture_output=True, check=False, timeout=60)
        # It goes on, with a warning, where a window or a LUT that was asked for is not there.
        if ran.returncode == 0 and ran.stdout and b"cannot select VOI" not in ran.stderr:
            return _pnm(ran.stdout)
    return None


def _pnm(content: bytes) -> np.ndarray:
    import io

    with Image.open(io.BytesIO(content)) as picture:
        return np.asarray(picture)
