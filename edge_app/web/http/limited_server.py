"""waitress with shared limits: of connections, and of memory for the bodies of requests.

waitress alone stops accepting at its limit of connections, a client that sends a byte now and then keeps its connection
for ever, and each client may send a body of the greatest size. Here the client that holds most gives way. A body that
is too large is refused by the app, in its words, as soon as its headers are there; what still comes of it is thrown
away, since a connection that is closed while the client sends takes the answer with it.
"""

import contextlib
import json
import socket
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import Error, RequestEntityTooLarge

from edge_app.web.http.problems import fault

# Connections that waitress allows beyond our limit. It reaches them only if all wait for their answers: otherwise each
# new connection above the limit closes an old one.
SPARE = 16
# Seconds within which a request must have come whole: a film of 32 MB at 2.2 Mbit a second, a poor WLAN.
PATIENCE = 120
# Seconds after which a client that found no room may try again: the largest film takes this long on a good WLAN.
RETRY = 5


class NoRoom(Error):
    """Answer: too much is being sent at the same time."""

    code = 503
    reason = "Service Unavailable"

    def to_response(self, ident=None):  # pyright: ignore[reportIncompatibleMethodOverride]  (bytes; stub is wrong)
        """Return status, headers and body: JSON, as the API promises; the page looks at the status alone."""
        body = json.dumps(fault(self.code, self.body)[0]).encode()
        headers = [("Content-Type", "application/json"), ("Retry-After", str(RETRY))]
        return f"{self.code} {self.reason}", headers, body


class Request(HTTPRequestParser):
    """One request while it comes; once its headers are there, its body is admitted or refused."""

    def __init__(self, adjusted: Adjustments, channel: "Channel"):
        """Begin with nothing received."""
        super().__init__(adjusted)
        self._channel, self.begun = channel, time.time()

    @property
    def size(self) -> int:
        """Bytes of the body: as announced, or the most that a chunked one may have."""
        if not self.headers_finished or self.error:
            return 0
        return self.adj.max_request_body_size if self.chunked else self.content_length

    def received(self, data: bytes) -> int:
        """Take bytes that have come; return how many were taken."""
        was_headless = not self.headers_finished
        taken = super().received(data)
        if isinstance(self.error, RequestEntityTooLarge):
            return self._refuse(None, data)
        begins = was_headless and self.headers_finished and not self.completed
        if begins and not self._channel.server.takes_body(self.headers, self.size):
            return self._refuse(None, data)
        if begins and not self._channel.server.admit(self._channel):
            return self._refuse(NoRoom("films: too much is being sent at the same time; try again."), data)
        return taken

    def _refuse(self, error: Error | None, data: bytes) -> int:
        """Have it answered now, by an error or else by the app, which sees the length of the body and none of it."""
        self.error, self.completed, self.expect_continue = error, True, False
        length = self.headers.get("CONTENT_LENGTH", str(self.body_bytes_received))  # a chunked one has no header of it
        self.headers = {**self.headers, "CONNECTION": "close", "CONTENT_LENGTH": length}
        self._channel.throws_away = True
        return len(data)


