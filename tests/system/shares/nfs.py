"""NFS 3 on the loopback by a server and a client in user space (Debian: nfs-ganesha-vfs, rpcbind, libnfs13)."""

import contextlib
import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PORT, MOUNT = 20490, 20491
# Bytes of one request.
AT_ONCE = 32768
SETTINGS = """
NFS_CORE_PARAM {{
 NFS_Protocols = 3; NFS_Port = {port}; MNT_Port = {mount}; Enable_NLM = false; Enable_RQUOTA = false;
}}
NFSV4 {{ Graceless = true; RecoveryBackend = fs; }}
EXPORT {{ Export_Id = 1; Path = {inbox}; Pseudo = /inbox; Access_Type = RW; Squash = No_Root_Squash; SecType = sys;
 Protocols = 3; Transports = TCP; FSAL {{ Name = VFS; }} }}
"""


@contextlib.contextmanager
def served(inbox: Path, folder: Path, _user: str) -> Iterator[str]:
    """Serve a folder; yield its address."""
    (folder / "nfs.conf").write_text(SETTINGS.format(inbox=inbox, port=PORT, mount=MOUNT))
    lines = [
        ["rpcbind", "-f"],
        ["ganesha.nfsd", "-F", "-f", folder / "nfs.conf", "-L", folder / "log", "-p", folder / "pid"],
    ]
    with contextlib.ExitStack() as stack:
        for line in lines:
            server = stack.enter_context(subprocess.Popen([*map(str, line)], stdout=subprocess.DEVNULL))
            stack.callback(server.terminate)
            time.sleep(4)
            assert server.poll() is None, line
        yield f"nfs://127.0.0.1{inbox}?version=3&nfsport={PORT}&mountport={MOUNT}"


class Nfs:
    """An export: a `slow_copies.Writer`."""

    def __init__(self, address: str):
        self._library = library = ctypes.CDLL("libnfs.so.13")
        pointer, text, number = ctypes.c_void_p, ctypes.c_char_p, ctypes.c_uint64
        library.nfs_init_context.restype = library.nfs_parse_url_dir.restype = pointer
        library.nfs_get_error.restype, library.nfs_get_error.argtypes = text, [pointer]
        for name, more in {
            "parse_url_dir": [text],
            "mount": [text, text],
            "open2": [text, ctypes.c_int, ctypes.c_int, pointer],
            "pwrite": [pointer, number, number, text],
            "ftruncate": [pointer, number],
            "close": [pointer],
            "rename": [text, text],
            "utimes": [text, pointer],
        }.items():
            getattr(library, f"nfs_{name}").argtypes = [pointer, *more]
        self._context = library.nfs_init_context()
        assert library.nfs_parse_url_dir(self._context, address.encode())
        self._ask("mount", b"127.0.0.1", address.partition("127.0.0.1")[2].partition("?")[0].encode())

    def _ask(self, name: str, *words) -> int:
        answer = getattr(self._library, f"nfs_{name}")(self._context, *words)
        if answer < 0:
            raise OSError(-answer, self._library.nfs_get_error(self._context).decode())
        return answer

    def open(self, name: str) -> ctypes.c_void_p:
        """As of `Writer`."""
        handle = ctypes.c_void_p()
        self._ask("open2", f"/{name}".encode(), os.O_CREAT | os.O_RDWR, 0o644, ctypes.byref(handle))
        return handle

    def write(self, handle: ctypes.c_void_p, offset: int, content: bytes) -> None:
        """As of `Writer`."""
        for start in range(0, len(content), AT_ONCE):
            piece = content[start : start + AT_ONCE]
            assert self._ask("pwrite", handle, offset + start, len(piece), piece) == len(piece)

    def resize(self, handle: ctypes.c_void_p, size: int) -> None:
        """As of `Writer`."""
        self._ask("ftruncate", handle, size)

    def close(self, handle: ctypes.c_void_p) -> None:
        """As of `Writer`."""
        self._ask("close", handle)

    def rename(self, name: str, other: str) -> None:
        """As of `Writer`."""
        self._ask("rename", f"/{name}".encode(), f"/{other}".encode())

    def touch(self, name: str, seconds: int) -> None:
        """As of `Writer`."""
        self._ask("utimes", f"/{name}".encode(), (ctypes.c_long * 4)(seconds, 0, seconds, 0))
