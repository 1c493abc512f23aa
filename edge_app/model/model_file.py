"""One file is the model: a `.tflite` with a zip behind it: card, labels, lung-field network, golden film.

A TFLite runtime reads the flatbuffer from the front and never sees the zip; `zipfile` (and `unzip -l`) finds the zip
from the back. The card says what the scores mean, how films must be prepared, and the hashes of both networks. They
travel together, since the classifier has learnt from crops that this very lung-field network chose.
"""

import hashlib
import io
import json
import threading
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from edge_app import json_text
from edge_app.errors import ModelMismatch
from edge_app.imaging import preprocess
from edge_app.model import ood as ood_
from edge_app.model.card import FORMAT, VERSION, Card, parse

# TFLite's file identifier, bytes 4 to 8 of every flatbuffer of the format (schema.fbs, `file_identifier`).
TFLITE_MARK = b"TFL3"
LABELS, CARD, LUNGS, GOLDEN = "labels.txt", "card.json", "lungs.tflite", "golden.png"
LIKENESS = "likeness.f16"
# The zip's clock starts here; a fixed time makes packing twice give the same bytes.
EPOCH = (1980, 1, 1, 0, 0, 0)
ONE_RELEASE = "use the model and the program of one release"
AGAIN = "convert it again with 'make convert', or copy it again from where it came from"


@dataclass(frozen=True)
class ModelFile:
    """What a model file holds.

    Attributes:
        scores: the flatbuffer that scores.
        lungs: the one that finds the lungs.
        card: the description of the model.
        golden: a small film as PNG, whose scores by this very file are in the card; empty in a file without one.
        ood: the distribution of the training films' embeddings; None without a gate.
        sha256: of the whole file, hex: networks, thresholds and limits, all that a verdict depends on.
    """

    scores: bytes
    lungs: bytes
    card: Card
    golden: bytes = b""
    ood: ood_.OodModel | None = None
    sha256: str = ""

    def for_camera(self) -> "ModelFile":
        """Return it with the card as it holds for photographs of films.

        Raises:
            ModelMismatch: its card has no such part.
        """
        if self.card.camera is None:
            raise ModelMismatch(
                f"model '{self.card.name}': was never shown photographs of films, so it has no operating point for a "
                "camera; use a model of this program's release, or classify the film's file."
            )
        return replace(self, card=self.card.camera)


# Bytes of the zip's members together: a release has 0.3 MB of them. `zipfile` unpacks no more than a member says.
MOST_UNPACKED = 64 << 20


def pack(
    scores: bytes, lungs: bytes, card: dict, golden: bytes = b"", likeness: bytes = b"", *, deflate: bool = False
) -> bytes:
    """Append the lung-field network, the card, a golden film and a likeness, if any, to a flatbuffer.

    Format, version and hashes of the card are filled in here. With `deflate` a file gets 80 kB smaller, and MediaPipe
    refuses it ("Expected uncompressed zip archive", 1.2.2).

    Raises:
        ValueError: a network is not a TFLite flatbuffer or is packed already, or the card lacks a field.
    """
    for name, model in (("scores", scores), ("lungs", lungs)):
        if model[4:8] != TFLITE_MARK:
            raise ValueError(f"{name} begins with {model[:8]!r}; a TFLite flatbuffer has 'TFL3' at byte 4")
        if zipfile.is_zipfile(io.BytesIO(model)):
            raise ValueError(f"{name} already carries a zip; pack the flatbuffer that the converter gave")
    hashes = {"sha256": hashlib.sha256(scores).hexdigest(), "lungs_sha256": hashlib.sha256(lungs).hexdigest()}
    hashes |= {"likeness_sha256": hashlib.sha256(likeness).hexdigest()} if likeness else {}
    card = {"format": FORMAT, "version": VERSION, **card, **hashes}
    parse(card)
    content = io.BytesIO(scores)
    content.seek(0, io.SEEK_END)
    labels = "\n".join([*card["labels"], ""])
    members = {CARD: json.dumps(card, indent=1) + "\n", LABELS: labels, LUNGS: lungs}
    members |= {GOLDEN: golden} if golden else {}
    members |= {LIKENESS: likeness} if likeness else {}
    method = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
    with zipfile.ZipFile(content, "a") as archive:
        for name, member in members.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), member, method, compresslevel=9)
    return content.getvalue()


