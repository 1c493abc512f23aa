"""An S3 server on the loopback, moto's, as a process in an environment of its own: `make .venv-s3/ready`."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator

from tests.support.archives import ROOT

PYTHON = ROOT / ".venv-s3/bin/python"
NEEDED = bool(os.environ.get("NEED_S3"))
# Seconds for it to start, on a machine that is busy.
START = 120


@contextlib.contextmanager
def served(log) -> Iterator[dict[str, str]]:
    """Serve an empty store; yields the environment by which clients find it, and may enter."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PYTHON, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        end = time.monotonic() + START
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert server.poll() is None and time.monotonic() < end, "the store does not start"
                time.sleep(0.05)
        yield os.environ | {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
            "AWS_ACCESS_KEY_ID": "reader",
            "AWS_SECRET_ACCESS_KEY": "three rays",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }
    finally:
        server.kill()
        server.wait()
