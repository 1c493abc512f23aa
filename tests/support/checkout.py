"""A copy of this checkout in which commands run as they are printed, without touching the real one."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
# What a command may take before it counts as hung; on a busy machine one that starts Ray took more than 120.
SECONDS = 600
# Settings of the tests' own surroundings. A `make` that runs below another prints the folders that it enters.
NOT_INHERITED = ("COVID_XRAY", "PYTEST", "MAKE", "MFLAGS")
NOT_COPIED = shutil.ignore_patterns(".git", ".venv*", "build", "runs", "__pycache__", ".pytest_cache", ".ruff_cache")


class Checkout:
    """A copy of the repository's files, with both environments, and a home of its own.

    Attributes:
        path: the folder of the copy.
        environment: the variables with which commands run.
    """

    def __init__(self, path: Path):
        """Copy the files to `path`, which must not be there yet."""
        self.path = path
        shutil.copytree(ROOT, path, ignore=NOT_COPIED)
        for name in (".venv", ".venv-edge"):
            self._borrow(name)
        program = path / ".venv-edge/bin/covid-xray"
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{path}/.venv-edge/bin/python" -m edge_app "$@"\n')
        program.chmod(0o755)
        home = path.parent / f"{path.name}-home"
        home.mkdir()
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)},
            "PATH": f"{path}/.venv-edge/bin:{os.environ['PATH']}",
            "HOME": str(home),
            "XDG_DATA_HOME": str(home / ".local/share"),
            "PYTHONDONTWRITEBYTECODE": "1",
            # Commands that run tests only collect them here: those tests run by themselves.
            "PYTEST_ADDOPTS": "--collect-only -q -p no:cacheprovider",
        }

    def _borrow(self, name: str) -> None:
        """Make programs of a real environment callable under its name, and its stamps newer than the requirements."""
        folder = self.path / name / "bin"
        folder.mkdir(parents=True)
        for program in (ROOT / name / "bin").iterdir():
            if re.match(r"python|pip|pybabel|gunicorn|covid", program.name):
                (folder / program.name).write_text(f'#!/bin/sh\nexec "{program}" "$@"\n')
                (folder / program.name).chmod(0o755)
        for stamp in ("ready", "ready-tests"):
            (folder.parent / stamp).touch()

    def run(self, command: str) -> subprocess.CompletedProcess:
        """Run a command line in bash, in the copy's folder; stdout and stderr come back as one text."""
        return subprocess.run(
            ["bash", "-c", command],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def serve(self, command: str, sign: str, then=None) -> str:
        """Start a command that goes on until it is stopped, and stop it once a line of it holds the pattern `sign`.

        `then` is called before with that line's match. Returns all lines until then.
        """
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=self.path,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        told = []
        with process:
            try:
                for line in process.stdout:
                    told.append(line)
                    if found := re.search(sign, line):
                        if then:
                            then(found)
                        return "".join(told)
            finally:
                os.killpg(process.pid, signal.SIGTERM)
        raise AssertionError(f"{command}: ended without {sign!r}: {''.join(told)}")
