"""Which devices there are: the very file that Prometheus reads (`file_sd_configs`, JSON), so that one list is kept.

Labels that begin with `__` are Prometheus's own way to say something about a target that becomes no label of a series:
`__scheme__` and `__metrics_path__` it knows, `__ssh__` is read here alone and dropped by it.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edge_app import json_text
from edge_app.errors import WrongUsage

# The page's port in /etc/covid-xray/covid-xray.conf, where a target names none.
PORT = 8443
# Labels of a target that say how it is reached.
SCHEME, METRICS_PATH, SSH = "__scheme__", "__metrics_path__", "__ssh__"
SCHEMES = ("https", "http")
# A name or an address as it stands in a URL, and a port. It begins with none of "-", which `ssh` would take for a flag.
_TARGET = re.compile(r"(?P<host>[A-Za-z0-9_][A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?")
_SSH = re.compile(r"(ssh://)?[A-Za-z0-9_:][A-Za-z0-9._@:\[\]-]*")


@dataclass(frozen=True)
class Device:
    """A device of the fleet.

    Attributes:
        name: the target, `host:port`, as the inventory has it.
        host, port: of its page.
        scheme: `https` or `http`.
        path: of its metrics.
        ssh: where `ssh` finds it: `user@host`, `ssh://user@host:port`, or a name of the configuration of ssh.
        labels: of the inventory, such as its site, without those that begin with `__`.
    """

    name: str
    host: str
    port: int
    scheme: str = "https"
    path: str = "/metrics"
    ssh: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_local(self) -> bool:
        """Whether it is this machine, so that what is sent to it crosses no network."""
        try:
            return ipaddress.ip_address(self.host.strip("[]")).is_loopback
        except ValueError:
            return self.host == "localhost"


def read(path: Path) -> list[Device]:
    """Read an inventory.

    Args:
        path: JSON as of Prometheus's `file_sd_configs`: `[{"targets": ["pi-1:8443"], "labels": {"site": "north"}}]`.

    Returns:
        The devices in the order of the file.

    Raises:
        WrongUsage: it cannot be read, or holds something else; the text says where.
    """
    try:
        groups = json_text.parse(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise WrongUsage(f"{path}: the inventory cannot be read ({error.strerror}); name its file.") from error
    except ValueError as error:
        raise WrongUsage(f"{path}: is not JSON ({error}); see docs/fleet.md for an inventory.") from error
    if not isinstance(groups, list):
        raise WrongUsage(f"{path}: holds {json_text.quoted(groups)}; a list of groups is allowed, see docs/fleet.md.")
    devices = [device for number, group in enumerate(groups) for device in _group(group, f"{path}: group {number}")]
    names = [device.name for device in devices]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise WrongUsage(f"{path}: {', '.join(twice)} is listed twice; list each device once.")
    if not devices:
        raise WrongUsage(f"{path}: lists no device; put targets into it, see docs/fleet.md.")
    return devices


def _group(group, where: str) -> list[Device]:
    if not isinstance(group, dict) or set(group) - {"targets", "labels"}:
        raise WrongUsage(f"{where}: {json_text.quoted(group)}; an object with 'targets' and 'labels' is allowed.")
    targets, labels = group.get("targets", []), group.get("labels", {})
    if not isinstance(targets, list) or not all(isinstance(one, str) for one in targets):
        raise WrongUsage(
            f"{where}: 'targets' is {json_text.quoted(targets)}; a list of texts such as \"pi-1:8443\" is allowed."
        )
    if not isinstance(labels, dict) or not all(isinstance(one, str) for one in labels.values()):
        raise WrongUsage(f"{where}: 'labels' is {json_text.quoted(labels)}; an object of texts is allowed.")
    return [_device(target, labels, where) for target in targets]


def _device(target: str, labels: Mapping[str, str], where: str) -> Device:
    found = _TARGET.fullmatch(target)
    port = int(found["port"] or PORT) if found else 0
    if not found or not 0 < port < 65536:
        raise WrongUsage(
            f"{where}: target {json_text.quoted(target)}; a name or address with a port is allowed, such as "
            "'pi-1:8443'."
        )
    scheme, ssh = labels.get(SCHEME, "https"), labels.get(SSH, found["host"].strip("[]"))
    if scheme not in SCHEMES:
        raise WrongUsage(f"{where}: '{SCHEME}' is {json_text.quoted(scheme)}; {' or '.join(SCHEMES)} are allowed.")
    if not _SSH.fullmatch(ssh):
        raise WrongUsage(
            f"{where}: '{SSH}' is {json_text.quoted(ssh)}; 'user@host' or 'ssh://user@host:port' is allowed."
        )
    shown = {name: text for name, text in labels.items() if not name.startswith("__")}
    return Device(target, found["host"], port, scheme, labels.get(METRICS_PATH, "/metrics"), ssh, shown)
