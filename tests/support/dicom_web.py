"""Bodies and answers of DICOMweb in tests."""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.support.dicom_node import ROOT, Running, until

MARK = "films-of-a-test"
RELATED = f'multipart/related; type="application/dicom"; boundary={MARK}'


def body(*films: bytes, kind: str = "application/dicom") -> bytes:
    """Return the body of a STOW-RS request."""
    parts = (f"--{MARK}\r\nContent-Type: {kind}\r\n\r\n".encode() + film + b"\r\n" for film in films)
    return b"".join((*parts, f"--{MARK}--\r\n".encode()))


def reasons(answer: dict) -> list[int]:
    """Return the failure reasons of the answer to a STOW-RS request."""
    return [one["00081197"]["Value"][0] for one in answer.get("00081198", {}).get("Value", [])]


def stored(answer: dict) -> list[str]:
    """Return the SOP Instance UIDs that were stored."""
    return [one["00081155"]["Value"][0] for one in answer.get("00081199", {}).get("Value", [])]


def port(node: Running) -> int:
    """Return the port at which a node listens for DICOMweb; it says so before the other."""
    (found,) = re.findall(r"DICOMweb at \S+:(\d+)", "".join(node.err))
    return int(found)


def token(state: Path, flag: str) -> str:
    """Make a token of a node, by `--new-token` or `--new-reader`."""
    line = [sys.executable, "-m", "edge_app", "dicom-node", "--state", str(state), flag, "test"]
    return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def waiting(folder: Path, count: int) -> Iterable[Path]:
    """Wait until a folder has `count` files, and return them."""
    until(lambda: len(list(folder.iterdir())) >= count)
    return folder.iterdir()
