"""A file is whole or not there: whoever writes it is killed, the disk is full, or somebody reads it meanwhile."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edge_app import atomic_io

# Writes one letter over and over into a file, a megabyte each time, beginning with 'A'.
WRITER = """
import sys
from itertools import cycle
from pathlib import Path
from edge_app import atomic_io
for letter in cycle("ABCDEFGH"):
    atomic_io.write(Path(sys.argv[1]), letter.encode() * 1_000_000)
"""


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def calls(monkeypatch):
    """The system calls that bring a file to the disk, in order; each is made."""
    made = []
    for name in ("fsync", "replace"):
        call = getattr(os, name)

        def noted(first, *rest, name=name, call=call):
            what = Path(f"/proc/self/fd/{first}").readlink() if name == "fsync" else first
            made.append((name, Path(what).name))
            return call(first, *rest)

        monkeypatch.setattr(os, name, noted)
    return made


def test_content_reaches_the_disk_before_the_name_and_then_the_folder(tmp_path, calls):
    atomic_io.write(tmp_path / "a.txt", b"one")
    with atomic_io.writing(tmp_path / "b.txt") as file:
        file.write(b"two")
    (tmp_path / "made").write_bytes(b"three")
    atomic_io.rename(tmp_path / "made", tmp_path / "c.txt")
    folder = ("fsync", tmp_path.name)
    assert calls == [
        *[("fsync", ".a.txt.part"), ("replace", ".a.txt.part"), folder],
        *[("fsync", ".b.txt.part"), ("replace", ".b.txt.part"), folder],
        *[("fsync", "made"), ("replace", "made"), folder],
    ]
    assert [(tmp_path / name).read_bytes() for name in files(tmp_path)] == [b"one", b"two", b"three"]


def test_a_folder_gets_its_name(tmp_path):
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "a.txt").write_text("one")
    atomic_io.rename(tmp_path / "made", tmp_path / "cache")
    assert (tmp_path / "cache" / "a.txt").read_text() == "one"


def test_a_link_points_elsewhere_in_one_step(tmp_path, calls):
    for target in ("one", "two"):
        atomic_io.link(tmp_path / "current", target)
        assert (tmp_path / "current").readlink() == Path(target)
    assert calls == [("replace", ".current.part"), ("fsync", tmp_path.name)] * 2
    assert files(tmp_path) == ["current"]


@pytest.mark.parametrize(("mode", "allowed"), [(0o600, 0o600), (atomic_io.MODE, 0o640)])
def test_mode_bits_are_those_asked_for_less_the_umask(tmp_path, mode, allowed):
    (tmp_path / ".key.part").write_text("left by a power cut, for all to read")
    (tmp_path / ".key.part").chmod(0o644)
    before = os.umask(0o027)
    try:
        atomic_io.write(tmp_path / "key", b"secret", mode)
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == allowed
    assert files(tmp_path) == ["key"]


def test_a_link_left_at_the_unfinished_name_is_not_followed(tmp_path):
    (tmp_path / "other").write_text("other")
    (tmp_path / ".a.part").symlink_to("other")
    atomic_io.write(tmp_path / "a", b"new")
    assert ((tmp_path / "other").read_text(), (tmp_path / "a").read_text()) == ("other", "new")


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic_io.writing(path) as file:
        file.write(b"half of the n")
        raise KeyboardInterrupt
    assert (path.read_text(), files(tmp_path)) == ("old", ["a.txt"])


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    code = (
        "import resource, signal, sys; from pathlib import Path; from edge_app import atomic_io;"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN); resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000));"
        "atomic_io.write(Path(sys.argv[1]), bytes(5000))"
    )
    ran = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True)
    assert ran.stderr.splitlines()[-1] == "OSError: [Errno 27] File too large"
    assert (path.read_text(), files(tmp_path)) == ("old", ["a.txt"])


def test_who_reads_meanwhile_and_after_a_kill_finds_a_whole_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes(b"A" * 1_000_000)
    for _ in range(5):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path])
        seen = set()
        while len(seen) < 3:
            content = path.read_bytes()
            assert content == content[:1] * 1_000_000
            seen.add(content[:1])
        writer.send_signal(signal.SIGKILL)
        writer.wait()
        content = path.read_bytes()
        assert content == content[:1] * 1_000_000
    assert set(files(tmp_path)) <= {"a.txt", ".a.txt.part"}
    atomic_io.write(path, b"after")
    assert (path.read_bytes(), files(tmp_path)) == (b"after", ["a.txt"])


def test_json_is_indented_and_ends_with_its_line(tmp_path):
    atomic_io.write_json(tmp_path / "a.json", {"one": [1]})
    assert (tmp_path / "a.json").read_text() == '{\n "one": [\n  1\n ]\n}\n'
    with pytest.raises(TypeError, match="not JSON serializable"):
        atomic_io.write_json(tmp_path / "a.json", {"one": object()})
    assert (tmp_path / "a.json").read_text() == '{\n "one": [\n  1\n ]\n}\n'


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_written_all_the_same(tmp_path):
    tmp_path.chmod(0o300)
    atomic_io.write(tmp_path / "a.txt", b"one")
    tmp_path.chmod(0o700)
    assert files(tmp_path) == ["a.txt"]


def test_the_second_of_two_that_hold_a_folder_is_told(tmp_path):
    with atomic_io.alone(tmp_path), pytest.raises(BlockingIOError), atomic_io.alone(tmp_path):
        pass
    with atomic_io.alone(tmp_path):
        pass
