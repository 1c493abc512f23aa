"""Work without root's power to read everything: tests often run as root, to whom no file is closed."""

import contextlib
import os
import shutil
from collections.abc import Iterator

import pytest

NOBODY = 65534


@contextlib.contextmanager
def as_another_user() -> Iterator[None]:
    """Run the block with the rights of another user if this process is root's."""
    if os.geteuid() != 0:
        yield
        return
    os.setegid(NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


def without_override() -> list[str]:
    """Return what to put before a command so that permissions bind it even if root starts it.

    The command stays root's, since Python itself may lie in a folder that only root enters; it only loses the right to
    override permissions (capabilities(7)).
    """
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("root without setpriv (util-linux): permissions bind nothing")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={dropped}", f"--inh-caps={dropped}"]
