"""Values of a DICOM header, as they come: empty, of several values, with a decimal comma, of another VR.

pydicom converts an element when it is asked for, and raises whatever comes up where one breaks the standard. Here a
value is taken from its bytes: it is usable or it is not there. Names no pydicom: data sets are handed in.
"""

import math
import struct
from typing import overload

import numpy as np

from edge_app.imaging import limits

# PS3.5 table 6.2-1: VRs of binary numbers, by their codes of `struct`.
BINARY = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d"}
TEXT = ("DS", "IS", "CS", "LO", "SH", "AS", "DA", "ST", "LT", "UT", "UI", "PN")


def text(data_set, keyword: str) -> str:
    """Return the text of an element in capitals, its values joined by blanks; "" without one."""
    return " ".join(filter(None, texts(data_set, keyword)))


def texts(data_set, keyword: str, capitals: bool = True) -> list[str]:
    """Return the values of an element of text, without padding, in capitals or as written; [] without one."""
    found = _texts(data_set, keyword)
    return [one.upper() for one in found] if capitals else found


def _texts(data_set, keyword: str) -> list[str]:
    value = _value(data_set, keyword)[0]
    if value is None:
        return []
    if not isinstance(value, bytes):  # pydicom has converted it
        several = not isinstance(value, str) and hasattr(value, "__iter__")
        return [str(one).strip() for one in (value if several else [value])]
    # The letters that matter are ASCII (PS3.5 6.1.2.3); what else may be there is compared with nothing, only shown.
    try:
        written = value.decode()
    except UnicodeDecodeError:
        written = value.decode("latin-1")
    return [one.strip(" \0\t\r\n") for one in written.split("\\")]


def decimals(data_set, keyword: str) -> list[float | None]:
    """Return the numbers of an element whose VR is DS or IS; None for each that is none, [] without the element."""
    _, vr, _ = _value(data_set, keyword)
    if vr in BINARY:
        return [float(one) for one in wholes(data_set, keyword)]
    return [_decimal(one) for one in texts(data_set, keyword)]


def decimal(data_set, keyword: str) -> float | None:
    """Return the first of `decimals`, None if it is not a number."""
    return next(iter(decimals(data_set, keyword)), None)


def _decimal(written: str) -> float | None:
    try:
        found = float(written.replace(",", "."))
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def wholes(data_set, keyword: str) -> list[int]:
    """Return the integers of an element whose VR is US or SS, unsigned unless it says otherwise; [] without one."""
    value, vr, little_endian = _value(data_set, keyword)
    if value is None:
        return []
    if vr in TEXT:
        return [int(one) for one in map(_decimal, texts(data_set, keyword)) if one is not None]
    if not isinstance(value, bytes):
        several = hasattr(value, "__iter__")
        return [int(one) for one in (value if several else [value])]
    code = ("<" if little_endian else ">") + BINARY.get(vr, "H")
    size = struct.calcsize(code)
    found = [one for (one,) in struct.iter_unpack(code, value[: len(value) // size * size])]
    return [int(one) for one in found if math.isfinite(one)]


@overload
def whole(data_set, keyword: str) -> int | None: ...


@overload
def whole(data_set, keyword: str, otherwise: int) -> int: ...


def whole(data_set, keyword: str, otherwise: int | None = None) -> int | None:
    """Return the first of `wholes`; `otherwise` without one."""
    return next(iter(wholes(data_set, keyword)), otherwise)


def words(data_set, keyword: str, count: int) -> np.ndarray | None:
    """Return the entries of a table, uint16 (count,): one a word, or two in each if there are not enough words.

    None if it holds too few (PS3.3 C.11.1.1.1: entries of 8 bits may be packed).
    """
    value, vr, little_endian = _value(data_set, keyword)
    if value is None:
        return None
    if not isinstance(value, bytes):
        found = np.asarray(value, np.int64).ravel().astype(np.uint16)
        return found[:count] if len(found) >= count else None
    order = "<" if little_endian else ">"
    if len(value) >= 2 * count:
        return np.frombuffer(value, f"{order}u2", count).astype(np.uint16)
    packed = np.frombuffer(value, np.uint8)
    if not little_endian and vr != "OB":
        packed = packed[: len(packed) // 2 * 2].reshape(-1, 2)[:, ::-1].ravel()
    return packed[:count].astype(np.uint16) if len(packed) >= count else None


def vr_of(data_set, keyword: str) -> str | None:
    """Return the VR that the file states for an element; None without the element, or in Implicit VR."""
    return _value(data_set, keyword)[1]


def items(data_set, keyword: str) -> list:
    """Return the items of a sequence, data sets; [] without one, and of one that cannot be read."""
    try:
        return [item for item in data_set[keyword].value if hasattr(item, "get_item")] if keyword in data_set else []
    except limits.damage():
        return []


def places(data_set, functional_group: str) -> list:
    """Return the data sets in which an attribute may stand: the header, the frame's own group, that of all frames.

    PS3.3 C.7.6.16: objects of newer kinds hold display attributes in functional groups.
    """
    found = [data_set]
    for keyword in ("PerFrameFunctionalGroupsSequence", "SharedFunctionalGroupsSequence"):
        for frame in items(data_set, keyword)[:1]:
            found += items(frame, functional_group)[:1]
    return found


def _value(data_set, keyword: str) -> tuple:
    """Return (value, VR, little-endian): bytes, or what pydicom has made of them; value None if it is empty."""
    if keyword not in data_set:
        return None, None, True
    element = data_set.get_item(keyword)
    value = element.value
    empty = value is None or (hasattr(value, "__len__") and len(value) == 0)
    return (None if empty else value), element.VR, getattr(element, "is_little_endian", True)
