"""Lookup tables of DICOM: modality LUT, VOI LUT and palette (PS3.3 C.11.1, C.11.2, C.7.6.3.1.5)."""

from collections import namedtuple

import numpy as np

from edge_app.imaging.dicom_values import vr_of, wholes, words

MOST_BITS = 16


class Table(namedtuple("Table", "first entries bits")):
    """A lookup table: `entries`, uint16 (N,), from the value `first` on, of `bits` each."""

    def of(self, values: np.ndarray) -> np.ndarray:
        """Return what it makes of values (M,): the first entry of all that lie before it, the last of all behind."""
        return self.entries[np.clip(np.rint(values) - self.first, 0, len(self.entries) - 1).astype(np.int64)]


def read(data_set, signed: bool, descriptor: str = "LUTDescriptor", data: str = "LUTData") -> Table | None:
    """Return the table of a data set.

    Args:
        data_set: the header, or an item of a LUT Sequence.
        signed: whether the values that it is applied to may be negative: then so may its first one.
        descriptor: keyword of its number of entries, first value and bits.
        data: keyword of its entries.

    Returns:
        None if it is missing, empty, or contradicts itself: then it cannot be used.
    """
    described = wholes(data_set, descriptor)
    if len(described) < 3:
        return None
    count, first, bits = described[:3]
    count = (count & 0xFFFF) or 1 << 16  # PS3.3 C.11.1.1.1: 0 means 65,536
    if not 1 <= bits <= MOST_BITS:
        return None
    entries = words(data_set, data, count)
    if entries is None:
        return None
    if first >= 1 << 15 and signed and vr_of(data_set, descriptor) != "SS":
        first -= 1 << 16
    # Its bits are often wrong; the entries are not.
    needed = int(entries.max()).bit_length()
    if needed > bits or (bits <= 8 < needed):
        bits = needed
    return Table(first, entries, bits)