class Channel(HTTPChannel):
    """One connection."""

    # waitress's stubs know only its own classes; `Server` and `parser_class` make ours.
    server: "Server"  # pyright: ignore[reportIncompatibleVariableOverride]
    requests: list[Request]  # pyright: ignore[reportIncompatibleVariableOverride]
    request: Request | None  # pyright: ignore[reportIncompatibleVariableOverride]
    # Whether what still comes belongs to a body that was refused, and until when it may come after the answer.
    throws_away = False
    until: float | None = None

    def readable(self) -> bool:
        """Return whether bytes are taken from the client now."""
        return self.until is not None or super().readable()

    def handle_read(self) -> None:
        """Take bytes; throw away those of a refused body."""
        if self.until is None:
            super().handle_read()
            return
        try:
            data = self.recv(self.adj.recv_bytes)
        except OSError:
            data = b""
        if not data:
            self.handle_close()

    def received(self, data: bytes) -> bool:
        """Take bytes that have come, unless they are of a refused body."""
        return False if self.throws_away else super().received(data)

    def handle_write(self) -> None:
        """Send what is there; when a refusal is on its way, say that no more follows, and wait for the client's end."""
        if self.throws_away and self.close_when_flushed and not self.will_close:
            self.close_when_flushed = False
            super().handle_write()
            if self.total_outbufs_len:
                self.close_when_flushed = True
            elif self.socket and not self.will_close:
                self.until = time.time() + PATIENCE
                with contextlib.suppress(OSError):
                    self.socket.shutdown(socket.SHUT_WR)
            return
        super().handle_write()

    def parser_class(self, adjusted: Adjustments) -> Request:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Return a parser for the next request; waitress calls this attribute and needs no class."""
        return Request(adjusted, self)

    @property
    def size(self) -> int:
        """Bytes of the bodies of its requests that are coming or not answered yet."""
        return sum(request.size for request in (*self.requests, self.request) if request)

    @property
    def unserved(self) -> bool:
        """Whether none of its requests is being answered now."""
        return not self.requests and not self.total_outbufs_len

    def drop(self) -> None:
        """Close it, and free what has come."""
        if self.request:
            self.request.close()
        self.handle_close()


class Server(TcpWSGIServer):
    """Serves a WSGI application; made by `serve`.

    Attributes:
        most: connections at once.
        most_bytes: of bodies that are coming or not answered yet, of all connections.
        address: returns the address of a client from the (host, port) of its socket.
        takes_body: says whether the app wants the body of a request, from its headers as WSGI names them without
            `HTTP_`, and its bytes; if not, the app answers without it.
    """

    channel_class = Channel
    most = most_bytes = 0
    address: Callable[[tuple], str] = staticmethod(lambda peer: peer[0])
    takes_body: Callable[[Mapping[str, str], int], bool] = staticmethod(lambda headers, size: True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.getsockname()[1])

    @property
    def _channels(self) -> list[Channel]:
        return list(self.active_channels.values())  # pyright: ignore[reportAttributeAccessIssue]  (a dict; stub is wrong)

    def handle_accept(self) -> None:
        """Take a new connection; close an old one if there are too many."""
        super().handle_accept()
        channels = self._channels
        if len(channels) > self.most:
            unserved = [channel for channel in channels if channel.unserved]
            self._drop_one(unserved, Counter(self.address(channel.addr) for channel in unserved))

    def admit(self, channel: Channel) -> bool:
        """Return whether there is room for the body that a connection announces, which is already counted.

        Connections of addresses that send more than this one's are closed to make room.
        """
        while True:
            held: Counter[str] = Counter()
            for other in self._channels:
                held[self.address(other.addr)] += other.size
            if held.total() <= self.most_bytes:
                return True
            own = held[self.address(channel.addr)]
            others = [
                other
                for other in self._channels
                if other.size and other.unserved and held[self.address(other.addr)] > own
            ]
            if not others:
                return False
            self._drop_one(others, held)

    def maintenance(self, now: float) -> None:
        """Close connections that are silent, and those whose request takes too long to come."""
        super().maintenance(now)  # pyright: ignore[reportArgumentType]  (seconds since the epoch; the stub says int)
        for channel in self._channels:
            begun = channel.unserved and channel.request and channel.request.begun
            if (begun and begun < now - PATIENCE) or (channel.until is not None and channel.until < now):
                channel.will_close = True

    def _drop_one(self, among: Iterable[Channel], held: Counter) -> None:
        """Close the oldest connection of the address that holds most."""
        loser = min(among, key=lambda channel: (-held[self.address(channel.addr)], channel.creation_time), default=None)
        if loser:
            loser.drop()


def serve(app, most: int, most_bytes: int, **adjustments) -> Server:
    """Listen.

    Args:
        app: WSGI.
        most: connections at once.
        most_bytes: of bodies that are coming or not answered yet, of all connections.
        adjustments: of waitress, with `host` and `port`.

    Raises:
        OSError: the address cannot be listened on.
        ValueError: it is not an address.
    """
    from waitress.task import ThreadedTaskDispatcher

    adjusted = Adjustments(connection_limit=most + SPARE, **adjustments)
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(adjusted.threads)
    listen = adjusted.listen[0]  # a tuple of `socket.getaddrinfo`; the stub says str
    server = Server(app, dispatcher=threads, adj=adjusted, sockinfo=listen)  # pyright: ignore[reportArgumentType]
    server.most, server.most_bytes = most, most_bytes
    return server