def read(path: Path) -> ModelFile:
    """Read a model file and prove that it is ours, whole, and made for this preprocessing.

    Raises:
        ModelMismatch: it is not; one sentence that begins with the path.
    """
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise ModelMismatch(f"{path}: is not a regular file; name a model file.")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelMismatch(f"{path}: there is no such model file; name one with '--model FILE'.") from error
    except OSError as error:
        raise ModelMismatch(f"{path}: the model cannot be read ({error.strerror}); name a file.") from error
    return unpack(content, path)


def member(path: Path, name: str) -> bytes:
    """Return a member of the zip of a model file that `read` took; empty if it has none of that name."""
    with zipfile.ZipFile(path) as archive:
        return archive.read(name) if name in archive.namelist() else b""


def unpack(content: bytes, where) -> ModelFile:
    """As `read`, on bytes; `where` begins the sentence of a refusal."""
    if not content:
        raise ModelMismatch(f"{where}: the model file is empty; {AGAIN}.")
    if content[4:8] != TFLITE_MARK:
        raise ModelMismatch(f"{where}: begins with {content[:8]!r}; a model file has 'TFL3' at byte 4; {AGAIN}.")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(item.file_size for item in archive.infolist()) > MOST_UNPACKED:
                raise zipfile.BadZipFile("it unpacks to far more than any model has")
            written = archive.read(CARD)
            scores = content[: min(item.header_offset for item in archive.infolist())]
            parts = (archive.read(name) if name in archive.namelist() else b"" for name in (LUNGS, GOLDEN, LIKENESS))
            lungs, golden, likeness = parts
    except (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ModelMismatch(
            f"{where}: carries no card: it is cut off, or this project did not make it; {AGAIN}."
        ) from error
    try:
        card = _card(written)
        parsed = parse(card)
        ood = ood_.unpack(likeness, card["gate"]["features"]) if parsed.gate else None
    except ValueError as error:
        raise ModelMismatch(f"{where}: {error}; {ONE_RELEASE}, or {AGAIN}.") from error
    whole = hashlib.sha256()  # goes on below: the networks are most of the file, and need not be hashed twice
    hashing = threading.Thread(target=whole.update, args=(scores,))
    hashing.start()  # on another core, while the contract is tried on this one
    fingerprint = preprocess.fingerprint(parsed.size)
    hashing.join()
    members = [("it", whole, parsed.sha256)]
    members.append(("its lung-field network", hashlib.sha256(lungs), parsed.lungs_sha256))
    if parsed.gate:
        members.append(("its likeness", hashlib.sha256(likeness), card.get("likeness_sha256", "")))
    for name, hashed, wanted in members:
        digest = hashed.hexdigest()
        if digest != wanted:
            raise ModelMismatch(
                f"{where}: is damaged: {name} has a sha256 that begins '{digest[:12]}', its card says '{wanted[:12]}'; "
                f"{AGAIN}."
            )
    same_version = parsed.contract == preprocess.CONTRACT_VERSION
    if not same_version or not preprocess.same_fingerprint(parsed.fingerprint, fingerprint):
        how = "another" if not same_version else "the same, but OpenCV gives other pixels"
        raise ModelMismatch(
            f"{where}: was trained on films prepared in another way (contract {parsed.contract}, this program has "
            f"{preprocess.CONTRACT_VERSION}: {how}); {ONE_RELEASE}."
        )
    whole.update(memoryview(content)[len(scores) :])
    return ModelFile(scores, lungs, parsed, golden, ood, whole.hexdigest())


def _card(written: bytes) -> dict:
    try:
        return json_text.parse(written)
    except ValueError as error:
        raise ValueError(f"its card is not JSON ({error})") from error
