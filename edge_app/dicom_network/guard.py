"""Limits of one association, which pynetdicom has not: of a PDU, a command, a data set, requests ahead, and time.

pynetdicom reads as many bytes as a PDU says that it has, collects commands and data sets without a limit, and queues
requests without one. It is told here what to read and what to pass on; a peer that oversteps gets an A-ABORT.
"""

import contextlib
import hashlib
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from edge_app.dicom_network.peers import Caller
from edge_app.dicom_network.services import (
    MOST_AHEAD,
    MOST_COMMAND,
    MOST_IN_MEMORY,
    MOST_PDU,
    MOST_THREADS,
    PDU_SECONDS,
)

if TYPE_CHECKING:
    from pynetdicom.association import Association
    from pynetdicom.pdu_primitives import A_ASSOCIATE, P_DATA
    from pynetdicom.transport import AssociationSocket

# A-ABORT by the service provider: invalid PDU parameter value (PS3.8 9.3.8).
ABORT = bytes.fromhex("0700 00000004 0000 0206")
# Of the message control header (PS3.8 E.2).
COMMAND, LAST = 1, 2
# Bytes that the socket is asked for at a time.
CHUNK = 1 << 16


class Overstepped(Exception):
    """The peer sent more than it may."""


class Arrived(NamedTuple):
    """A data set that lies in a file: sha256 of its bytes, hex; and whether it was taken, or dropped for its size."""

    sha256: str
    whole: bool


class Guard:
    """Stands between an association's socket and pynetdicom.

    Attributes:
        arrived: by the name of its file, each data set that is complete.
        caller: who the peer is, once it has said so.
    """

    def __init__(
        self,
        assoc: "Association",
        most: int,
        has_room: Callable[[], bool],
        ended: Callable[["Association"], object] = lambda assoc: None,
        aborted: Callable[[str], object] = lambda why: None,
    ):
        """Begin.

        Args:
            assoc: of which nothing has been read yet.
            most: bytes of an instance.
            has_room: whether another instance may come.
            ended: is told at the association's end.
            aborted: is told why it was aborted from this side, in words without a peer's content; once.
        """
        self.arrived: dict[str, Arrived] = {}
        self.caller: Caller | None = None
        self._assoc, self._most, self._has_room, self._ended = assoc, most, has_room, ended
        self._aborted, self._has_told = aborted, False
        self._transport = cast("AssociationSocket", assoc.dul.socket)
        self._pass_on = assoc.dimse.receive_primitive
        self._transport.recv = self._recv
        assoc.dimse.receive_primitive = self._receive
        self._run, self._act = assoc.run, assoc.dul.state_machine.do_action
        assoc.run, assoc.dul.state_machine.do_action = self._whole, self._acted
        self._files: set[Path] = set()
        self._begin()

    def wake(self) -> None:
        """End an association whose peer has gone before it asked for one: it would wait for that, for 10 seconds."""
        if self._assoc.requestor.primitive is None:
            self._assoc.dul.to_user_queue.put(cast("A_ASSOCIATE", None))

    def _whole(self) -> None:
        """Be the association's thread; at its end nothing of it is left, however it ended."""
        try:
            self._run()
        finally:
            dul, connection = self._assoc.dul, self._transport.socket
            dul.kill_dul()
            if connection is not None:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
                connection.close()
            dul.join(PDU_SECONDS)
            for path in self._files:
                with contextlib.suppress(OSError):  # the disk fails; what stays is removed at the next start
                    path.unlink(missing_ok=True)
            self._ended(self._assoc)

    def _acted(self, event: str) -> None:
        """Have the state machine act; what it does not allow for (PS3.8 9.2) ends the association."""
        try:
            self._act(event)
        except Exception:  # the guard of a service: pynetdicom's thread would die and leave the connection open
            self._tell("it sent what PS3.8 does not allow at that point")
            self._abort()
            self._assoc.is_aborted, self._assoc.is_established = True, False
            self._assoc._kill = self._assoc.dul._kill_thread = True
            self.wake()

    def _tell(self, why: str) -> None:
        """Say why this association is aborted, if nothing was said before."""
        if not self._has_told:
            self._has_told = True
            self._aborted(why)

    def _abort(self) -> None:
        with contextlib.suppress(OSError):
            if self._transport.socket is not None:
                self._transport.socket.sendall(ABORT)

    def _recv(self, nr_bytes: int) -> bytearray:
        """Read bytes as pynetdicom's own does: fewer if the peer has closed; `OSError` ends the association."""
        found = bytearray()
        connection = self._transport.socket
        if connection is None:
            return found
        if nr_bytes > MOST_PDU:
            self._tell(f"a PDU of {nr_bytes:,} bytes; at most {MOST_PDU:,} are taken")
            self._abort()
            raise ConnectionAbortedError("the peer's PDU is too long")
        end = time.monotonic() + PDU_SECONDS
        try:
            while len(found) < nr_bytes:
                connection.settimeout(max(end - time.monotonic(), 0.001))
                part = connection.recv(min(nr_bytes - len(found), CHUNK))
                if not part:
                    break
                found += part
        finally:
            connection.settimeout(PDU_SECONDS)  # also of what is sent
        return found

    def _receive(self, primitive: "P_DATA") -> None:
        """Pass on what came, one fragment after the other; whatever is wrong with it ends the association."""
        from pynetdicom.pdu_primitives import P_DATA

        try:
            for context, data in primitive.presentation_data_value_list:
                one = P_DATA()
                kept = self._weighed_command(data) if data[0] & COMMAND else self._weighed_data(data)
                one.presentation_data_value_list = [[context, kept]]  # pyright: ignore (its setter takes no tuples)
                self._pass_on(one)
                if data[0] & COMMAND and data[0] & LAST:
                    self._begin()
        except Exception as error:  # the guard of a service: a peer's bytes never end more than its association
            over = isinstance(error, Overstepped)
            self._tell("a command, a data set or requests ahead beyond the limits" if over else "a damaged message")
            self._begin()  # a file may have been made for it
            self._assoc.dul.event_queue.put("Evt19")  # PS3.8 9.2.1: an invalid PDU, answered with an A-ABORT

    def _begin(self) -> None:
        """Begin with the data set that belongs to the command before it."""
        message = self._assoc.dimse.message
        self._file = cast("Path | None", message._data_set_path) if message else None
        self._command, self._size, self._hash = 0, 0, hashlib.sha256()
        self._dropped = self._file is not None and not self._has_room()
        if self._file is not None:
            self._files.add(self._file)

    def _weighed_command(self, data: bytes) -> bytes:
        self._command += len(data)
        # For each N-EVENT-REPORT pynetdicom starts a thread; other requests wait.
        ahead, threads = self._assoc.dimse.msg_queue.qsize(), threading.active_count()
        if self._command > MOST_COMMAND or ahead >= MOST_AHEAD or threads >= MOST_THREADS:
            raise Overstepped
        return data

    def _weighed_data(self, data: bytes) -> bytes:
        """Return what is passed on of a data set: nothing, once it is too large."""
        self._size += len(data) - 1
        if self._file is None:
            if self._size > MOST_IN_MEMORY:
                raise Overstepped
            return data
        self._dropped = self._dropped or self._size > self._most
        self._hash.update(data[1:])
        if data[0] & LAST:  # before it is passed on, since another thread takes it then
            self.arrived[str(self._file)] = Arrived(self._hash.hexdigest(), not self._dropped)
        return data[:1] if self._dropped else data
