"""`update install | list | rollback` with real environments: a bundle is drawn here, whose program is this very one."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.support.drawn_bundle import archive
from tests.support.signing import sign, trust

ROOT = Path(__file__).parents[3]
# Of a program that cannot even be started: what stands first in the environment is found first.
SPOILED = '(site / "numpy.py").write_text("raise ImportError(\'no such kernel\')")\n(site / "here.pth").unlink()'
# Of one whose doctor is well until it is in use. (A sitecustomize.py there would stand behind Debian's own.)
WELL_UNTIL_USED = """
(site / "used.pth").write_text("import os, sys; '/current/' in sys.executable and os._exit(3)\\n")
"""


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Path:
    """Return a prefix with release 1 in it, to be copied."""
    place = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("COVID_XRAY_STORE", str(place / "results.sqlite"))
        patched.setenv("COVID_XRAY_KEYS", str(place / "keys"))
        update(place / "prefix", "install", archive(place / "1.tar.gz", "1"))
    return place / "prefix"


@pytest.fixture
def with_first(first, prefix) -> Path:
    """Return a prefix with release 1 in it."""
    return Path(shutil.copytree(first, prefix, symlinks=True))


@pytest.fixture
def prefix(tmp_path, monkeypatch) -> Path:
    """Return an empty prefix."""
    monkeypatch.setenv("COVID_XRAY_STORE", str(tmp_path / "results.sqlite"))
    monkeypatch.setenv("COVID_XRAY_KEYS", str(tmp_path / "keys"))
    return tmp_path / "prefix"


def update(prefix: Path, *words, code=0) -> tuple[list[str], str]:
    """Run `update`; return its lines and what it complained of."""
    line = [sys.executable, "-m", "edge_app", "update", *map(str, words), "--prefix", str(prefix)]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, (done.stdout, done.stderr)
    return done.stdout.splitlines(), done.stderr


def in_use(prefix: Path) -> str:
    """Return the name of the release in use, once it has shown that it runs."""
    done = subprocess.run(
        [prefix / "current/bin/python", "-m", "edge_app", "--version"], capture_output=True, text=True, check=True
    )
    assert "model lite0-int8" in done.stdout
    return (prefix / "current").resolve().name.rpartition("-")[0]


def test_install_list_and_roll_back(with_first, tmp_path):
    prefix = with_first
    for version in ("2", "3"):
        _, said = update(prefix, "install", archive(tmp_path / f"{version}.tar.gz", version))
        assert "its signer is not known" in said
        assert in_use(prefix) == version
    lines, _ = update(prefix, "list")
    assert [(line.split("-")[0], line.split(": ")[1]) for line in lines] == [("3", "in use"), ("2", "kept")]
    update(prefix, "rollback")
    assert in_use(prefix) == "2"
    update(prefix, "rollback")
    assert in_use(prefix) == "3"
    assert not (prefix / "unpacked").exists()
    assert "is already the program in use" in update(prefix, "install", tmp_path / "3.tar.gz", code=2)[1]


REFUSALS = {
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-200]), "is damaged"),
    "no archive": (lambda path: path.write_bytes(b"no archive"), "is not a bundle of this program"),
    "a file outside": (lambda path: archive(path, "2", **{"../../outside": b"x"}), "not a plain file inside it"),
    "an installer that fails": (lambda path: archive(path, "2", "sys.exit('no wheel')"), "no wheel"),
    "a program that does not start": (lambda path: archive(path, "2", SPOILED), "the doctor cannot be run with it"),
    "a program that fails once used": (lambda path: archive(path, "2", WELL_UNTIL_USED), "the doctor cannot be run"),
    "missing": (lambda path: path.unlink(), "No such file"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_a_bundle_that_is_not_fit_is_refused(with_first, tmp_path, name):
    prefix = with_first
    path = archive(tmp_path / "2.tar.gz", "2")
    spoil, words = REFUSALS[name]
    spoil(path)
    _, said = update(prefix, "install", path, code=2)
    assert said.startswith(f"{path}: ")
    assert words in said
    assert in_use(prefix) == "1"
    assert [path.name.split("-")[0] for path in (prefix / "releases").iterdir()] == ["1"]
    assert not (tmp_path / "outside").exists()


def test_signatures(prefix, tmp_path):
    key = Ed25519PrivateKey.generate()
    trust(prefix, key)
    path = archive(tmp_path / "1.tar.gz", "1")
    assert "is not signed" in update(prefix, "install", path, code=2)[1]
    assert "none of the site's keys" in update(prefix, "install", sign(path, Ed25519PrivateKey.generate()), code=2)[1]
    assert not (prefix / "releases").exists()  # nothing of it was unpacked
    assert update(prefix, "install", sign(path, key))[1] == ""
    assert in_use(prefix) == "1"


def test_it_is_killed_at_any_moment(with_first, tmp_path):
    """Kill it and its children at every step that it makes on the disk: the old program is used then, or the new."""
    prefix = with_first
    path = archive(tmp_path / "2.tar.gz", "2")
    name = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    step, seen = 0, []
    while True:
        step += 1
        line = [sys.executable, "-c", KILLER, str(step), "update", "install", str(path), "--prefix", str(prefix)]
        with subprocess.Popen(line, cwd=ROOT, start_new_session=True, stderr=subprocess.PIPE, text=True) as process:
            code = process.wait()
            if code == -signal.SIGKILL:
                os.killpg(process.pid, signal.SIGKILL) if _alive(process.pid) else None
            else:
                assert code == 0, process.stderr.read()
        seen.append(in_use(prefix))
        if code == 0:
            break
        if seen[-1] == "2":
            update(prefix, "rollback")
    assert set(seen) <= {"1", "2"}
    assert {"1", "2"} == set(seen)
    assert (prefix / "current").resolve().name == f"2-{name}"
    assert step > 5


def _alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


# Runs the program and kills it before its n-th step: a rename, a link, or the start of a child.
KILLER = """
import os, runpy, signal, sys
last, steps = int(sys.argv.pop(1)), 0
def hook(event, args):
    global steps
    if event in ("os.rename", "os.symlink", "os.mkdir", "subprocess.Popen"):
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
sys.argv[0] = "edge_app"
runpy.run_module("edge_app", run_name="__main__", alter_sys=True)
"""
