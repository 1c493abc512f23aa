"""The services as their units start them: command, variables, limit of descriptors, and a systemd that listens."""

import contextlib
import os
import re
import resource
import shlex
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

from edge_app.system import places

ROOT = Path(__file__).parents[3]
NAMES = ("page", "watch", "camera", "dicom")
# Seconds: of a start, as TimeoutStartSec=; of a stop, as TimeoutStopSec=; before a restart, as RestartSec=.
START, STOP, RESTART = 180, 30, 1


class Service:
    """One service in its control group.

    Attributes:
        name: of its unit, `covid-xray-NAME`.
        starts: how often it was started: more than once if it died.
        longest_silence: seconds between two signs of life.
        lines: of its stdout, for `read`.
    """

    def __init__(self, name: str, group, folder: Path, options: Mapping[str, str]):
        """Start it, and wait until it is ready.

        Args:
            name: of `NAMES`.
            group: `cgroup.Group`, or None for none.
            folder: holds `state` for /var/lib/covid-xray, `run` and `journal`.
            options: in place of those of covid-xray.conf.
        """
        self.name, self._group, self._folder = name, group, folder
        self._run = folder / "run" / f"covid-xray-{name}"
        self._run.mkdir(parents=True, exist_ok=True)
        self._command, self._variables = started(name, folder, options)
        self.starts, self.longest_silence, self._ending = 0, 0.0, False
        self.read = lambda line: None
        self.start()

    def start(self) -> None:
        """Start it, also again."""
        # An abstract address: one of a file may have 107 bytes only.
        address = f"soak-{os.getpid()}-{self.name}-{self.starts}"
        self._notices = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._notices.bind(f"\0{address}")
        variables = self._variables | {"NOTIFY_SOCKET": f"@{address}", "WATCHDOG_USEC": "120000000"}
        # As in a unit: Nice=5.
        command = ["nice", "-n", "5", *self._command]
        with (self._folder / "journal").open("ab") as journal:
            self.process = subprocess.Popen(
                self._group.entered(command) if self._group else command,
                env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONPATH": str(ROOT), **variables},
                cwd=self._run,
                stdout=subprocess.PIPE,
                stderr=journal,
                text=True,
                preexec_fn=_limit,
            )
        self.starts += 1
        ready = threading.Event()
        threading.Thread(target=self._listen, args=(self._notices, ready), daemon=True).start()
        self._reader = threading.Thread(target=self._read, args=(self.process,), daemon=True)
        self._reader.start()
        if not ready.wait(START) or self.process.poll() is not None:
            self.close()
            raise RuntimeError(
                f"{self.name}: ended, or was not ready within {START} s; see {self._folder / 'journal'}."
            )

    def lives(self) -> bool:
        """Return whether it runs; start it again, as systemd does, if it died."""
        if self._ending or self.process.poll() is None:
            return True
        time.sleep(RESTART)
        self.start()
        return False

    def stop(self) -> int:
        """Stop it; return its exit code."""
        self._ending = True
        self.process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(STOP)
        self.process.kill()
        return self.process.wait()

    def close(self) -> None:
        """End it, if it still runs."""
        self._ending = True
        self.process.kill()
        self.process.wait()
        self._reader.join()

    def _listen(self, notices: socket.socket, ready: threading.Event) -> None:
        last, process = 0.0, self.process
        notices.settimeout(1)
        while process.poll() is None:
            with contextlib.suppress(TimeoutError):
                told = notices.recv(4096)
                if b"READY=1" in told:
                    ready.set()
                if b"WATCHDOG=1" in told:
                    now = time.monotonic()
                    self.longest_silence = max(self.longest_silence, now - last if last else 0)
                    last = now
        ready.set()
        notices.close()

    def _read(self, process: subprocess.Popen) -> None:
        with process.stdout:
            for line in process.stdout:
                self.read(line)


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, 1024))  # LimitNOFILE=
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # LimitCORE=


def started(name: str, folder: Path, options: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command and the variables of a unit, its places moved into a folder.

    Args:
        name: of `NAMES`.
        folder: takes the place of /var/lib, /run and /srv.
        options: variables in place of those of covid-xray.conf.
    """
    unit = places.HERE / "units" / f"covid-xray-{name}.service"
    text = unit.read_text(encoding="utf-8").replace("%t", str(folder / "run"))
    text = text.replace("/var/lib/covid-xray", str(folder / "state"))
    conf = (places.HERE / "covid-xray.conf").read_text(encoding="utf-8")
    variables = {}
    for words in re.findall(r"^Environment=(.*)", text, re.MULTILINE):
        variables |= dict(word.split("=", 1) for word in words.split())
    variables |= dict(re.findall(r"^([A-Z_]+)=(.*)", conf, re.MULTILINE)) | dict(options)
    line = re.search(r"^ExecStart=(.*)", text, re.MULTILINE)[1]
    words = []
    for word in line.split()[1:]:
        if word.startswith("$") and word[1] != "{":  # several words, or none
            words += shlex.split(variables[word[1:]])
        else:
            words.append(re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], word))
    return [sys.executable, "-m", "edge_app", *words], variables
