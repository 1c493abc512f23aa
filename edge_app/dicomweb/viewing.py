"""What viewers ask for: QIDO-RS (PS3.18 10.6), WADO-RS (10.4) and WADO-URI (9), of what the shelf has."""

import fnmatch
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from edge_app.dicomweb.shelf import OF_INSTANCE, OF_SERIES, OF_STUDY, Instance, Shelf

# Matches of a search that are sent at most, if fewer are not asked for: some pages of a viewer's list.
MOST_MATCHES = 200
# Bytes that are read of a file at a time.
CHUNK = 1 << 18
# What a search may name beside attributes (PS3.18 8.3.4).
PAGING = ("limit", "offset", "includefield", "fuzzymatching")
# PS3.18 table 8.7.3-5: media types of frames, by Transfer Syntax; of all others bytes as they are.
MEDIA = {
    "1.2.840.10008.1.2.4.50": "image/jpeg",
    "1.2.840.10008.1.2.4.51": "image/jpeg",
    "1.2.840.10008.1.2.4.57": "image/jpeg",
    "1.2.840.10008.1.2.4.70": "image/jpeg",
    "1.2.840.10008.1.2.4.80": "image/jls",
    "1.2.840.10008.1.2.4.81": "image/jls",
    "1.2.840.10008.1.2.4.90": "image/jp2",
    "1.2.840.10008.1.2.4.91": "image/jp2",
    "1.2.840.10008.1.2.4.201": "image/jphc",
    "1.2.840.10008.1.2.4.202": "image/jphc",
    "1.2.840.10008.1.2.4.203": "image/jphc",
    "1.2.840.10008.1.2.5": "image/dicom-rle",
}
OCTETS, EXPLICIT = "application/octet-stream", "1.2.840.10008.1.2.1"


class NotFound(Exception):
    """There is no such instance here."""


class Viewing:
    """Answers of the shelf."""

    def __init__(self, shelf: Shelf):
        """Take the shelf."""
        self._shelf = shelf

    def search(self, level: str, asked: Mapping[str, str], study: str = "", series: str = "") -> list[dict]:
        """Return the data sets that match, in DICOM JSON.

        Args:
            level: `studies`, `series` or `instances`.
            asked: attributes by keyword or tag, and `limit` and `offset`; others are not looked at.
            study, series: of the address.

        Raises:
            ValueError: an attribute cannot be searched for, or a number is none.
        """
        wanted = {_tag(name): text for name, text in asked.items() if name not in PAGING and text}
        level_of = {"studies": "study", "series": "series", "instances": "uid"}[level]
        groups: dict[str, list[Instance]] = {}
        for one in self._shelf.find(study, series):
            groups.setdefault(getattr(one, level_of), []).append(one)
        start, most = int(asked.get("offset", 0)), min(int(asked.get("limit", MOST_MATCHES)), MOST_MATCHES)
        if start < 0 or most < 0:
            raise ValueError("limit and offset are not below 0")
        names = {"studies": OF_STUDY, "series": OF_STUDY + OF_SERIES}.get(level, OF_STUDY + OF_SERIES + OF_INSTANCE)
        found = [_described(group, level, names) for group in groups.values()]
        return [one for one in found if all(_matches(one.get(tag), text) for tag, text in wanted.items())][
            start : start + most
        ]

    def metadata(self, study: str, series: str = "", uid: str = "") -> list[dict]:
        """Return the whole data sets of instances but for their pixels, in DICOM JSON.

        Raises:
            NotFound: there are none.
        """
        return [_whole(one.path) for one in self.instances(study, series, uid)]

    def instances(self, study: str, series: str = "", uid: str = "") -> list[Instance]:
        """Return the instances of these UIDs.

        Raises:
            NotFound: there are none.
        """
        found = [one for one in self._shelf.find(study, series, uid) if one.path.exists()]
        if not found:
            raise NotFound
        return found

    def frame(self, study: str, series: str, uid: str, number: int) -> tuple[str, bytes]:
        """Return the media type of a frame, and its bytes: as the file has them, or uncompressed, little endian.

        Raises:
            NotFound: there is no such frame.
        """
        from pydicom import dcmread
        from pydicom.encaps import get_frame
        from pydicom.pixels.utils import get_expected_length

        (one,) = self.instances(study, series, uid)
        data_set = dcmread(one.path)
        count = int(data_set.get("NumberOfFrames", 1) or 1)
        if "PixelData" not in data_set or not 1 <= number <= count:
            raise NotFound
        syntax = data_set.file_meta.TransferSyntaxUID
        if syntax.is_encapsulated:
            if syntax not in MEDIA:
                raise NotFound
            content = get_frame(data_set.PixelData, number - 1, number_of_frames=count)
            return f"{MEDIA[syntax]}; transfer-syntax={syntax}", content
        size = get_expected_length(data_set) // count
        content = data_set.PixelData[(number - 1) * size : number * size]
        if not syntax.is_little_endian and data_set.BitsAllocated > 8:
            import numpy as np

            content = np.frombuffer(content, ">u2").astype("<u2").tobytes()
        return f"{OCTETS}; transfer-syntax={EXPLICIT}", content


