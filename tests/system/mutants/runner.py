"""Runs tests in forked children: pytest and large libraries are imported once, what may be a mutant anew each time."""

import contextlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.system.mutants.contexts import Contexts
from tests.system.mutants.report import KILLED, SURVIVED, TIMED_OUT

# A mutant may allocate or write without end.
MOST_MEMORY, MOST_FILE = 8 << 30, 1 << 30
# pytest's exit code if every test passed.
PASSED = 0
# Large libraries that no mutant lies in.
SHARED = ("coverage", "cv2", "numpy", "PIL.Image", "pydicom", "pytest")


def copy_tree(root: Path, tree: Path) -> None:
    """Make `tree` what git knows of `root`, changes that are not committed included."""
    line = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(line, cwd=root, capture_output=True, text=True, check=True).stdout.split("\0")
    shutil.rmtree(tree, ignore_errors=True)
    for name in filter(None, names):
        if (root / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, tree / name)


class Runner:
    """Runs tests of a copy of the repository."""

    def __init__(self, tree: Path, scratch: Path):
        """Take the copy, and a folder for what tests and pytest write."""
        self._tree, self._scratch = tree, scratch
        self._written = 0
        for name in SHARED:
            __import__(name)

    def contexts(self, tests: Sequence[str], path: Path) -> None:
        """Run all tests, and write to `path` which lines each of them runs, of `contexts.Contexts.save`."""

        def work() -> int:
            import pytest

            seen = Contexts(self._tree)
            code = pytest.main(self._line(tests), plugins=[seen])
            seen.save(path)
            return int(code)

        self._forked(work, 3600)

    def outcome(self, tests: Sequence[str], limit_s: float) -> str:
        """Run tests until one fails: `KILLED`, `SURVIVED` if all pass, or `TIMED_OUT`."""

        def work() -> int:
            import pytest

            return int(pytest.main(["-x", *self._line(tests)]))

        code = self._forked(work, limit_s)
        return TIMED_OUT if code is None else SURVIVED if code == PASSED else KILLED

    def write(self, module: str, code: str) -> None:
        """Change a file of the copy, with a time that no compiled file of it has."""
        path = self._tree / module
        path.write_text(code, encoding="utf-8")
        self._written += 1
        os.utime(path, (time.time() + self._written,) * 2)

    def _line(self, tests: Sequence[str]) -> list[str]:
        options = ["-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:randomly", "--rootdir", str(self._tree)]
        return [*options, "-c", str(self._tree / "pyproject.toml"), "--basetemp", str(self._scratch / "tmp"), *tests]

    def _forked(self, work, limit_s: float) -> int | None:
        """Return the exit code of `work` in a child of its own group; None if it took longer."""
        sys.stdout.flush()
        child = os.fork()
        if not child:
            self._begin()
            code = 3
            try:
                code = work()
            except BaseException:
                import traceback

                traceback.print_exc()
            finally:
                sys.stdout.flush()
                os._exit(code)
        until = time.monotonic() + limit_s
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended or time.monotonic() > until:
                break
            time.sleep(0.02)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)  # with what its tests have left
        if not ended:
            os.waitpid(child, 0)
            return None
        return os.waitstatus_to_exitcode(status)

    def _begin(self) -> None:
        os.setsid()
        os.chdir(self._tree)
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MOST_FILE, MOST_FILE))
        log = os.open(self._scratch / "last.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(log, 1)
        os.dup2(log, 2)
        sys.path.insert(0, str(self._tree))
        for name in [name for name in sys.modules if name.partition(".")[0] in ("tests", "edge_app")]:
            del sys.modules[name]
