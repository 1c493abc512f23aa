"""A program run on a disk that fails at one of its calls, and what must hold after it."""

import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.disk_faults import Disk

ROOT = Path(__file__).parents[2]
# Seconds that a run may take, on a machine that does much else.
AT_MOST = 120
# Ends of temporary files of this program, SQLite and the packages it uses.
TEMPORARY = (".part", ".tmp", ".gone", "-journal", ".staged")
# Of a run of calls of one kind to one file, as a transaction makes, these are tried: the first, the middle, the last.
OF_A_RUN = (0.0, 0.5, 1.0)


@dataclass(frozen=True)
class Case:
    """Which call fails, how, and whether all behind it do."""

    at: int
    kind: str
    lasts: bool

    def __str__(self) -> str:
        return f"{self.kind} {'from' if self.lasts else 'at'} call {self.at}"


@dataclass
class Ran:
    """What a program did.

    Attributes:
        code: exit code; negative: a signal.
        lines: what it printed, stdout and stderr in their order.
        kept: what it acknowledged, as a program of `programs` understands it.
    """

    code: int
    lines: list[str]
    kept: dict = field(default_factory=dict)

    @property
    def text(self) -> str:
        """All that was printed."""
        return "\n".join(self.lines)


@dataclass
class Program:
    """A command that writes to the disk.

    Attributes:
        name: of it, in a report.
        words: of (folder of the failing disk, folder beside it) -> command line.
        prepare: makes both folders as they are before.
        broken: of (disk, what ran) -> what is not whole; called after each run.
        state: of disk -> what it holds, to compare with that of a run without a fault.
        drive: runs the command, by the environment; None: it is started and waited for.
        codes: exit codes of a run in which all went well.
        settled: what the program says, with exit code 2, where the first run has done all that was left to do.
        late: what it acknowledged it may do after the next start; its exit code does not say that all is done.
        once: doing it twice is another thing, such as going back and forth; then only the data are looked at after it.
    """

    name: str
    words: Callable[[Path, Path], list]
    prepare: Callable[[Path, Path], None]
    broken: Callable[[Path, Ran], list[str]]
    state: Callable[[Path], object]
    drive: Callable[["Program", Path, Path, Mapping[str, str]], Ran] | None = None
    codes: tuple[int, ...] = (0,)
    settled: str = "\0"
    late: bool = False
    once: bool = False

    def run(self, disk: Path, beside: Path, environment: Mapping[str, str]) -> Ran:
        """Run it once."""
        if self.drive:
            return self.drive(self, disk, beside, environment)
        return ended(self.words(disk, beside), environment)


def ended(words: list, environment: Mapping[str, str]) -> Ran:
    """Run a command to its end; one that hangs is killed, and its code is that of SIGKILL."""
    process = subprocess.Popen(
        [str(word) for word in words],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="surrogateescape",
        start_new_session=True,
    )
    try:
        out, _ = process.communicate(timeout=AT_MOST)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, _ = process.communicate()
        out += "\nTIMEOUT"
    return Ran(process.returncode, out.splitlines())


