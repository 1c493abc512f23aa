"""A worker's judge: the process `judging`, which is started again when a film kills it.

A decoder that dies costs its film alone (`edge_app.workers.decode_pool`). If the whole process dies, the films that
were in its hands are given to the next one by one, and the one over which that dies again is told as failed.
"""

import contextlib
import hashlib
import json
import os
import select
import subprocess
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path

from edge_app.errors import ModelMismatch
from edge_app.screening.result import Failed

# Paths that wait in the process's stdin: it decodes three films ahead and judges three, and the pipe holds the others.
AHEAD = 16
# Seconds for one film: the limit of its decoder (`decode_pool.SECONDS`, GRACE), and as much again for the networks on
# a machine that is busy. Then the process is taken for hung.
SECONDS = 60
# Seconds to load the model, on a machine that is busy.
START = 120


class Judge:
    """Judges films in a process of their own.

    Attributes:
        context: what holds for every film, of `RunContext.row`.
        labels: of the model's scores.
    """

    def __init__(self, settings: dict):
        """Start the process.

        Args:
            settings: `model`, `rule` and `site`, as of `judging.main`.

        Raises:
            EdgeError: the model or the site's calibration cannot be used.
        """
        self._settings = settings
        self._start()

    def rows(self, paths: Iterable[Path]) -> Iterator[dict]:
        """Judge films; yields a line a film in the order given, as `judging` prints it."""
        waiting: deque[Path] = deque()
        one_by_one = 0  # films that were in the hands of a process that died
        todo = iter(paths)
        again: deque[Path] = deque()
        while True:
            most = 1 if one_by_one else AHEAD
            while len(waiting) < most and (path := again.popleft() if again else next(todo, None)) is not None:
                waiting.append(path)
                self._ask(path)
            if not waiting:
                return
            line = self._answer()
            if line is None:
                if one_by_one:  # it alone was there, for the second time
                    line = self._failed(waiting[0])
                else:
                    one_by_one = len(waiting)
                    again.extendleft(reversed(waiting))
                    waiting.clear()
                self._restart()
                if line is None:
                    continue
            waiting.popleft()
            one_by_one = max(0, one_by_one - 1)
            yield line

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._asked, self._told):
            with contextlib.suppress(OSError):
                pipe.close()

    def _start(self) -> None:
        command = [sys.executable, "-m", "train.archive.judging", json.dumps(self._settings)]
        root = Path(__file__).parents[2]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")])}
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment
        )
        assert self._process.stdin and self._process.stdout  # since they are pipes
        self._asked, self._told, self._rest = self._process.stdin, self._process.stdout, b""
        first = self._answer(START)
        if first is None or "fault" in first:
            self.close()
            died = f"{self._settings['model']}: kills the program that loads it; convert it anew."
            raise ModelMismatch(first["fault"] if first else died)
        self.context: dict = first["context"]
        self.labels: tuple[str, ...] = tuple(first["labels"])

    def _restart(self) -> None:
        self.close()
        self._start()

    def _ask(self, path: Path) -> None:
        with contextlib.suppress(BrokenPipeError):  # `_answer` will say so
            self._asked.write(os.fsencode(path) + b"\0")
            self._asked.flush()

    def _answer(self, seconds: float = SECONDS) -> dict | None:
        """Return the next line; None if the process has died, or hangs."""
        descriptor = self._told.fileno()
        while b"\n" not in self._rest:
            if not select.select([descriptor], [], [], seconds)[0]:
                return None
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                return None
            self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return json.loads(line)

    def _failed(self, path: Path) -> dict:
        why = "this program died twice while it judged this film; have a person read it, and report the fault"
        sha256 = ""
        with contextlib.suppress(OSError):
            sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        return {**Failed(path, f"{path}: {why}.", sha256).row(), **self.context, "facts": {}}
