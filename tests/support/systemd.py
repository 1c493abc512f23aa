"""The end of the line that systemd holds, and `watch` as a service of it."""

import os
import socket
import subprocess
import sys
from pathlib import Path

from PIL import Image

from tests.support.films import draw_film
from tests.support.golden import GOLDEN

ROOT = Path(__file__).parents[2]
# Longer than anything here may take; what does not come fails the test by it.
AT_MOST = 100


class Systemd:
    """The end of the line that systemd holds."""

    def __init__(self, folder: Path):
        self.address = str(folder / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(AT_MOST)

    def told(self) -> str:
        """Wait for the next words."""
        return self._socket.recv(4096).decode()

    def told_now(self) -> list[str]:
        """Return what has come and was not taken."""
        self._socket.setblocking(False)
        found = []
        try:
            while True:
                found.append(self._socket.recv(4096).decode())
        except BlockingIOError:
            self._socket.settimeout(AT_MOST)
        return found

    def close(self) -> None:
        self._socket.close()


def environment(systemd: Systemd, **more: str) -> dict[str, str]:
    """Return what systemd gives a service."""
    return {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "400000", "WATCHDOG_PID": f"{os.getpid()}", **more}


def films(folder: Path, count: int) -> Path:
    """Draw films into a folder."""
    folder.mkdir()
    for number in range(count):
        Image.fromarray(draw_film(number, 200, 180)).save(folder / f"{number}.png")
    return folder


def watching(systemd: Systemd, inbox: Path, code: str = "", **more: str) -> subprocess.Popen:
    """Start `watch` as a service; `code` is run in it first."""
    words = ["watch", str(inbox), "--json", "--interval", "0.05", "--model", str(GOLDEN / "tiny-int8.tflite")]
    program = f"import sys; sys.argv = ['covid-xray', *{words!r}]\n{code}\nfrom edge_app.__main__ import run\nrun()"
    given = {**os.environ, **environment(systemd), **more}
    del given["WATCHDOG_PID"]
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
