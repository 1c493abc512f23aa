"""Other DICOM nodes: their AE titles and addresses, as the command line names them, and which of them may call."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import NamedTuple

from edge_app.errors import WrongUsage

# PS3.8 9.3.2: an AE title has 1 to 16 characters; PS3.5 6.2: of the default repertoire, without a backslash.
LONGEST_TITLE = 16
# In place of an AE title: whichever it is.
ANY = "*"
# PS3.8 9.1.1: port 104, which needs root's rights, or 11112, which IANA has registered for DICOM.
USUAL_PORT = 11112

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Peer(NamedTuple):
    """A node that is called: AE title, host and port."""

    title: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.title}@{self.host}:{self.port}"


class Caller(NamedTuple):
    """A node that may call.

    Attributes:
        title: its AE title, or `ANY`.
        network: the addresses that it may call from.
        port: where it listens for the answers of storage commitment; None: they come on the association that asked.
    """

    title: str
    network: _Network
    port: int | None


class AllowList:
    """The nodes that may call."""

    def __init__(self, callers: Iterable[Caller]):
        self._callers = list(callers)

    def caller(self, title: str, address: str) -> Caller | None:
        """Return the entry for an AE title that calls from an address; None if it may not."""
        here = _plain(address)
        return next((one for one in self._callers if one.title in (title, ANY) and _holds(one.network, here)), None)

    def knows(self, address: str) -> bool:
        """Say whether any node may call from an address."""
        here = _plain(address)
        return any(_holds(one.network, here) for one in self._callers)


def title(text: str) -> str:
    """Read an AE title.

    Raises:
        WrongUsage: it is none.
    """
    found = text.strip()
    if not 1 <= len(found) <= LONGEST_TITLE or not found.isascii() or not found.isprintable() or "\\" in found:
        raise WrongUsage(
            f"{text!r}: is not an AE title; it has 1 to {LONGEST_TITLE} characters of ASCII without a backslash; "
            "take it from the settings of that device."
        )
    return found


def peer(text: str) -> Peer:
    """Read `AE@HOST:PORT`, or `AE@HOST` for the usual port; the host may be a name or an address.

    Raises:
        WrongUsage: it is neither.
    """
    name, _, place = text.rpartition("@")
    host, port = _split(text, place)
    if not name or not host:
        raise WrongUsage(f"{text!r}: names no DICOM node; write AE@HOST:PORT, such as PACS@192.168.1.10:{USUAL_PORT}.")
    return Peer(title(name), host, USUAL_PORT if port is None else port)


def caller(text: str) -> Caller:
    """Read `AE@ADDRESS`, with `:PORT` behind it or not; `*` is any AE title, and ADDRESS may be a network.

    Raises:
        WrongUsage: it is none of these.
    """
    name, _, place = text.rpartition("@")
    host, port = _split(text, place)
    try:
        network = ipaddress.ip_network(host)
    except ValueError:
        network = None
    if not name or network is None:
        raise WrongUsage(
            f"--allow: {text!r} is not AE@ADDRESS; the address is a number or a network, such as "
            "XRAYROOM1@192.168.1.20 or *@192.168.1.0/24."
        )
    return Caller(name if name == ANY else title(name), network, port)


def loopback() -> list[Caller]:
    """Return the entries that let any node on this machine call."""
    return [Caller(ANY, ipaddress.ip_network(one), None) for one in ("127.0.0.0/8", "::1/128")]


def callers_of(one: Peer) -> list[Caller]:
    """Return the entries that let a node call which is called itself, from the addresses that its name has now."""
    try:
        found = {str(one[4][0]).partition("%")[0] for one in socket.getaddrinfo(one.host, None)}
    except OSError:  # the network is not there yet; --allow can name it by address
        return []
    return [Caller(one.title, ipaddress.ip_network(address), None) for address in sorted(found)]


def is_loopback(host: str) -> bool:
    """Say whether only this machine can reach an address."""
    try:
        found = socket.getaddrinfo(host, None)
    except OSError:
        return False
    return all(str(one[4][0]).startswith("127.") or one[4][0] == "::1" for one in found)


def _split(text: str, place: str) -> tuple[str, int | None]:
    """Split `host:port`, `[v6]:port` or a host alone; a bare IPv6 address has more than one colon."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        port = rest[1:] if rest.startswith(":") else rest
    elif place.count(":") == 1:
        host, _, port = place.partition(":")
    else:
        return place, None
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise WrongUsage(f"{text!r}: {port!r} is not a port; 1 to 65535 are allowed.")
    return host, int(port)


def _plain(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return an address; an IPv4 address that came through an IPv6 socket as IPv4."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _holds(network: _Network, address: ipaddress.IPv4Address | ipaddress.IPv6Address | None) -> bool:
    return address is not None and address in network
