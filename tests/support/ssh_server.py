"""A fleet on this machine: OpenSSH's own server, in which each device is a key that may run one command line.

Debian's package openssh-server; without it the tests are skipped. Each device has folders of its own for models and
keys, as a Pi has them, and `authorized_keys` forces on it the command that docs/fleet.md forces.
"""

import getpass
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.broker import free_port
from tests.support.receiver import until

ROOT = Path(__file__).parents[2]
SSHD = shutil.which("sshd", path=f"{os.environ['PATH']}:/usr/sbin")
needed = pytest.mark.skipif(
    SSHD is None or shutil.which("ssh") is None, reason="needs OpenSSH: apt-get install openssh-server openssh-client"
)


class SshServer:
    """sshd on the loopback.

    Attributes:
        config: of the client, in which every device is a host.
    """

    def __init__(self, folder: Path):
        """Make keys and configurations in a folder, which may be empty, and start it."""
        folder.mkdir(exist_ok=True)
        self._folder, self._port = folder, free_port()
        self._authorized, self.config = folder / "authorized_keys", folder / "config"
        _key(folder / "host")
        host = (folder / "host.pub").read_text()
        (folder / "known_hosts").write_text(f"[127.0.0.1]:{self._port} {host}")
        self._authorized.touch(mode=0o600)
        self.config.touch(mode=0o600)
        if os.geteuid() == 0:  # where sshd leaves its rights; Debian's service makes it
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        options = {
            "ListenAddress": f"127.0.0.1:{self._port}",
            "HostKey": folder / "host",
            "AuthorizedKeysFile": self._authorized,
            "PidFile": folder / "pid",
            "StrictModes": "no",  # a test's folder may lie in one that others may write
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "PermitRootLogin": "prohibit-password",
        }
        line = [SSHD, "-D", "-e", "-f", "/dev/null", *(f"-o{name}={value}" for name, value in options.items())]
        self._log = (folder / "log").open("wb")
        self._process = subprocess.Popen(line, stdout=self._log, stderr=self._log)
        until(lambda: b"Server listening" in (folder / "log").read_bytes())

    def add(self, name: str, python: Path | str = sys.executable, **environment: str) -> str:
        """Let in a device of this name; return the name that ssh knows it by.

        Args:
            name: of it.
            python: of its program: this checkout's, or that of an installation.
            environment: variables that its program sees.
        """
        key = self._folder / name
        _key(key)
        said = " ".join(f"{variable}='{value}'" for variable, value in environment.items())
        forced = f"cd {ROOT} && env {said} {python} -m edge_app fleet receive"
        with self._authorized.open("a") as file:
            file.write(f'restrict,command="{forced}" {key.with_suffix(".pub").read_text()}')
        self._host(name, self._port)
        return name

    def add_gone(self, name: str) -> str:
        """Let ssh know a device that is switched off: nobody listens there."""
        _key(self._folder / name)
        self._host(name, free_port())
        return name

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait()
        self._log.close()

    def _host(self, name: str, port: int) -> None:
        folder = self._folder
        with self.config.open("a") as file:
            file.write(
                f"Host {name}\n HostName 127.0.0.1\n Port {port}\n User {getpass.getuser()}\n"
                f" IdentityFile {folder / name}\n IdentitiesOnly yes\n UserKnownHostsFile {folder / 'known_hosts'}\n"
            )


def environment(place: Path) -> dict[str, str]:
    """Return the variables of a device whose folder is `place`."""
    names = {"MODELS": "models", "KEYS": "keys", "STORE": "results.sqlite"}
    return {f"COVID_XRAY_{name}": str(place / folder) for name, folder in names.items()}


def _key(path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
