"""The file that keeps a film for the page's viewer: tiles of its values, from the whole film down to every pixel.

A tile is stored as it is sent, so that a Pi only copies bytes while somebody zooms. It is gzip of each value's
difference from its left neighbour, high bytes before low ones: on a film of 15 bits 0.67 of the values' size at 92 ms,
where PNG with high bytes as red and low ones as green takes 0.88 and 283 ms (docs/decisions/12-openseadragon.md).
No byte of the film's header is in it.
"""

import contextlib
import json
import math
import os
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # heavy: the inference queue forks before they are imported
    import numpy as np

    from edge_app.imaging.deep_film import DeepFilm
    from edge_app.imaging.radiograph import Film

# Of the file's form; a file of another is not opened.
VERSION = 1
# Side of a tile in pixels: a screen of 1280 x 800 shows at most twelve, each of 0.3 MB before it is deflated.
TILE = 512
# zlib's fastest: the next levels save 2 % and take a third longer. 31 is a gzip stream with the largest window.
LEVEL, GZIP = 1, 31
# Bytes of the length that stands before the facts.
LENGTH = 4
# Lowest priority: films that wait to be judged come first.
NICE = 19


def decode_apart(path: Path, content: bytes, _) -> "Film":
    """Make the file of a film in a worker of `decode_pool`, whose answers are pictures: one row, a byte a pixel."""
    from PIL import Image

    from edge_app.imaging import radiograph

    with contextlib.suppress(OSError):
        os.nice(NICE)
    packed = pack(radiograph.deep(path, content))
    return radiograph.Film(Image.frombytes("L", (len(packed), 1), packed), None)


def pack(film: "DeepFilm") -> bytes:
    """Return the file of a film."""
    values, levels, tiles, at = film.values, [], [], 0
    while True:
        places = []
        for top in range(0, values.shape[0], TILE):
            for left in range(0, values.shape[1], TILE):
                tiles.append(_deflated(values[top : top + TILE, left : left + TILE]))
                places.append([at, len(tiles[-1])])
                at += len(tiles[-1])
        levels.append({"height": values.shape[0], "width": values.shape[1], "places": places})
        if max(values.shape) <= TILE:
            break
        values = _halved(values)
    window, spacing = film.window, film.spacing
    facts = {
        "version": VERSION,
        "height": film.values.shape[0],
        "width": film.values.shape[1],
        "bytes": film.values.itemsize,
        "tile": TILE,
        "slope": film.slope,
        "intercept": film.intercept,
        "lowest": int(film.values.min()),
        "highest": int(film.values.max()),
        "inverse": film.inverse,
        "padding": film.padding,
        "window": {"centre": window.centre, "width": window.width, "function": window.function},
        "spacing": spacing and {"row": spacing.row, "column": spacing.column, "source": spacing.source},
        "levels": levels[::-1],
    }
    head = json.dumps(facts).encode()
    return b"".join([len(head).to_bytes(LENGTH, sys.byteorder), head, *tiles])


class FilmFile:
    """A film's file, opened.

    Attributes:
        facts: what a viewer must know: `height`, `width`; `bytes` of a value; `tile`, side of a tile; `slope` and
            `intercept` to modality units; `lowest`, `highest` value; `inverse`; `padding`; `window`; `spacing` in mm or
            None; `levels`, {height, width} each, the smallest first.
    """

    def __init__(self, path: Path):
        """Read what it says.

        Raises:
            OSError, ValueError, LookupError: there is none, or it is damaged or of another version.
        """
        with path.open("rb") as file:
            size = int.from_bytes(file.read(LENGTH), sys.byteorder)
            facts = json.loads(file.read(size))
        if facts["version"] != VERSION:
            raise ValueError(f"version {facts['version']}")
        self._path, self._start = path, LENGTH + size
        self._places = [level.pop("places") for level in facts["levels"]]
        self.facts: dict = facts

    def tile(self, level: int, column: int, row: int) -> bytes:
        """Return a tile as gzip.

        Raises:
            OSError: the file is gone.
            LookupError: the film has no such tile.
        """
        across = math.ceil(self.facts["levels"][level]["width"] / TILE)
        if column >= across:
            raise LookupError(column)
        at, length = self._places[level][row * across + column]
        with self._path.open("rb") as file:
            file.seek(self._start + at)
            return file.read(length)


def _halved(values: "np.ndarray") -> "np.ndarray":
    """Return means of blocks of 2 x 2; an odd last row or column counts twice, since a viewer's levels round up."""
    import numpy as np

    height, width = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2)), "edge") if height % 2 or width % 2 else values
    done = even[::2, ::2].astype(np.uint32)
    for part in (even[::2, 1::2], even[1::2, ::2], even[1::2, 1::2]):
        done += part
    return ((done + 2) // 4).astype(values.dtype)


def _deflated(tile: "np.ndarray") -> bytes:
    import numpy as np

    apart = tile.copy()
    apart[:, 1:] -= tile[:, :-1]  # modulo 2 to the power of the bits
    planes = [apart] if apart.itemsize == 1 else [(apart >> 8).astype(np.uint8), (apart & 255).astype(np.uint8)]
    deflate = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
    return b"".join([*(deflate.compress(plane.tobytes()) for plane in planes), deflate.flush()])
