"""What the tests of the fleet share: devices behind a real ssh server, and the command at the desk."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.signing import trust
from tests.support.ssh_server import ROOT, SshServer, environment


class Fleet:
    """Devices on this machine, each with its own folder, and the desk that looks after them.

    Attributes:
        key: signs what they install.
        inventory: of them.
        server: that they are reached through.
    """

    def __init__(self, folder: Path):
        self._folder, self.key = folder, Ed25519PrivateKey.generate()
        self.inventory, self.server = folder / "pis.json", SshServer(folder / "ssh")
        self._groups: list[dict] = []

    def add(self, name: str, target: str = "", trusts: bool = True, **more) -> Path:
        """Add a device; return its folder. `target` is its page, if it has one; `more` is of `SshServer.add`."""
        place = self._folder / name
        place.mkdir(exist_ok=True)
        if trusts:
            trust(place / "models", self.key)
        self.server.add(name, **environment(place) | more)
        self._list(name, target)
        return place

    def add_gone(self, name: str) -> None:
        """Add a device that is switched off."""
        self.server.add_gone(name)
        self._list(name, "")

    def _list(self, name: str, target: str) -> None:
        # Port 9 (discard) of the loopback: nobody listens there, so the device has no page.
        number = len(self._groups) + 1
        labels = {"__ssh__": name, "device": name}
        self._groups.append({"targets": [target or f"127.0.0.{number}:9"], "labels": labels})
        self.inventory.write_text(json.dumps(self._groups))

    def run(self, *words, code: int = 0, **options) -> tuple[dict[str, dict], str]:
        """Run `fleet ... --json`; return what it says of each device, and what it told on the way."""
        done = subprocess.run(self.line(*words), cwd=ROOT, capture_output=True, text=True, timeout=500, **options)
        assert "Traceback" not in done.stderr, done.stderr
        assert done.returncode == code, (done.stdout, done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        return {self._name(row["device"]): row for row in rows}, done.stderr

    def line(self, *words) -> list[str]:
        """Return the command line."""
        more = ["--inventory", self.inventory, "--ssh-config", self.server.config, "--json"]
        return [sys.executable, "-m", "edge_app", "fleet", *map(str, [*words, *more])]

    def _name(self, target: str) -> str:
        (group,) = [group for group in self._groups if target in group["targets"]]
        return group["labels"]["device"]


@pytest.fixture
def fleet(tmp_path):
    """Return a fleet without devices."""
    (tmp_path / "fleet").mkdir()
    made = Fleet(tmp_path / "fleet")
    yield made
    made.server.close()
