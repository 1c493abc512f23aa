"""Who can reach this device over the network: the open ports, from the kernel's own tables."""

import socket
from pathlib import Path

from edge_app.diagnostics.health import OK, WARNING, HealthCheck

# State of a TCP socket that listens, and of a UDP socket that is bound to no peer (include/net/tcp_states.h).
LISTENING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}
# Our programs, by a word of their command line.
OURS = ("edge_app", "covid-xray")
# UDP counts only where it answers strangers: a DHCP client and mDNS run everywhere, and ephemeral ports send requests.
EPHEMERAL = 32768
QUIET_UDP = {68, 546, 5353}


def check(proc: Path = Path("/proc")) -> HealthCheck:
    """Check that nothing but this program and SSH listens to other machines; `proc` is the kernel's folder."""
    open_ports = {}
    for table, state in LISTENING.items():
        for port, inode in _sockets(proc / "net" / table, state):
            if table.startswith("udp") and (port in QUIET_UDP or port >= EPHEMERAL):
                continue
            open_ports[f"{table[:3]}/{port}"] = inode
    if not open_ports:
        return HealthCheck("network", OK, "nothing here listens to other machines")
    owners = _owners(proc, set(open_ports.values()))
    told = {port: owners.get(inode, ("?", False)) for port, inode in open_ports.items()}
    others = [f"{port} ({name})" for port, (name, ours) in sorted(told.items()) if not ours]
    ours = [f"{port} ({name})" for port, (name, is_ours) in sorted(told.items()) if is_ours]
    if others:
        words = f"other machines can reach {', '.join(others)}; switch off what is not needed, or use a firewall"
        return HealthCheck("network", WARNING, words)
    return HealthCheck("network", OK, f"other machines can reach this program alone: {', '.join(ours)}")


def _sockets(table: Path, state: str) -> list[tuple[int, str]]:
    """Return (port, inode) of a table's sockets in a state, without those that only this machine can reach."""
    try:
        lines = table.read_text().splitlines()[1:]
    except OSError:
        return []
    found = []
    for line in lines:
        fields = line.split()
        address, _, port = fields[1].partition(":")
        if fields[3] == state and not _loopback(address):
            found.append((int(port, 16), fields[9]))
    return found


def _loopback(address: str) -> bool:
    """Say whether an address of /proc/net (hexadecimal, each four bytes in the machine's order) is this machine's."""
    words = [bytes.fromhex(address[i : i + 8])[::-1] for i in range(0, len(address), 8)]
    raw = b"".join(words)
    if len(raw) == 4:
        return raw[0] == 127
    mapped = raw[:12] == bytes(10) + b"\xff\xff"
    return raw == socket.inet_pton(socket.AF_INET6, "::1") or (mapped and raw[12] == 127)


def _owners(proc: Path, inodes: set[str]) -> dict[str, tuple[str, bool]]:
    """Return (name of the program, whether it is ours) by inode; only root sees those of other users."""
    found = {}
    for folder in proc.glob("[0-9]*"):
        try:
            targets = [f"{link.readlink()}" for link in (folder / "fd").iterdir()]
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            name = (folder / "comm").read_text().strip()
        except OSError:
            continue
        for target in targets:
            if target.startswith("socket:[") and target[8:-1] in inodes:
                found[target[8:-1]] = (name, any(word in line for word in OURS))
    return found
