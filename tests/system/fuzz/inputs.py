"""The inputs of the campaign, each told by its number: the same number gives the same bytes, whatever was before it.

First come the pictures of packages as they are, then what was made to harm, then mutations without an end.
"""

import hashlib
import io
import random
import struct
import subprocess
from pathlib import Path
from typing import NamedTuple, Self

import imagecodecs
import numpy as np
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_file_meta_info

from edge_app.imaging import dicom_file, radiograph
from tests.support import bad_pictures, films_to_mutate
from tests.support.damage import damage
from tests.support.dicom_files import DIGITAL_XRAY
from tests.support.films import draw_film
from tests.support.mutated_films import mutated

RADAMSA = Path(__file__).parent / "radamsa.py"
# Of every nine mutations; each weakness of a decoder shows with some kind sooner than with another.
KINDS = ("radamsa, a film",) * 3 + ("radamsa, a test picture",) * 2 + ("damaged, a film",) * 2
KINDS += ("damaged, a test picture", "DICOM taken to pieces")
PACKAGES, MADE = "of packages", "made to harm"
# Real films, and their longest side in pixels once they are mutated: so that most time goes into what is done with one.
FILMS, LONGEST = 24, 256
# Bytes of the largest picture that is mutated.
MOST_MUTATED = 60_000


class Input(NamedTuple):
    """A file: how it came to be, what it was made of, and its bytes."""

    kind: str
    name: str
    content: bytes


