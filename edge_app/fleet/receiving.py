"""The device's end of a roll-out: does what a `message.Request` asks, and nothing but that.

It installs only what a key of this site has signed: without any key `model install` would warn and go on, and whoever
may log in here could install anything.
"""

import contextlib
import hashlib
import os
import select
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from edge_app import atomic_io
from edge_app.errors import EdgeError, NotInstalled, NotTrusted
from edge_app.fleet.message import INSTALL, MODEL, ROLLBACK, STATE, Reply, Request
from edge_app.install import model_install, model_registry, signatures, updater, verify_install
from edge_app.install.updater import CURRENT

# Where a file lies until it is installed: in the folder of what is installed, since that disk must have room for it.
INCOMING = "fleet-incoming"
# Seconds without a byte after which the desk is taken for gone, and bytes read at a time.
SILENCE, AT_ONCE = 60, 1 << 20
# Bytes of a file: `make bundle` makes some 100 MB.
MOST_BYTES = 1 << 30
GOLDEN = "golden film"


def answer(stdin: BinaryIO) -> Reply:
    """Read a request and do it; whatever fails is in the answer, and what was in use before still is.

    Args:
        stdin: without a buffer, so that it can be told when nothing comes any more.
    """
    try:
        request = Request.read(stdin)
        done = _done(request, stdin)
        return replace(done, keys=len(signatures.keys()))
    except EdgeError as error:
        return Reply(error=" ".join(str(error).split()))
    except OSError as error:
        return Reply(error=f"fleet: it cannot be done on this device ({error.strerror or error}); look at its disk.")


def _done(request: Request, stdin: BinaryIO) -> Reply:
    place = model_registry.folder() if request.kind == MODEL else updater.prefix_here()
    error = ""
    if request.action == INSTALL and not _is_in_use(request, place):
        if not signatures.keys():
            raise NotTrusted(
                f"{signatures.folder()}: holds no key, and a roll-out installs only what a key of this site has "
                "signed; put the public key of the signer there."
            )
        try:
            _install(request, stdin, place)
        except EdgeError as refused:
            error = " ".join(str(refused).split())
    elif request.action == ROLLBACK and _is_in_use(request, place):
        if request.kind == MODEL:
            model_install.roll_back(place)
        else:
            updater.roll_back(place)
            _restart()
    faults, golden = ((), "") if request.action == STATE else _examined(request, place)
    used, name = _in_use(request, place)
    return Reply(error=error, in_use=used, name=name, faults=faults, golden=golden)


def _install(request: Request, stdin: BinaryIO, place: Path) -> None:
    with _received(request, stdin, place) as path:
        if request.kind == MODEL:
            model_install.install(path, place)
            return
        updater.install(path, place)
    _restart()


@contextlib.contextmanager
def _received(request: Request, stdin: BinaryIO, place: Path) -> Iterator[Path]:
    """Yield the file that follows a request, whole, with its signature beside it; it is gone afterwards."""
    if request.size > MOST_BYTES:
        raise NotInstalled(f"{request.name}: has {request.size} bytes; at most {MOST_BYTES} are allowed.")
    folder = place / INCOMING
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with atomic_io.alone(folder):
            path = folder / request.name
            digest = hashlib.sha256()
            with path.open("wb") as file:
                for piece in _pieces(stdin, request.size):
                    digest.update(piece)
                    file.write(piece)
            if digest.hexdigest() != request.sha256:
                raise NotInstalled(f"{request.name}: did not arrive as it was sent; send it again.")
            if request.signature:
                signatures.beside(path).write_bytes(bytes.fromhex(request.signature))
            yield path
    except BlockingIOError as error:
        raise NotInstalled(f"{folder}: another roll-out is under way here; wait until it is done.") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _pieces(stdin: BinaryIO, size: int) -> Iterator[bytes]:
    left = size
    while left:
        waiting, _, _ = select.select([stdin], [], [], SILENCE)
        piece = stdin.read(min(left, AT_ONCE)) if waiting else b""
        if not piece:
            raise NotInstalled(f"the file broke off {left} bytes before its end; send it again.")
        left -= len(piece)
        yield piece


def _is_in_use(request: Request, place: Path) -> bool:
    used, _ = _in_use(request, place)
    return bool(used) and request.sha256.startswith(used)


def _in_use(request: Request, place: Path) -> tuple[str, str]:
    """Return hash, as `Reply.in_use`, and name of what is in use."""
    if request.kind == MODEL:
        path = model_registry.default_model()
        try:
            entries = model_registry.read(place).in_effect
        except (OSError, ValueError):
            entries = ()
        names = {model_registry.file_of(entry, place): entry for entry in entries if entry.sha256}
        entry = names.get(path)
        return (entry.sha256, entry.name) if entry else ("", "the model of the release")
    name = next((name for name, state in updater.releases(place).items() if state == "in use"), "")
    return name.rpartition("-")[2], name


def _examined(request: Request, place: Path) -> tuple[tuple[str, ...], str]:
    """Return the faults that the doctor finds here now, as sentences, and what it says of the golden film."""
    python = None if request.kind == MODEL else place / CURRENT / "bin" / "python"
    checks = verify_install.checks(request.name or "fleet", python)
    faults = tuple(f"{check['name']}: {check['words']}" for check in checks if check["state"] == "fault")
    return faults, next((check["state"] for check in checks if check["name"] == GOLDEN), "")


def _restart() -> None:
    """Start the services anew with another program; after another model `covid-xray-model.path` does it."""
    if not Path("/run/systemd/system").is_dir() or os.geteuid() != 0:  # sd_booted(3)
        return
    subprocess.run(["systemctl", "try-restart", "covid-xray-*"], capture_output=True, check=False)
