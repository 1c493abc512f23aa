"""Pages of a fleet on this machine: the real program under TLS, which wants a password or the token of the fleet."""

import http.client
import os
import re
import ssl
import subprocess
import sys
from pathlib import Path

from tests.support.program import MODEL, ROOT

# As `openssl rand -hex 32` makes one.
TOKEN = "5f0a3c1c7b9d4e6f8a2b0c4d6e8f1a3b5c7d9e0f2a4b6c8d0e1f3a5b7c9d1e3f"


class FleetPage:
    """A page in a process of its own, which may be stopped.

    Attributes:
        target: `localhost:port`, as an inventory has it.
        certificate: of it, PEM.
    """

    def __init__(self, folder: Path, model: Path | None = MODEL, environment: dict[str, str] | None = None):
        """Set its password and let the token in, then start it.

        Args:
            folder: of its state, empty.
            model: file; None for the one that is installed by the variables of `environment`.
            environment: further variables that it sees.
        """
        self._folder, self.certificate, self.port = folder, folder / "page.crt", 0
        self._model, self._environment = model, os.environ | (environment or {})
        self._administer("--set-password", said="three rays and a lead apron")
        self._administer("--metrics-token", "fleet", said=TOKEN)
        self.start()

    def start(self) -> None:
        """Start it, at the port where it was before, and wait until it listens."""
        line = [sys.executable, "-m", "edge_app", "serve", "--tls", "--port", self.port, "--state", self._folder]
        line = [*map(str, line), *(["--model", str(self._model)] if self._model else [])]
        self._process = subprocess.Popen(line, cwd=ROOT, env=self._environment, stdout=subprocess.PIPE, text=True)
        told = iter(self._process.stdout.readline, "")
        self.port = next(int(found[1]) for text in told if (found := re.search(r"https://[^/]*:(\d+)", text)))
        self.target = f"localhost:{self.port}"

    def read(self, film: bytes, name: str = "test") -> int:
        """Have it read a film by its API; return the status of the answer."""
        token = self._administer("--new-token", name).stdout.strip()
        trusted = ssl.create_default_context(cafile=str(self.certificate))
        asked = http.client.HTTPSConnection("localhost", self.port, timeout=120, context=trusted)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "image/png"}
        asked.request("POST", "/api/v1/classify", film, headers)
        try:
            return asked.getresponse().status
        finally:
            asked.close()

    def stop(self) -> None:
        """End it, if it still runs."""
        self._process.terminate()
        self._process.wait()
        self._process.stdout.close()

    def _administer(self, *words: str, said: str = "") -> subprocess.CompletedProcess:
        line = [sys.executable, "-m", "edge_app", "serve", "--state", str(self._folder), *words]
        return subprocess.run(line, cwd=ROOT, input=f"{said}\n", text=True, capture_output=True, check=True)
