"""Sends a request to a device by the OpenSSH client of this desk, with the operator's own keys and configuration."""

import subprocess
import tempfile
from pathlib import Path
from typing import BinaryIO

from edge_app.errors import EdgeError, MissingPackage
from edge_app.fleet.inventory import Device
from edge_app.fleet.message import COMMAND, NotUnderstood, Reply, Request

# Seconds to connect, and between signs of life, of which three may be missing: a WLAN that is gone is noticed then.
CONNECT, ALIVE = 15, 15
# Seconds for the whole: a bundle takes minutes to install on a Pi (`updater.SECONDS`), and minutes to arrive.
PATIENCE = 3600
# OpenSSH's exit code when it could not connect or log in, or lost the connection (ssh(1)).
NOT_CONNECTED = 255


class Unreachable(EdgeError):
    """A device could not be connected to, or the connection was lost."""


class Failed(EdgeError):
    """A device was reached and did not answer as this program does."""


class Client:
    """The ssh client, with a request and its file on the disk, so that many devices may be sent it at once."""

    def __init__(self, config: Path | None = None):
        """Use a configuration of ssh; None: the user's own."""
        self._config = config

    def ask(self, device: Device, request: Request, file: Path | None = None) -> Reply:
        """Send a request, and the file behind it; return the answer.

        Raises:
            Unreachable: see there.
            Failed: see there.
            MissingPackage: there is no ssh client here.
        """
        with tempfile.TemporaryFile() as stdin:
            stdin.write(request.line())
            if file:
                _append(file, stdin)
            stdin.seek(0)
            line = [*self._line(), "--", device.ssh, COMMAND]
            try:
                done = subprocess.run(line, stdin=stdin, capture_output=True, timeout=PATIENCE, check=False)
            except FileNotFoundError as error:
                raise MissingPackage(
                    "fleet: a roll-out needs the program 'ssh', which is not installed; run 'apt install "
                    "openssh-client'."
                ) from error
            except subprocess.TimeoutExpired as error:
                raise Unreachable(f"it does not answer within {PATIENCE} seconds") from error
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = said[-1] if said else f"exit code {done.returncode}"
        if done.returncode == NOT_CONNECTED:
            raise Unreachable(f"ssh cannot log in there ({last})")
        try:
            return Reply.read(done.stdout.strip().splitlines()[-1] if done.stdout.strip() else b"")
        except NotUnderstood as error:
            raise Failed(f"'{COMMAND}' does not work there ({last})") from error

    def _line(self) -> list[str]:
        options = ("BatchMode=yes", f"ConnectTimeout={CONNECT}", f"ServerAliveInterval={ALIVE}")
        flags = [word for option in options for word in ("-o", option)]
        return ["ssh", "-T", *(["-F", str(self._config)] if self._config else []), *flags]


def _append(file: Path, stdin: BinaryIO) -> None:
    with file.open("rb") as content:
        while piece := content.read(1 << 20):
            stdin.write(piece)