def related(parts: Iterable[tuple[str, Callable[[], Iterator[bytes]]]], kind: str) -> tuple[str, Iterator[bytes]]:
    """Return Content-Type and body of a multipart answer.

    Args:
        parts: media type of each, and a function that yields its bytes.
        kind: media type of the first, without parameters.
    """
    mark = uuid.uuid4().hex

    def body() -> Iterator[bytes]:
        for media, content in parts:
            yield f"--{mark}\r\nContent-Type: {media}\r\n\r\n".encode()
            yield from content()
            yield b"\r\n"
        yield f"--{mark}--\r\n".encode()

    return f'multipart/related; type="{kind}"; boundary={mark}', body()


def content(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def _tag(name: str) -> str:
    from pydicom.datadict import tag_for_keyword

    found = tag_for_keyword(name)
    if found is not None:
        return f"{found:08X}"
    if len(name) == 8 and not set(name.upper()) - set("0123456789ABCDEF"):
        return name.upper()
    raise ValueError("an attribute is named by its keyword or its tag")


def _described(group: list[Instance], level: str, names: tuple[str, ...]) -> dict:
    """Return what is said of a study, series or instance, out of one of its instances and their number."""
    tags = {_tag(name) for name in names}
    found = {tag: element for tag, element in group[0].head.items() if tag in tags}
    found["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}  # InstanceAvailability
    if level == "studies":
        kinds = sorted({kind for one in group for kind in _values(one.head.get("00080060"))})
        found["00080061"] = {"vr": "CS", "Value": kinds}  # ModalitiesInStudy
        found["00201206"] = {"vr": "IS", "Value": [len({one.series for one in group})]}
        found["00201208"] = {"vr": "IS", "Value": [len(group)]}
    elif level == "series":
        found["00201209"] = {"vr": "IS", "Value": [len(group)]}
    return dict(sorted(found.items()))


def _values(element: dict | None) -> list[str]:
    """Return the values of an element as texts; of a name its alphabetic group."""
    values = (element or {}).get("Value", [])
    return [str(one.get("Alphabetic", "")) if isinstance(one, dict) else str(one) for one in values]


def _matches(element: dict | None, text: str) -> bool:
    """Say whether an element matches what is searched for (PS3.4 C.2.2.2): a list, a range, a pattern, or one value."""
    values = _values(element)
    if (element or {}).get("vr") in ("DA", "TM") and "-" in text:
        first, _, last = text.partition("-")
        return any((not first or one >= first) and (not last or one <= last) for one in values)
    patterns = text.replace("\\", ",").split(",") if (element or {}).get("vr") in ("UI", "CS") else [text]
    if (element or {}).get("vr") == "PN":
        values, patterns = [one.casefold() for one in values], [one.casefold() for one in patterns]
    # Of the signs of `fnmatch` DICOM has not the brackets.
    return any(fnmatch.fnmatchcase(one, pattern.replace("[", "[[]")) for one in values for pattern in patterns)


def _whole(path: Path) -> dict:
    from pydicom import dcmread

    data_set = dcmread(path, stop_before_pixels=True)
    found = json.loads(json.dumps(data_set.to_json_dict(suppress_invalid_tags=True)))
    found["00083002"] = {"vr": "UI", "Value": [str(data_set.file_meta.TransferSyntaxUID)]}  # AvailableTransferSyntaxUID
    return found
