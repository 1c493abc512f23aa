"""waitress with shared limits: of connections, and of memory for the bodies of requests.

waitress alone stops accepting at its limit of connections, a client that sends a byte now and then keeps its connection
for ever, and each client may send a body of the greatest size. Here the client that holds most gives way.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import Error

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

    def to_response(self, ident=None):
        """Return status, headers and body."""
        status, headers, body = super().to_response(ident)
        return status, [*headers, ("Retry-After", str(RETRY))], body


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
        begins = was_headless and self.headers_finished and not self.completed
        if begins and not self._channel.server.admit(self._channel):
            self.error, self.completed = NoRoom("Too much is being sent; try again."), True
        return taken


class Channel(HTTPChannel):
    """One connection."""

    # waitress's stubs know only its own classes; `Server` and `parser_class` make ours.
    server: "Server"  # pyright: ignore[reportIncompatibleVariableOverride]
    requests: list[Request]  # pyright: ignore[reportIncompatibleVariableOverride]
    request: Request | None  # pyright: ignore[reportIncompatibleVariableOverride]

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
    """

    channel_class = Channel
    most = most_bytes = 0
    address: Callable[[tuple], str] = staticmethod(lambda peer: peer[0])

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
            if channel.unserved and channel.request and channel.request.begun < now - PATIENCE:
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
