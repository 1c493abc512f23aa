"""Ray as this project starts and joins it: on the loopback alone, gone at the end, faults in one sentence."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
STARTED = """
import os
from pathlib import Path
from edge_app.bench import process_stats
from edge_app.diagnostics import open_ports
from train import cluster

with cluster.joined("local", cpus=2, object_store_mb=100) as ray:
    print(sum(ray.get([ray.remote(lambda n: n * n).remote(n) for n in range(5)])))
    ours = process_stats.members(os.getpid())
    links = [link for pid in ours for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    open_files = {os.readlink(link) for link in links if os.path.lexists(link)}
    tables = [open_ports._sockets(Path("/proc/net", table), "0A") for table in ("tcp", "tcp6")]
    print([port for table in tables for port, inode in table if f"socket:[{inode}]" in open_files])
    print(*ours[1:])
    print(ray.nodes()[0]["NodeManagerAddress"])
"""
JOINED = """
import sys
from edge_app.errors import EdgeError
from train import cluster

try:
    with cluster.joined(sys.argv[1]):
        print("joined")
except EdgeError as error:
    sys.exit(str(error))
"""


def python(code: str, *words: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True)


def test_it_starts_on_the_loopback_alone_and_leaves_nothing():
    ran = python(STARTED)
    assert ran.returncode == 0, ran.stderr
    total, reachable, pids, address = ran.stdout.splitlines()
    assert (total, reachable, address) == ("30", "[]", "127.0.0.1")
    assert len(pids.split()) >= 4  # the store of the cluster, the node, and two workers
    names = [Path(f"/proc/{pid}/cmdline") for pid in pids.split()]
    assert [path for path in names if path.exists() and b"ray" in path.read_bytes()] == []
    assert ran.stderr == ""


def test_a_word_that_is_not_an_address_is_refused():
    ran = python(JOINED, "nonsense")
    assert (ran.returncode, ran.stdout) == (1, "")
    allowed = "allowed are 'local', and HOST:PORT as 'ray start --head' prints it."
    assert ran.stderr == f"--cluster: 'nonsense' is not the address of a cluster; {allowed}\n"


def test_an_address_where_nothing_listens_is_refused():
    ran = python(JOINED, "127.0.0.1:1")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("--cluster: nothing answers at '127.0.0.1:1' (Connection refused); start the cluster")
