"""Orthanc beside a test: a modality and a PACS that nobody here wrote (Debian's package orthanc)."""

import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.support.dicom_node import TITLE, free_port

# Where Debian puts the plugin of its package orthanc-dicomweb.
DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
USER, PASSWORD = "film", "a pass:word"
needed = pytest.mark.skipif(shutil.which("Orthanc") is None, reason="needs Orthanc: apt-get install orthanc")
web_needed = pytest.mark.skipif(
    shutil.which("Orthanc") is None or not DICOMWEB.exists(), reason="needs apt-get install orthanc orthanc-dicomweb"
)
# Longer than any of its answers takes.
AT_MOST = 100


class Orthanc:
    """A server with its own folder; it may be stopped and started again.

    Attributes:
        port: of DICOM.
    """

    def __init__(self, folder: Path, node: int, title: str = "PACS", web: dict | None = None, **more):
        """Write its configuration.

        Args:
            folder: of what it stores.
            node: port of the node, which it knows as the modality "node".
            title: its AE title.
            web: the node as a DICOMweb server, as Orthanc's configuration has it; then it asks others for `USER` and
                `PASSWORD`. None: without DICOMweb.
            more: further lines of its configuration.
        """
        folder.mkdir()
        self.port, self._web, self._process = free_port(), free_port(), None
        self._config = folder / "orthanc.json"
        self._opener = urllib.request.build_opener(_handler(self._web))
        self._config.write_text(
            json.dumps(
                {
                    "StorageDirectory": str(folder / "storage"),
                    "IndexDirectory": str(folder / "storage"),
                    "DicomAet": title,
                    "DicomPort": self.port,
                    "HttpPort": self._web,
                    "RemoteAccessAllowed": False,
                    "AuthenticationEnabled": web is not None,
                    "RegisteredUsers": {USER: PASSWORD},
                    "DicomModalities": {"node": [TITLE, "127.0.0.1", node]},
                    "DicomCheckCalledAet": True,
                    "OverwriteInstances": False,
                    "Plugins": [str(DICOMWEB)] if web is not None else [],
                    "DicomWeb": {"Enable": True, "Servers": {"node": web} if web else {}},
                    **more,
                }
            )
        )

    def start(self) -> "Orthanc":
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            ["Orthanc", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + AT_MOST
        while True:
            try:
                self.get("/system")
                return self
            except (OSError, urllib.error.URLError):
                assert time.monotonic() < end, "Orthanc does not start"
                time.sleep(0.2)

    @property
    def web(self) -> str:
        """Where it answers DICOMweb."""
        return f"http://127.0.0.1:{self._web}/dicom-web"

    def stop(self) -> None:
        """Kill it."""
        if self._process:
            self._process.kill()
            self._process.wait()

    def get(self, path: str):
        """Return the JSON of an address."""
        return self._asked(urllib.request.Request(f"http://127.0.0.1:{self._web}{path}"))

    def post(self, path: str, body: bytes | dict | list):
        """Post bytes or JSON; return the JSON of the answer."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._asked(urllib.request.Request(f"http://127.0.0.1:{self._web}{path}", data, method="POST"))

    def series(self) -> dict[str, list[str]]:
        """Return the modalities of the series of each study, by StudyInstanceUID."""
        found: dict[str, list[str]] = {}
        for one in self.get("/studies?expand"):
            kinds = [self.get(f"/series/{name}")["MainDicomTags"]["Modality"] for name in one["Series"]]
            found[one["MainDicomTags"]["StudyInstanceUID"]] = sorted(kinds)
        return found

    def _asked(self, request: urllib.request.Request):
        with self._opener.open(request, timeout=AT_MOST) as answer:
            return json.loads(answer.read() or b"null")


def _handler(port: int) -> urllib.request.HTTPBasicAuthHandler:
    known = urllib.request.HTTPPasswordMgrWithPriorAuth()
    known.add_password(None, f"http://127.0.0.1:{port}/", USER, PASSWORD, is_authenticated=True)
    return urllib.request.HTTPBasicAuthHandler(known)