class Bench:
    """A program's folders, made anew for each case out of a copy."""

    def __init__(self, program: Program, folder: Path):
        """Prepare both folders, and run the program once without a fault."""
        self.program, self._folder = program, folder
        self.disk, self._kept = folder / "disk", folder / "kept"
        self.beside = folder / "beside"
        for path in (self.disk, self.beside):
            path.mkdir(parents=True)
        program.prepare(self.disk, self.beside)
        shutil.copytree(self.disk, self._kept, symlinks=True)
        ran, fault = self._run(None)
        if ran.code not in program.codes:
            raise AssertionError(f"{program.name} fails without a fault: {ran.text}")
        self.calls = fault.list()
        self.clean = program.state(self.disk)
        self.names = _names(self.disk)
        if found := program.broken(self.disk, ran):
            raise AssertionError(f"{program.name} is not whole without a fault: {found}")

    def numbers(self) -> list[int]:
        """Return the numbers of the calls that are tried: of many alike in a row, three."""
        runs: list[list[int]] = []
        last = None
        for number, call, path, _ in self.calls:
            if (call, path) != last:
                runs.append([])
            runs[-1].append(int(number))
            last = (call, path)
        return sorted({run[round(share * (len(run) - 1))] for run in runs for share in OF_A_RUN})

    def tried(self, case: Case) -> tuple[str, list[str], str]:
        """Run a case, and again without a fault.

        Returns:
            The outcome; what was wrong; and the last sentence of the program.
        """
        shutil.rmtree(self.disk)
        shutil.copytree(self._kept, self.disk, symlinks=True)
        ran, fault = self._run(case)
        wrong = list(self._wrong(ran, fault, case.kind == "killed"))
        sentence = next((line for line in reversed(ran.lines) if _is_sentence(line)), "")
        if not fault.failed:
            return "not met", wrong, sentence
        again, _ = self._run(None)
        wrong += [f"next start: {one}" for one in self._wrong_again(again)]
        if case.kind == "killed":
            return "killed", wrong, ""
        return ("told" if ran.code not in self.program.codes else "went on"), wrong, sentence

    def _run(self, case: Case | None) -> tuple[Ran, Disk]:
        fault = Disk(self.disk, self.beside)
        if case:
            fault.fails(case.kind, case.at, case.lasts)
        return self.program.run(self.disk, self.beside, fault.environment), fault

    def _wrong(self, ran: Ran, fault: Disk, killed: bool) -> Iterator[str]:
        program = self.program
        if killed:
            yield from program.broken(self.disk, ran)
            return
        yield from _unfit(ran)
        if ran.code not in program.codes and not any(map(_is_sentence, ran.lines)):
            yield f"exit code {ran.code} without a sentence: {ran.text[-300:]!r}"
        yield from program.broken(self.disk, ran)
        if ran.code in program.codes and not program.late and fault.failed and program.state(self.disk) != self.clean:
            yield "exit code as if all were well, and something is missing"

    def _wrong_again(self, ran: Ran) -> Iterator[str]:
        yield from _unfit(ran)
        program = self.program
        if ran.code not in program.codes and program.settled not in ran.text:
            yield f"exit code {ran.code}: {ran.text[-300:]!r}"
        yield from program.broken(self.disk, ran)
        if not program.once and program.state(self.disk) != self.clean:
            yield "something is missing, or is there twice"
        left = [name for name in _names(self.disk) - self.names if name.endswith(TEMPORARY)]
        if left:
            yield f"temporary files are left: {sorted(left)}"


def _unfit(ran: Ran) -> Iterator[str]:
    if "Traceback (most recent call last)" in ran.text:
        yield f"a traceback: {ran.lines[-1]}"
    if "TIMEOUT" in ran.lines:
        yield "it hung"
    elif ran.code < 0:
        yield f"it died of signal {-ran.code}"
    if "report it" in ran.text:
        yield f"taken for a fault of this program: {next(line for line in ran.lines if 'report it' in line)}"


def _is_sentence(line: str) -> bool:
    """Say whether a line tells where, what, and what to do."""
    return bool(re.match(r"^[^{].*: .*[;(].*[.]$", line.strip()))


def _names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def integrity(path: Path) -> list[str]:
    """Return what SQLite finds wrong with a file; a file that is not there, or is empty, is well."""
    if not path.exists() or not path.stat().st_size:
        return []
    with closing(sqlite3.connect(path)) as base:
        try:
            (found,) = base.execute("PRAGMA integrity_check(1)").fetchone()
        except sqlite3.Error as error:
            found = str(error)
    return [] if found == "ok" else [f"{path.name}: {found}"]


def rows(path: Path, query: str) -> list[tuple]:
    """Return what a query finds in a file of SQLite; nothing where there is no such file or table."""
    if not path.exists() or not path.stat().st_size:
        return []
    with closing(sqlite3.connect(path)) as base:
        try:
            return sorted(base.execute(query).fetchall())
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


def until(holds: Callable[[], object], seconds: float = AT_MOST) -> bool:
    """Wait until something holds; say whether it did."""
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
