"""Ray, which spreads work over cores and machines: started here or joined, with this project's settings.

    with cluster.joined("local", cpus=2) as ray:
        answer = ray.get(ray.remote(function).remote())

What is started here listens on the loopback alone, lets in nobody who does not know the token of this start (films'
paths are seen by all who may connect, and they may run programs), tells nobody of its use, and has no page of its own.
A cluster that is joined has the settings of whoever started it; docs/archive.md shows how.
"""

import contextlib
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from edge_app.errors import MissingPackage, WrongUsage

LOCAL = "local"
# Of a start here, before Ray is imported: its names, its spelling. Its own default listens on every address.
HERE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token"}
ANYWHERE = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # else it warns that this will change
}
# Ray gives its own start 30 s, which a machine that is very busy may exceed once.
TRIES = 3
# Seconds in which a cluster takes a connection; one in the next room takes milliseconds.
PATIENCE = 10
# A path of a socket has at most 107 bytes (unix(7)), of which our folder takes 13 and Ray's take 75.
LONGEST_PLACE = 18


@contextlib.contextmanager
def joined(address: str = LOCAL, cpus: int | None = None, object_store_mb: int | None = None) -> Iterator[ModuleType]:
    """Start Ray here, or join a cluster; at the end stop what was started, and leave what was joined as it is.

    Args:
        address: `LOCAL`, or HOST:PORT of a cluster's head.
        cpus: that Ray may give to tasks, of a start here; all that this process may use by default.
        object_store_mb: memory for what tasks hand to one another, of a start here; a third of the machine's by
            default, taken as it is needed.

    Yields:
        The module `ray`, connected.

    Raises:
        MissingPackage: Ray is not installed.
        WrongUsage: there is no such cluster, or it cannot be joined.
    """
    os.environ.update(ANYWHERE)
    if address != LOCAL:
        _reach(address)
        with _connected(_imported(), address=address) as ray:
            yield ray
        return
    os.environ.update(HERE, RAY_AUTH_TOKEN=secrets.token_hex(32))
    ray, folder = _imported(), _folder()
    options = {
        "num_cpus": cpus or len(os.sched_getaffinity(0)),
        "object_store_memory": object_store_mb and object_store_mb * 1_000_000,
        "include_dashboard": False,
        "_temp_dir": str(folder),
    }
    try:
        with _connected(ray, address=LOCAL, **options):
            yield ray
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _connected(ray: ModuleType, address: str, **options) -> Iterator[ModuleType]:
    kept = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for left in reversed(range(TRIES if address == LOCAL else 1)):
        try:
            with _quiet():
                ray.init(address, log_to_driver=False, logging_level=logging.ERROR, **options)
            break
        except Exception as error:  # what Ray raises of a start that takes more than 30 s is a plain one
            ray.shutdown()
            if left:
                continue
            why = " ".join(str(error).split()).rstrip(".")[:200]
            python = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise WrongUsage(
                f"--cluster: '{address}' cannot be used ({why}); a cluster needs Ray {ray.__version__}, Python "
                f"{python} and its token here in RAY_AUTH_TOKEN, a start here a machine with memory and time to spare."
            ) from error
    try:
        for number, handler in kept.items():  # Ray puts in its own
            signal.signal(number, handler)
        yield ray
    finally:
        ray.shutdown()


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep from stderr what Ray's C++ prints of each try to connect; what comes of it is raised."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _imported() -> ModuleType:
    try:
        import ray
    except ImportError as error:
        raise MissingPackage(
            "--cluster: Ray, which spreads work over cores, is not installed; run 'make .venv/ready', or "
            "'pip install -r train/requirements.txt'."
        ) from error
    return ray


def _reach(address: str) -> None:
    """Refuse an address behind which nothing listens: Ray itself would try for minutes."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or int(port) > 65535:
        raise WrongUsage(
            f"--cluster: '{address}' is not the address of a cluster; allowed are '{LOCAL}', and HOST:PORT as "
            "'ray start --head' prints it."
        )
    try:
        socket.create_connection((host.strip("[]"), int(port)), PATIENCE).close()
    except OSError as error:
        raise WrongUsage(
            f"--cluster: nothing answers at '{address}' ({error.strerror or error}); start the cluster with "
            f"'ray start --head', or use '{LOCAL}'."
        ) from error


def _folder() -> Path:
    """Make the folder of Ray's sockets and logs, which goes with it."""
    place = tempfile.gettempdir()
    return Path(tempfile.mkdtemp(prefix="ray-", dir=place if len(place) <= LONGEST_PLACE else "/tmp"))
