"""JPEG files damaged at random in their data, before libjpeg-turbo's own program, told to excuse nothing."""

import io
import os
import shutil
import subprocess

import numpy as np
import pytest
from PIL import Image

from edge_app.errors import UnreadableRadiograph
from edge_app.imaging import radiograph
from tests.support.drawn_collections import REAL_DATA
from tests.support.films import draw_film

FILMS = REAL_DATA / "siim-covid19-detection" / "train"
COUNT = 70
# Between the headers of a film, which end before this byte, and its end.
HEADERS, END = 700, 2


def _bits(content, rng):
    broken = bytearray(content)
    for at in rng.integers(HEADERS, len(content) - END, 3):
        broken[at] ^= 1 << int(rng.integers(0, 8))
    return bytes(broken)


def _stretch(content, rng):
    """Put random bytes in place of others, as a cluster of another file would."""
    at = int(rng.integers(HEADERS, len(content) - 600))
    return content[:at] + rng.bytes(512) + content[at + 512 :]


def _zeros(content, rng):
    at = int(rng.integers(HEADERS, len(content) - 600))
    return content[:at] + bytes(512) + content[at + 512 :]


def _piece_lost(content, rng):
    at = int(rng.integers(HEADERS, len(content) - 600))
    return content[:at] + content[at + int(rng.integers(1, 512)) :]


def _cut(content, rng):
    return content[: int(rng.integers(HEADERS, len(content) - END))]


@pytest.fixture(scope="module")
def films():
    """JPEG files of real films, or of drawn ones."""
    found = sorted(FILMS.glob("*.jpg"))
    found = found[:: max(1, len(found) // COUNT)][:COUNT]
    if found:
        return [path.read_bytes() for path in found]
    made = []
    for seed in range(COUNT):
        file = io.BytesIO()
        Image.fromarray(draw_film(seed, 300, 280)).save(file, "JPEG", quality=90, progressive=seed % 2 == 0)
        made.append(file.getvalue())
    return made


@pytest.mark.skipif(
    shutil.which("djpeg") is None and not os.environ.get("NEED_BROWSER"), reason="no djpeg: package libjpeg-turbo-progs"
)
@pytest.mark.parametrize("spoil", [_bits, _stretch, _zeros, _piece_lost, _cut])
def test_what_a_strict_decoder_complains_of_is_not_judged(tmp_path, films, spoil):
    rng, path, silent, complained = np.random.default_rng(22), tmp_path / "film.jpg", [], 0
    for number, content in enumerate(films):
        path.write_bytes(spoil(content, rng))
        strict = subprocess.run(["djpeg", "-strict", "-outfile", os.devnull, path], capture_output=True, check=False)
        if strict.returncode == 0:
            continue
        complained += 1
        try:
            radiograph.read(path)
        except UnreadableRadiograph:
            continue
        silent.append((number, strict.stderr.decode().strip()))
    assert complained > COUNT // 4
    assert silent == []
