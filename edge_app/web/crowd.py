"""waitress with room for everybody: when all connections are taken, whoever holds most of them loses the oldest.

waitress alone stops accepting at its limit, and a client that sends a byte now and then keeps what it holds for ever.
"""

from collections import Counter
from collections.abc import Callable

from waitress.server import TcpWSGIServer

# Connections beyond ours that waitress would allow: it never gets as far, since each new one that is too many costs an
# old one, unless all wait for their answers.
SPARE = 16


class Server(TcpWSGIServer):
    """Serves a WSGI application; made by `serve`.

    Attributes:
        most: connections at once.
        address: tells the address of a client by what its socket says, (host, port).
    """

    most = 0
    address: Callable[[tuple], str] = staticmethod(lambda said: said[0])

    def handle_accept(self) -> None:
        """Take a new connection, in place of an old one where there are too many."""
        super().handle_accept()
        if len(self.active_channels) > self.most:
            self._make_room()

    def _make_room(self) -> None:
        """Close the oldest connection, of the address that has most, on which no whole request has come."""
        unserved = [one for one in self.active_channels.values() if not one.requests and not one.total_outbufs_len]
        if not unserved:
            return
        held = Counter(self.address(one.addr) for one in unserved)
        # Of two that hold as many, the one with the older connection.
        loser = min(unserved, key=lambda one: (-held[self.address(one.addr)], one.creation_time))
        loser.handle_close()


def serve(app, most: int, **adjustments) -> Server:
    """Listen.

    Args:
        app: WSGI.
        most: connections at once.
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
    server.most = most
    return server
