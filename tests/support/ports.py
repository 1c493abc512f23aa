"""A port of the loopback that stays free until the server of a test listens on it."""

import atexit
import socket


def free_port() -> int:
    """Return a port on which nobody listens: who connects is refused, who wants to listen there may.

    Until this process ends it is bound, without listening: the kernel gives it to nobody who asks for any port, nor to
    a connection that goes out, but to a server that names it (SO_REUSEADDR on both, which servers set).
    """
    one = socket.socket()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    one.bind(("127.0.0.1", 0))
    atexit.register(one.close)
    return one.getsockname()[1]
