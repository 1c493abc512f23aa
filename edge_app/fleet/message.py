"""What a desk asks of a device through `ssh`, and what the device answers: a line of JSON each, and a file behind.

The command line on the device is always the same (`COMMAND`), so that its operator can allow that one and nothing else,
in `authorized_keys` and in sudoers; all that differs is data on stdin.
"""

import json
from dataclasses import asdict, dataclass
from typing import BinaryIO, Self

from edge_app import json_text
from edge_app.errors import EdgeError

COMMAND = "sudo -n covid-xray fleet receive"
VERSION = 1
STATE, DOCTOR, INSTALL, ROLLBACK = "state", "doctor", "install", "rollback"
ACTIONS = (STATE, DOCTOR, INSTALL, ROLLBACK)
MODEL, PROGRAM = "model", "program"
KINDS = (MODEL, PROGRAM)
# Bytes of a line: the doctor's sentences take some 5 kB.
MOST_LINE = 1 << 18
# Bytes of a signature, Ed25519, in hex.
_SIGNATURE = 128
_HASH = 64


class NotUnderstood(EdgeError):
    """A line is not one of this protocol."""


@dataclass(frozen=True)
class Request:
    """What is asked.

    Attributes:
        action: of `ACTIONS`: tell what is in use; have the doctor look; install the file that follows; go back from it.
            The doctor looks after the last two as well.
        kind: of `KINDS`.
        sha256: of the file, hex; of a rollback, of the file that is to be left: if another is in use nothing changes.
        name: of the file, without folders.
        size: of the file in bytes.
        signature: of the file, hex; empty if it has none.
    """

    action: str
    kind: str
    sha256: str
    name: str = ""
    size: int = 0
    signature: str = ""

    def line(self) -> bytes:
        """Return it as a line."""
        return json.dumps({"version": VERSION} | asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, stream: BinaryIO) -> Self:
        """Read a line.

        Raises:
            NotUnderstood: it is none of a request; the text says why.
        """
        raw = _object(stream.readline(MOST_LINE))
        try:
            request = cls(**raw)
        except TypeError as error:
            raise NotUnderstood(
                "fleet: the request has other fields than this version knows; use the same version at the desk."
            ) from error
        texts = (request.action, request.kind, request.sha256, request.name, request.signature)
        right = all(isinstance(text, str) for text in texts) and isinstance(request.size, int)
        right = right and request.action in ACTIONS and request.kind in KINDS and request.size >= 0
        right = right and _is_hex(request.sha256, _HASH) and _is_hex(request.signature, _SIGNATURE, optional=True)
        name = request.name if right else "/"
        if not right or "/" in name or name.startswith(".") or (request.action == INSTALL) != bool(name):
            raise NotUnderstood("fleet: the request is not valid; use the same version of this program at the desk.")
        return request


@dataclass(frozen=True)
class Reply:
    """What a device answers.

    Attributes:
        error: a sentence, if it was not done; empty if it was.
        in_use: hash of what is in use, hex: of the model's file, or the first digits of the bundle's; empty for what
            came with the program, or if it is not known.
        name: of what is in use.
        faults: of the doctor, sentences.
        golden: what the doctor says of the golden film: "ok", "warning", "fault"; empty if it was not asked.
        keys: how many keys of signers the device trusts.
    """

    error: str = ""
    in_use: str = ""
    name: str = ""
    faults: tuple[str, ...] = ()
    golden: str = ""
    keys: int = 0

    def line(self) -> bytes:
        """Return it as a line."""
        return json.dumps({"version": VERSION} | asdict(self)).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Self:
        """Read a line.

        Raises:
            NotUnderstood: it is none of an answer.
        """
        raw = _object(line)
        try:
            error, used, name, golden = (str(raw[field]) for field in ("error", "in_use", "name", "golden"))
            return cls(error, used, name, tuple(map(str, raw["faults"])), golden, int(raw["keys"]))
        except (KeyError, TypeError, ValueError) as wrong:
            raise NotUnderstood(
                "fleet: the answer lacks a field or has a wrong one; use one version at desk and device."
            ) from wrong


def _object(line: bytes) -> dict:
    try:
        raw = json_text.parse(line)
    except ValueError as error:
        raise NotUnderstood(
            f"fleet: {_quoted(line)} is not a line of JSON; use one version at desk and device."
        ) from error
    if not isinstance(raw, dict) or raw.pop("version", None) != VERSION:
        raise NotUnderstood(f"fleet: {_quoted(line)} is not of version {VERSION}; use one version at desk and device.")
    return raw


def _quoted(line: bytes) -> str:
    return json_text.quoted(line[:80].decode("utf-8", "replace"))


def _is_hex(text: str, length: int, optional: bool = False) -> bool:
    return (optional and not text) or (len(text) == length and all(letter in "0123456789abcdef" for letter in text))
