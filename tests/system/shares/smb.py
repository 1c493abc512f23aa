"""Samba on the loopback, and its own client library (Debian: samba, libsmbclient)."""

import contextlib
import ctypes
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

# That of SMB, the only one that a mount by FUSE asks.
PORT = 445
SETTINGS = """[global]
 server role = standalone server
 map to guest = bad user
 guest account = {user}
 interfaces = lo
 bind interfaces only = yes
 smb ports = {port}
 disable netbios = yes
 load printers = no
 printcap name = /dev/null
 log file = {folder}/log
 pid directory = {folder}
 lock directory = {folder}
 state directory = {folder}
 cache directory = {folder}
 private dir = {folder}
 ncalrpc dir = {folder}
[inbox]
 path = {inbox}
 read only = no
 guest ok = yes
"""


@contextlib.contextmanager
def served(inbox: Path, folder: Path, user: str) -> Iterator[str]:
    """Serve a folder; yield its address."""
    (folder / "smb.conf").write_text(SETTINGS.format(inbox=inbox, folder=folder, user=user, port=PORT))
    line = ["smbd", "-F", "--no-process-group", "-s", str(folder / "smb.conf")]
    # A session of its own: when it ends it signals its whole group.
    options = {"start_new_session": True}
    with (folder / "out").open("w") as out, subprocess.Popen(line, stdout=out, stderr=out, **options) as server:
        try:
            time.sleep(3)
            assert server.poll() is None, (folder / "out").read_text()
            yield f"smb://127.0.0.1:{PORT}/inbox"
        finally:
            server.terminate()


@contextlib.contextmanager
def mounted(folder: Path) -> Iterator[Path]:
    """Mount the share by FUSE, as a Pi does that looks into another machine's share; yield where (Debian: smbnetfs)."""
    home, mount = folder / "home", folder / "mount"
    (home / ".smb").mkdir(parents=True)
    mount.mkdir()
    for name, text in (("smbnetfs.conf", 'auth "127.0.0.1" "guest" ""\n'), ("smb.conf", "[global]\n")):
        (home / ".smb" / name).write_text(text)
        (home / ".smb" / name).chmod(0o600)  # it reads no other
    line = ["smbnetfs", str(mount), "-f"]
    with subprocess.Popen(line, env={**os.environ, "HOME": str(home)}, stdout=subprocess.DEVNULL) as server:
        try:
            time.sleep(3)
            assert server.poll() is None
            yield mount / "127.0.0.1" / "inbox"
        finally:
            subprocess.run(["fusermount", "-u", "-z", str(mount)], check=False)
            server.terminate()


class Smb:
    """A share: a `slow_copies.Writer`."""

    def __init__(self, address: str):
        self._address, self._library = address, ctypes.CDLL("libsmbclient.so.0", use_errno=True)
        kind = ctypes.CFUNCTYPE(None, *[ctypes.c_char_p] * 2, *[ctypes.c_void_p, ctypes.c_int] * 3)
        self._nobody = kind(self._as_guest)  # kept: the library calls it later
        for name in ("smbc_write", "smbc_lseek"):
            getattr(self._library, name).restype = ctypes.c_ssize_t
        self._library.smbc_write.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_size_t]
        self._library.smbc_lseek.argtypes = [ctypes.c_int, ctypes.c_int64, ctypes.c_int]
        self._library.smbc_ftruncate.argtypes = [ctypes.c_int, ctypes.c_int64]
        self._asked(self._library.smbc_init(self._nobody, 0))

    @staticmethod
    def _as_guest(_server, _share, _group, _group_size, user, user_size, password, password_size) -> None:
        ctypes.memmove(user, b"guest\0"[:user_size], min(6, user_size))
        ctypes.memmove(password, b"\0", min(1, password_size))

    def _asked(self, answer: int) -> int:
        if answer < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return answer

    def _url(self, name: str) -> bytes:
        return f"{self._address}/{name}".encode()

    def open(self, name: str) -> int:
        """As of `Writer`."""
        return self._asked(self._library.smbc_open(self._url(name), os.O_CREAT | os.O_RDWR, 0o644))

    def write(self, handle: int, offset: int, content: bytes) -> None:
        """As of `Writer`."""
        self._asked(self._library.smbc_lseek(handle, offset, os.SEEK_SET))
        assert self._asked(self._library.smbc_write(handle, content, len(content))) == len(content)

    def resize(self, handle: int, size: int) -> None:
        """As of `Writer`."""
        self._asked(self._library.smbc_ftruncate(handle, size))

    def close(self, handle: int) -> None:
        """As of `Writer`."""
        self._asked(self._library.smbc_close(handle))

    def rename(self, name: str, other: str) -> None:
        """As of `Writer`."""
        self._asked(self._library.smbc_rename(self._url(name), self._url(other)))

    def touch(self, name: str, seconds: int) -> None:
        """As of `Writer`."""
        times = (ctypes.c_long * 4)(seconds, 0, seconds, 0)
        self._asked(self._library.smbc_utimes(self._url(name), times))
