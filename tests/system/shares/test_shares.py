"""`make test-shares`: 2,000 films copied slowly into a share that this machine serves, the watch killed 20 times.

As root, with Debian's samba, libsmbclient, smbnetfs, nfs-ganesha-vfs, rpcbind and libnfs13; without them it is skipped.
The films go through the network to a server, which writes them into the folder that is watched: that of a Pi which is
the share. Or the watch looks into the share through a mount, by FUSE: a kernel's own needs its modules. That is slow,
since each look asks the server for each file, and so takes a tenth of the films and kills.
"""

import contextlib
import getpass
import os
import shutil
import time

import pytest

from tests.support import watched_copies
from tests.support.watch import once
from tests.system.shares import nfs, smb

COUNT, KILLS = int(os.environ.get("FILMS", "2000")), int(os.environ.get("KILLS", "20"))
# Seconds: the longest break of a copy, and the patience of the watch.
STALL, PATIENCE = 5.0, 20
SHARES = {
    "Samba": (smb, "Smb", "smbd"),
    "Samba, mounted": (smb, "Smb", "smbnetfs"),
    "NFS": (nfs, "Nfs", "ganesha.nfsd"),
}


@pytest.mark.parametrize("share", SHARES)
def test_every_film_through_a_share_is_judged_whole_and_once(share, tmp_path):
    module, writer, server = SHARES[share]
    if os.geteuid() or not shutil.which(server):
        pytest.skip(f"needs {server}, and to be root")
    inbox, folder = tmp_path / "inbox", tmp_path / "server"
    inbox.mkdir()
    folder.mkdir()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        address = stack.enter_context(module.served(inbox, folder, getpass.getuser()))
        if server == "smbnetfs":
            inbox = stack.enter_context(smb.mounted(folder))
        count, kills = (COUNT // 10, KILLS // 10) if server == "smbnetfs" else (COUNT, KILLS)
        with watched_copies.copying(f"{module.__name__}:{writer}", address, count, STALL, processes=2) as fine:
            words = ["--patience", f"{PATIENCE}"]
            store = watched_copies.watch_and_kill(inbox, tmp_path, count, kills, words, fine)
        watched_copies.check(store, inbox, count)
        assert once("--store", store, inbox) == ([], "")
    print(f"{share}: {count} films in {time.monotonic() - began:.0f} s, {kills} kills: each judged whole, once")
