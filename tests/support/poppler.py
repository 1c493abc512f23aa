"""PDF as Poppler reads and draws it (Debian's package poppler-utils), the judge of the report."""

import io
import re
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

needed = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs Poppler: apt-get install poppler-utils")
# Dots per inch at which a page is drawn: fine enough to see a line of a point.
DPI = 100


def _run(name: str, pdf: bytes, *options: str) -> bytes:
    ran = subprocess.run([name, *options], input=pdf, capture_output=True, check=True, timeout=60)
    assert ran.stderr == b"", ran.stderr
    return ran.stdout


def text(pdf: bytes) -> str:
    """Return the text that can be selected in the order in which it was written, with single spaces."""
    return " ".join(_run("pdftotext", pdf, "-raw", "-", "-").decode().split())


def info(pdf: bytes) -> dict[str, str]:
    """Return what `pdfinfo` tells, by name."""
    lines = _run("pdfinfo", pdf, "-").decode().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def fonts(pdf: bytes) -> list[tuple[str, bool, bool]]:
    """Return (name, whether it is embedded, whether its letters can be told as Unicode) of each font."""
    lines = _run("pdffonts", pdf, "-").decode().splitlines()[2:]
    found = [re.search(r"^(\S+) .* (yes|no) +(?:yes|no) +(yes|no) +\d+ +\d+$", line) for line in lines]
    return [(one[1], one[2] == "yes", one[3] == "yes") for one in found if one]


def drawn(pdf: bytes, *options: str) -> np.ndarray:
    """Return the first page, uint8 (h, w, 3); with the option "-mono" in black and white alone."""
    content = _run("pdftoppm", pdf, "-r", str(DPI), "-f", "1", "-l", "1", *options, "-")
    return np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))


def words(pdf: bytes) -> list[tuple[str, tuple[float, float, float, float]]]:
    """Return each word with its box on the page in pixels of `drawn`: left, top, right, bottom."""
    found = re.findall(
        r'<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">(.*?)</word>',
        _run("pdftotext", pdf, "-bbox", "-", "-").decode(),
    )
    return [(word, tuple(float(side) * DPI / 72 for side in sides)) for *sides, word in found]


def pictures(pdf: bytes) -> int:
    """Return how many pictures it holds."""
    return sum(" image " in line for line in _run("pdfimages", pdf, "-list", "-").decode().splitlines())