class Radamsa:
    """radamsa, in a process of the fuzzers' environment."""

    def __init__(self, python: Path):
        self._process = subprocess.Popen([python, RADAMSA], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def mutated(self, content: bytes, seed: int) -> bytes:
        """Return bytes as radamsa changes them."""
        process = self._process
        assert process.stdin and process.stdout
        process.stdin.write(struct.pack("<QI", seed, len(content)) + content)
        process.stdin.flush()
        (length,) = struct.unpack("<I", process.stdout.read(4))
        return process.stdout.read(length)

    def close(self) -> None:
        """End it."""
        self._process.communicate()


class Inputs:
    """All of them.

    Attributes:
        packaged: pictures of packages.
        made: what makes each bomb and polyglot, by name.
    """

    def __init__(self, packaged: list[Path], data: Path | None, scratch: Path, radamsa: Radamsa | None):
        """Gather what is mutated.

        Args:
            packaged: pictures of packages.
            data: folder of collections; None, or without films: drawn ones are mutated.
            scratch: folder for files on the way.
            radamsa: None where it is not installed; other mutations take its place.
        """
        self.packaged = packaged
        self.made = bad_pictures.bombs(scratch) | bad_pictures.polyglots(scratch)
        self._radamsa = radamsa
        self._films = [one for film in films(data) for one in written(film)]
        self._films += [(path.name, path.read_bytes()) for path in as_they_are(data)]
        self._small = [path for path in packaged if path.stat().st_size <= MOST_MUTATED]
        self._parts = films_to_mutate.films(scratch)

    @classmethod
    def of(cls, packaged: list[Path], data: Path | None, scratch: Path, python: Path) -> Self:
        """Gather them, with radamsa if a Python that has it is there."""
        return cls(packaged, data, scratch, Radamsa(python) if python.exists() else None)

    def __getitem__(self, number: int) -> Input:
        """Return the input of a number."""
        if number < len(self.packaged):
            path = self.packaged[number]
            return Input(PACKAGES, "/".join(path.parts[-3:]), path.read_bytes())
        number -= len(self.packaged)
        if number < len(self.made):
            name = list(self.made)[number]
            return Input(MADE, name, self.made[name]())
        return self._mutated(number - len(self.made))

    def _mutated(self, number: int) -> Input:
        kind, chance = KINDS[number % len(KINDS)], random.Random(number)
        if kind == "DICOM taken to pieces":
            sent = mutated(self._parts, number)
            return Input(kind, sent.name, _as_file(sent.syntax, sent.uid) + sent.content)
        if "film" in kind or not self._small:
            name, content = self._film(number)
        else:
            path = chance.choice(self._small)
            name, content = "/".join(path.parts[-3:]), path.read_bytes()
        if kind.startswith("radamsa") and self._radamsa:
            return Input(kind, name, self._radamsa.mutated(content, number))
        return Input(kind, name, damage(content, np.random.default_rng(number)))

    def _film(self, number: int) -> tuple[str, bytes]:
        return random.Random(number).choice(self._films)

    def whole(self, number: int) -> bytes:
        """Return the film, as it was before it was changed, of an input that is a changed film."""
        return self._film(number - len(self.packaged) - len(self.made))[1]

    def close(self) -> None:
        """End radamsa."""
        if self._radamsa:
            self._radamsa.close()


def films(data: Path | None) -> list[np.ndarray]:
    """Return films, uint8 (H, W): real ones of each collection, drawn ones where there are none."""
    found = [radiograph.read(path) for path in chosen(data, FILMS)]
    small = []
    for grey in found or [draw_film(seed, 240, 200) for seed in range(8)]:
        picture = Image.fromarray(grey)
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
        small.append(np.asarray(picture))
    return small


def chosen(data: Path | None, count: int) -> list[Path]:
    """Return films of the collections, as many of each, always the same."""
    folders = [] if data is None else sorted(path for path in data.glob("*/*") if path.is_dir())
    found: list[Path] = []
    for folder in [path for path in folders if path.name != "annotations"]:
        paths = [path for path in folder.rglob("*") if path.suffix in (".png", ".jpg", ".jpeg")]
        found += sorted(paths, key=lambda path: hashlib.sha256(path.name.encode()).digest())[: count // 8]
    return found


def as_they_are(data: Path | None) -> list[Path]:
    """Return small files of films, which hospitals wrote."""
    return [path for path in chosen(data, 8 * FILMS) if path.stat().st_size <= MOST_MUTATED]


def written(grey: np.ndarray) -> list[tuple[str, bytes]]:
    """Return a film as files of the formats that are read, in the ways in which programs write them."""
    plain, deep = Image.fromarray(grey), Image.fromarray(grey.astype(np.uint16) * 257)
    ways: list[tuple[Image.Image, str, dict]] = [
        (plain, "PNG", {}),
        (deep, "PNG", {}),
        (plain.convert("RGBA"), "PNG", {}),
        (plain.convert("P"), "PNG", {}),
        (plain, "JPEG", {"quality": 85}),
        (plain.convert("RGB"), "JPEG", {"quality": 75, "progressive": True}),
        (plain, "TIFF", {"compression": "tiff_lzw"}),
        (deep, "TIFF", {"compression": "tiff_adobe_deflate"}),
        (plain, "TIFF", {"compression": "jpeg"}),
        (plain, "TIFF", {}),
        (plain, "BMP", {}),
        (plain, "WEBP", {"quality": 80}),
        (plain, "WEBP", {"lossless": True}),
        (plain, "JPEG2000", {}),
        (plain, "PPM", {}),
    ]
    found = []
    for picture, format, options in ways:
        content = io.BytesIO()
        picture.save(content, format, **options)
        found.append((f"{format} {picture.mode} {' '.join(map(str, options.values()))}".strip(), content.getvalue()))
    twelve = imagecodecs.jpeg8_encode(grey.astype(np.uint16) << 4, level=90, bitspersample=12)
    return [*found, ("JPEG of 12 bits", twelve)]


def _as_file(syntax: str, uid: str) -> bytes:
    """Return what stands before a data set in a file (PS3.10 7.1), as the node writes it."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = DIGITAL_XRAY, uid
    meta.TransferSyntaxUID = syntax
    file = DicomBytesIO()
    file.is_little_endian, file.is_implicit_VR = True, False
    write_file_meta_info(file, meta)
    return bytes(dicom_file.PREAMBLE) + dicom_file.MARK + file.getvalue()
