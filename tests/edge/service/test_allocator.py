"""The C library's arenas: threads share two of them, so that each does not keep the largest film it ever held."""

import platform
import subprocess
import sys

import pytest

from tests.support.program import ROOT

pytestmark = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc")
COUNT = """
import ctypes, os, sys, threading
from edge_app.service import allocator, systemd
if sys.argv[1] == "few":
    with systemd.Service({}):
        pass
else:
    ctypes.CDLL(None).mallopt(allocator.M_ARENA_MAX, 8)
together = threading.Barrier(6)
def hold():
    block = [bytes(3000 + one) for one in range(200)]
    together.wait(60)
threads = [threading.Thread(target=hold) for _ in range(6)]
for one in threads: one.start()
for one in threads: one.join()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
stream = ctypes.c_void_p(libc.fdopen(1, b"w"))
libc.malloc_info(0, stream)
libc.fflush(stream)
os._exit(0)
"""


@pytest.mark.parametrize(("how", "few"), [("few", True), ("many", False)])
def test_threads_of_a_service_share_an_arena(how, few):
    ran = subprocess.run([sys.executable, "-c", COUNT, how], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (ran.stdout.count("<heap nr=") <= 2) is few, ran.stdout[:2000]
