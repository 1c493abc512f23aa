"""Films that were stored in colour: secondary captures. Those whose colours are all grey are read."""

import numpy as np

from edge_app.imaging import lookup_table
from edge_app.imaging.intensity import count, look_up

# PS3.3 C.7.6.3.1.2 Photometric Interpretation.
PALETTE = "PALETTE COLOR"
NAMES = (PALETTE, "RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
# Grey levels of 256 between the strongest and the weakest colour of a pixel: a lossy JPEG of a grey film has up to 8.
LEAST_COLOUR = 16
# Share of the pixels: a coloured mark of side of 30 x 40 pixels has 0.0003 of a film of 2000 x 2000.
MOST_COLOURED = 0.001
# How far a colour moves at most, in levels, for one level of Cb or Cr: ITU-T T.871, which has luma of red, green and
# blue too; of three that are equal it is the same.
OF_CHROMA = 1.772
LUMA = np.array([0.299, 0.587, 0.114], np.float32)
PALETTES = ("Red", "Green", "Blue")


class Coloured(Exception):
    """The picture has colours; the text is the share of its pixels."""


def to_grey(values: np.ndarray, bits: int) -> np.ndarray:
    """Return uint8 (H, W) of a picture in colour that shows grey.

    Its header may say red, green and blue where luma, Cb and Cr are stored, and the other way round; decoders turn one
    into the other. Both are tried: only what is the one looks grey as the one.

    Args:
        values: uint8 or uint16 (H, W, 3).
        bits: of each value.

    Raises:
        Coloured: it does not.
    """
    grey = np.empty((2, *values.shape[:2]), np.uint8)
    coloured = np.zeros(2, np.int64)
    for at, row in enumerate(values):
        three = row.astype(np.float32) * np.float32(255 / ((1 << bits) - 1))
        chroma = np.abs(three[:, 1:] - 128).max(1) * OF_CHROMA
        coloured += [((three.max(1) - three.min(1)) >= LEAST_COLOUR).sum(), (chroma >= LEAST_COLOUR).sum()]
        grey[0, at], grey[1, at] = np.rint(three @ LUMA), np.rint(three[:, 0])
    likelier = int(coloured.argmin())
    _refuse(int(coloured[likelier]), grey[likelier].size)
    return grey[likelier]


def of_palette(values: np.ndarray, header) -> np.ndarray | None:
    """Return uint8 (H, W) of indices, integers (H, W), into the palettes of a header; None if they cannot be used.

    Raises:
        Coloured: a palette is not grey.
    """
    tables = [
        lookup_table.read(
            header, False, f"{name}PaletteColorLookupTableDescriptor", f"{name}PaletteColorLookupTableData"
        )
        for name in PALETTES
    ]
    if None in tables:
        return None
    lowest = int(values.min())
    counts = count(values, lowest)
    indices = np.arange(lowest, lowest + len(counts))
    three = np.stack([table.of(indices) >> max(0, table.bits - 8) for table in tables if table], 1).astype(np.int64)
    apart = three.max(1) - three.min(1)
    _refuse(int(counts[apart >= LEAST_COLOUR].sum()), values.size)
    return look_up(np.rint(three.mean(1)).astype(np.uint8), values, lowest)


def _refuse(coloured: int, pixels: int) -> None:
    if coloured > MOST_COLOURED * pixels:
        raise Coloured(f"{coloured / pixels:.1%}")
