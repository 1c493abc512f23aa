"""What tests of the page share: the program served in a process of its own, and a browser to look at it.

The browser is Debian's Chromium (`apt-get install chromium`), driven by Playwright; nothing is downloaded. Where
there is none these tests are skipped, unless `NEED_BROWSER` is set, as where a change is checked before it lands.
"""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
# Without a sandbox since root has none, without /dev/shm since a container's is small.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
# Seconds for the program to listen, and for a film to be read: emulated or busy machines are slow.
PATIENCE = 90
PASSWORD = "three rays and a lead apron"


def need_browser() -> None:
    """Skip the test where no browser is installed, or fail it where there must be one."""
    if CHROMIUM:
        return
    words = "no Chromium is installed: 'apt-get install chromium' (the page is not tested without one)"
    if os.environ.get("NEED_BROWSER"):
        pytest.fail(words)
    pytest.skip(words)


class Served:
    """`edge_app serve` in a process of its own.

    Attributes:
        address: where it listens, without a slash at its end.
        told: lines it has written so far.
    """

    def __init__(self, folder: Path, *words: str, stdin: str = ""):
        """Start it on a free port with its state in a folder, and wait until it listens."""
        self.told: list[str] = []
        self._listening = threading.Event()
        command = [sys.executable, "-m", "edge_app", "serve", "--port", "0", "--state", str(folder), *words]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()
        if not self._listening.wait(PATIENCE):
            self.close()
            raise AssertionError(f"serve did not listen: {self.told}")

    def _listen(self) -> None:
        for line in self._process.stdout:
            self.told.append(line.rstrip())
            found = re.search(r"https?://[\w.\[\]:-]+:\d+", line)
            if found and not self._listening.is_set():  # a later line may name another address
                self.address = found[0]
                self._listening.set()

    def close(self) -> None:
        """End it, and read what it still says."""
        self._process.terminate()
        self._listener.join()
        self._process.wait()
        self._process.stdout.close()
