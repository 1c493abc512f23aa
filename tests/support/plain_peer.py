"""A peer that sends data sets as bytes, whatever is in them: PS3.7 and PS3.8 alone, so that it never looks inside."""

import contextlib
import socket
import struct
from collections.abc import Sequence

from tests.support.dicom_node import TITLE

# Seconds in which an answer comes; the node's own limits are shorter.
AT_MOST = 200
# PS3.8 9.3: types of PDUs.
ACCEPT, DATA, RELEASE = 2, 4, bytes.fromhex("0500 00000004 00000000")
# Bytes of a fragment: less than the node announces.
FRAGMENT = 60000
COMMAND, LAST = 1, 2


class NotAnswered(Exception):
    """The node has closed the association, or aborted it."""


class Peer:
    """One association, for one SOP Class in many Transfer Syntaxes."""

    def __init__(self, port: int, sop_class: str, syntaxes: Sequence[str]):
        """Open it."""
        self._sop_class, self._message = sop_class, 0
        self._contexts = {syntax: 2 * number + 1 for number, syntax in enumerate(syntaxes)}
        self._connection = socket.create_connection(("127.0.0.1", port), AT_MOST)
        self._connection.sendall(self._request())
        kind, _ = self._pdu()
        if kind != ACCEPT:
            self._connection.close()
            raise NotAnswered(f"an association was answered with a PDU of type {kind}")

    def store(self, uid: str, syntax: str, content: bytes) -> int:
        """Send a C-STORE; return its status."""
        self._message = self._message % 65535 + 1
        context = self._contexts[syntax]
        self._connection.sendall(_fragments(context, COMMAND, self._command(uid)) + _fragments(context, 0, content))
        kind, body = self._pdu()
        if kind != DATA:
            raise NotAnswered(f"a C-STORE was answered with a PDU of type {kind}")
        return _status(body[6:])

    def close(self) -> None:
        """Release it, if it is there still."""
        with self._connection, contextlib.suppress(OSError):
            self._connection.sendall(RELEASE)
            self._pdu()

    def _request(self) -> bytes:
        """Return an A-ASSOCIATE-RQ (PS3.8 9.3.2)."""
        items = _item(0x10, b"1.2.840.10008.3.1.1.1")
        for syntax, number in self._contexts.items():
            names = _item(0x30, self._sop_class.encode()) + _item(0x40, syntax.encode())
            items += _item(0x20, bytes((number, 0, 0, 0)) + names)
        items += _item(0x50, _item(0x51, struct.pack(">L", FRAGMENT)) + _item(0x52, b"1.2.826.0.1.3680043.8.498.1"))
        body = struct.pack(">HH16s16s32x", 1, 0, TITLE.ljust(16).encode(), b"XRAYROOM1       ") + items
        return struct.pack(">BxL", 1, len(body)) + body

    def _command(self, uid: str) -> bytes:
        """Return a C-STORE-RQ (PS3.7 9.3.1.1)."""
        found = _element(0x0002, self._sop_class.encode()) + _element(0x0100, b"\1\0")
        found += _element(0x0110, struct.pack("<H", self._message)) + _element(0x0700, b"\0\0")
        found += _element(0x0800, b"\0\0") + _element(0x1000, uid.encode())
        return _element(0x0000, struct.pack("<L", len(found))) + found

    def _pdu(self) -> tuple[int, bytes]:
        """Return the type and the rest of the next PDU; type 0 once the node has closed."""
        head = self._read(6)
        if len(head) < 6:
            return 0, b""
        return head[0], self._read(int.from_bytes(head[2:], "big"))

    def _read(self, size: int) -> bytes:
        found = b""
        try:
            while len(found) < size and (part := self._connection.recv(size - len(found))):
                found += part
        except ConnectionError:
            return b""
        return found


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _element(number: int, value: bytes) -> bytes:
    value += bytes(len(value) % 2)
    return struct.pack("<HHL", 0, number, len(value)) + value


def _fragments(context: int, control: int, content: bytes) -> bytes:
    """Return P-DATA-TFs of a command or a data set (PS3.8 9.3.5)."""
    found, last = [], max(len(content) - 1, 0) // FRAGMENT
    for number in range(last + 1):
        part = content[number * FRAGMENT : (number + 1) * FRAGMENT]
        item = struct.pack(">LBB", len(part) + 2, context, control | (LAST if number == last else 0)) + part
        found.append(struct.pack(">BxL", DATA, len(item)) + item)
    return b"".join(found)


def _status(command: bytes) -> int:
    """Return Status (0000,0900) of a command."""
    at = 0
    while at + 8 <= len(command):
        _, number, length = struct.unpack_from("<HHL", command, at)
        if number == 0x0900:
            return int.from_bytes(command[at + 8 : at + 10], "little")
        at += 8 + length
    raise NotAnswered("an answer has no status")
