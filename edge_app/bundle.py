"""One file is the model: a `.tflite` with a zip behind it that holds the card (`card.json`) and the labels.

A TFLite runtime reads the flatbuffer from the front and never sees the zip; `zipfile` (and `unzip -l`) finds the zip from
the back. The card says what the scores mean, how films must be prepared, and the hash of the flatbuffer in front of it.
"""

import hashlib
import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_app import preprocess
from edge_app.errors import ModelMismatch

FORMAT = "covid-xray-card"
VERSION = 1
# TFLite's file identifier, bytes 4 to 8 of every flatbuffer of the format (schema.fbs, `file_identifier`).
TFLITE_MARK = b"TFL3"
# The smallest and largest input the preprocessing is sensible for; a damaged card could ask for gigabytes.
LEAST_SIZE, MOST_SIZE = 16, 1024
# The zip's clock starts here; a fixed time makes packing twice give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
AGAIN = "convert it again with 'make convert', or copy it again from where it came from"


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold on one label's score, and what it gave on test films: {value, low, high, n}, the 95 % interval."""

    threshold: float
    rule: str
    sensitivity: Mapping
    specificity: Mapping


@dataclass(frozen=True)
class Card:
    """What a model file says of itself. `raw` holds all of it; the fields are what the edge acts on."""

    name: str
    labels: tuple[str, ...]
    size: int
    fingerprint: str
    operating_points: Mapping[str, OperatingPoint]
    sha256: str
    raw: Mapping


def pack(model: bytes, card: dict) -> bytes:
    """Append the card to a flatbuffer; the format, version and hash are filled in here.

    Raises:
        ValueError: `model` is no TFLite flatbuffer, or the card lacks a field.
    """
    if model[4:8] != TFLITE_MARK:
        raise ValueError(f"model begins with {model[:8]!r}; a TFLite flatbuffer has 'TFL3' at byte 4")
    card = {"format": FORMAT, "version": VERSION, **card, "sha256": hashlib.sha256(model).hexdigest()}
    _parse(card)
    content = io.BytesIO(model)
    content.seek(0, io.SEEK_END)
    with zipfile.ZipFile(content, "a", zipfile.ZIP_STORED) as archive:
        for name, text in (("card.json", json.dumps(card, indent=1)), ("labels.txt", "\n".join(card["labels"]))):
            archive.writestr(zipfile.ZipInfo(name, EPOCH), text + "\n")
    return content.getvalue()


def read(path: Path) -> tuple[bytes, Card]:
    """Read a model file and prove that it is ours, whole, and made for this preprocessing.

    Returns:
        The flatbuffer's bytes and the card.

    Raises:
        ModelMismatch: it is not; one sentence that begins with the path.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelMismatch(f"{path}: there is no such model file; name one with '--model FILE'.") from error
    except OSError as error:
        raise ModelMismatch(f"{path}: the model cannot be read ({error.strerror}); name a file.") from error
    return unpack(content, path)


def unpack(content: bytes, where) -> tuple[bytes, Card]:
    """As `read`, on bytes; `where` begins the sentence of a refusal."""
    if content[4:8] != TFLITE_MARK:
        raise ModelMismatch(f"{where}: begins with {content[:8]!r}; a model file has 'TFL3' at byte 4; {AGAIN}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            card = json.loads(archive.read("card.json"))
            model = content[: min(item.header_offset for item in archive.infolist())]
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelMismatch(f"{where}: carries no card: it is cut off, or this project did not make it; {AGAIN}.") from error
    try:
        parsed = _parse(card)
    except ValueError as error:
        raise ModelMismatch(f"{where}: {error}; {AGAIN}.") from error
    digest = hashlib.sha256(model).hexdigest()
    if digest != parsed.sha256:
        raise ModelMismatch(
            f"{where}: is damaged: its sha256 begins '{digest[:12]}', its card says '{parsed.sha256[:12]}'; {AGAIN}."
        )
    if not preprocess.same_fingerprint(parsed.fingerprint, preprocess.fingerprint(parsed.size)):
        raise ModelMismatch(
            f"{where}: was trained on films prepared in another way (contract {card['preprocess'].get('contract')!r}, this "
            f"program has {preprocess.CONTRACT_VERSION}); use the program and the model of one release."
        )
    return model, parsed


def _parse(card) -> Card:
    """Check a card field by field.

    Raises:
        ValueError: a field is missing or wrong; the text names it.
    """
    if not isinstance(card, dict) or card.get("format") != FORMAT:
        raise ValueError(f"its card is not a '{FORMAT}'")
    if card.get("version") != VERSION:
        raise ValueError(
            f"its card has version {card.get('version')!r}; this program reads version {VERSION}; update the program"
        )
    try:
        points = {
            label: OperatingPoint(
                float(point["threshold"]), str(point["rule"]), dict(point["sensitivity"]), dict(point["specificity"])
            )
            for label, point in card["operating_points"].items()
        }
        parsed = Card(
            name=str(card["name"]),
            labels=tuple(card["labels"]),
            size=int(card["preprocess"]["size"]),
            fingerprint=str(card["preprocess"]["fingerprint"]),
            operating_points=points,
            sha256=str(card["sha256"]),
            raw=card,
        )
    except KeyError as error:
        raise ValueError(f"its card lacks {error}") from error
    except (TypeError, AttributeError) as error:
        raise ValueError(f"its card is malformed ({error})") from error
    if "covid" not in parsed.operating_points or not set(points) <= set(parsed.labels):
        raise ValueError(f"its card has labels {parsed.labels} and thresholds for {tuple(points)}; 'covid' must have one")
    if any(not 0 <= point.threshold <= 1 for point in points.values()):
        raise ValueError("its card has a threshold outside 0 .. 1")
    return parsed
