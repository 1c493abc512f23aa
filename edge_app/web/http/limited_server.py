"""waitress with room for everybody: of connections, and of memory for what is being sent.

waitress alone stops accepting at its limit of connections, a client that sends a byte now and then keeps what it holds
for ever, and each may send a body of the greatest size. Here whoever holds most gives way.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.utilities import Error

# Connections beyond ours that waitress would allow: it never gets as far, since each new one that is too many costs an
# old one, unless all wait for their answers.
SPARE = 16
# Seconds in which a request must have come whole: a film of 32 MB at 2.2 Mbit a second, a poor WLAN.
PATIENCE = 120
# Seconds after which one that found no room may come again: the largest film takes so long on a good WLAN.
RETRY = 5


class NoRoom(Error):
    """Answer: too much is being sent at a time."""

    code = 503
    reason = "Service Unavailable"

    def to_response(self, ident=None):
        """Return status, headers and body."""
        status, headers, body = super().to_response(ident)
        return status, [*headers, ("Retry-After", str(RETRY))], body


class Request(HTTPRequestParser):
    """One request as it comes; its body is let in when its head has come."""

    def __init__(self, adjusted, channel: "Channel"):
        """Begin."""
        super().__init__(adjusted)
        self._channel, self.begun = channel, time.time()

    @property
    def size(self) -> int:
        """Bytes of the body, as it was announced, or the most that it can become."""
        if not self.headers_finished or self.error:
            return 0
        return self.adj.max_request_body_size if self.chunked else self.content_length

    def received(self, data: bytes) -> int:
        """Take what has come; return how much of it."""
        headless = not self.headers_finished
        taken = super().received(data)
        if headless and self.headers_finished and not self.completed and not self._channel.server.admit(self._channel):
            self.error, self.completed = NoRoom("Too much is being sent; try again."), True
        return taken


class Channel(HTTPChannel):
    """One connection."""

    def parser_class(self, adjusted) -> Request:
        """Return what takes the next request."""
        return Request(adjusted, self)

    @property
    def size(self) -> int:
        """Bytes of the bodies of its requests that are coming or not answered yet."""
        return sum(one.size for one in (*self.requests, self.request) if one)

    @property
    def unserved(self) -> bool:
        """Whether nobody answers it just now."""
        return not self.requests and not self.total_outbufs_len

    def drop(self) -> None:
        """Close it, and let go of what has come."""
        if self.request:
            self.request.close()
        self.handle_close()


class Server(TcpWSGIServer):
    """Serves a WSGI application; made by `serve`.

    Attributes:
        most: connections at once.
        most_bytes: of bodies under way.
        address: tells the address of a client by what its socket says, (host, port).
    """

    channel_class = Channel
    most = most_bytes = 0
    address: Callable[[tuple], str] = staticmethod(lambda said: said[0])

    def handle_accept(self) -> None:
        """Take a new connection, in place of an old one where there are too many."""
        super().handle_accept()
        if len(self.active_channels) > self.most:
            unserved = [one for one in self.active_channels.values() if one.unserved]
            self._drop_one(unserved, Counter(self.address(one.addr) for one in unserved))

    def admit(self, channel: Channel) -> bool:
        """Say whether there is room for the body that a connection announces; it is counted already.

        An address that sends more than this one's must give way; else this one has to wait.
        """
        while True:
            held = Counter()
            for one in self.active_channels.values():
                held[self.address(one.addr)] += one.size
            if held.total() <= self.most_bytes:
                return True
            own = held[self.address(channel.addr)]
            others = [
                one
                for one in self.active_channels.values()
                if one.size and one.unserved and held[self.address(one.addr)] > own
            ]
            if not others:
                return False
            self._drop_one(others, held)

    def maintenance(self, now: float) -> None:
        """Close connections that are silent, and those whose request takes too long to come."""
        super().maintenance(now)
        for channel in self.active_channels.values():
            if channel.unserved and channel.request and channel.request.begun < now - PATIENCE:
                channel.will_close = True

    def _drop_one(self, among: Iterable[Channel], held: Counter) -> None:
        """Close the oldest connection of the address that holds most."""
        loser = min(among, key=lambda one: (-held[self.address(one.addr)], one.creation_time), default=None)
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
        ValueError: it is no address.
    """
    from waitress.adjustments import Adjustments
    from waitress.task import ThreadedTaskDispatcher

    adjusted = Adjustments(connection_limit=most + SPARE, **adjustments)
    threads = ThreadedTaskDispatcher()
    threads.set_thread_count(adjusted.threads)
    server = Server(app, dispatcher=threads, adj=adjusted, sockinfo=adjusted.listen[0])
    server.most, server.most_bytes = most, most_bytes
    return server
