"""The machinery of `decode_pool`: a guard that forks children, limits on what they use, and the line to the parent.

What the children do with a film is not known here: it is a function that `decode_pool` hands over.
"""

import contextlib
import gc
import marshal
import os
import select
import signal
import time
from collections import deque, namedtuple
from collections.abc import Callable
from typing import NoReturn

# Films that a child is given ahead of the one that is taken: with 3 it has one to decode while another is taken.
SLOTS = 3
# Pixels begin here in a slot; before it is a request or an answer, of at most two paths of 4,096 bytes.
PIXELS = 1 << 16
# Larger slots are given back to the system when they have been read.
LARGEST_KEPT = 1 << 22
# States of a slot.
ASKED, READING, DONE, FAILED, DIED = range(5)
KILL = signal.SIGKILL

Limits = namedtuple("Limits", "seconds memory_mb")
# (path, least side, notes the film's hash) -> the answer that the parent gets, DONE or FAILED first, and pixels.
Work = Callable[[str, int, Callable[[str], None]], tuple[tuple, bytes]]


class Line:
    """The pipes to and from one child, and its slots; the parent makes them before it forks."""

    def __init__(self):
        self.free = deque(range(SLOTS))
        self._slots = [_memory_file() for _ in range(SLOTS)]
        self._requests, self._ask = os.pipe()
        self._answers, self._tell = os.pipe()

    # --- the parent ---

    def keep_parents_ends(self) -> None:
        """Close the ends of the child."""
        os.close(self._requests)
        os.close(self._tell)

    def ask(self, slot: int, path: str, least_side: int) -> None:
        """Ask for a film."""
        self._put(slot, (ASKED, path, least_side))
        with contextlib.suppress(BrokenPipeError):  # `wait` will say so
            os.write(self._ask, bytes([slot]))

    def wait(self, slot: int, seconds: float) -> bool:
        """Wait for the answer to the request in a slot; False if none came, or none will."""
        end = time.monotonic() + seconds
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        while (left := end - time.monotonic()) > 0 and poll.poll(left * 1000):
            told = os.read(self._answers, 1)
            if not told or told[0] == slot:
                return bool(told)
            self.free.append(told[0])  # asked for by somebody who did not stay to take it
        return False

    def answer(self, slot: int) -> tuple:
        """Return (state, ...) as the child left it."""
        return marshal.loads(os.pread(self._slots[slot], PIXELS, 0))

    def pixels(self, slot: int, height: int, width: int):
        """Return uint8 (height, width)."""
        import numpy as np

        grey = np.empty((height, width), np.uint8)
        view, start = grey.data.cast("B"), 0
        while start < len(view):
            start += os.preadv(self._slots[slot], [view[start:]], PIXELS + start)
        if start > LARGEST_KEPT:
            os.ftruncate(self._slots[slot], PIXELS)
        return grey

    def close(self) -> None:
        """Close the parent's ends."""
        for descriptor in (self._ask, self._answers, *self._slots):
            os.close(descriptor)

    # --- the guard and the child ---

    def keep_childs_ends(self) -> None:
        """Close the ends of the parent, so that a child sees when it goes."""
        os.close(self._ask)
        os.close(self._answers)

    def childs_ends(self) -> tuple[int, ...]:
        """Return the descriptors that the child keeps."""
        return (self._requests, self._tell, *self._slots)

    def close_childs_ends(self) -> None:
        """Close them, so that the parent sees when the child that they are for is gone."""
        for descriptor in self.childs_ends():
            os.close(descriptor)

    def request(self) -> tuple[int, str, int]:
        """Wait for a request; return (slot, path, least_side)."""
        slot = os.read(self._requests, 1)
        if not slot:
            os._exit(0)
        _, path, least_side = self.answer(slot[0])
        self._put(slot[0], (READING, ""))
        return slot[0], path, least_side

    def reading(self, slot: int, sha256: str) -> None:
        """Note the hash of the film that is being decoded, for the guard to find."""
        self._put(slot, (READING, sha256))

    def tell(self, slot: int, answer: tuple, pixels: bytes = b"") -> None:
        """Answer a request."""
        if pixels:
            os.ftruncate(self._slots[slot], PIXELS + len(pixels))
            view, start = memoryview(pixels), 0
            while start < len(view):
                start += os.pwrite(self._slots[slot], view[start:], PIXELS + start)
        self._put(slot, answer)
        os.write(self._tell, bytes([slot]))

    def bury(self, code: int) -> bool:
        """Answer for a child that has died with a film in its hands; False if it had none."""
        for slot in range(SLOTS):
            state, *rest = self.answer(slot)
            if state == READING:
                self.tell(slot, (DIED, code, rest[0]))
                return True
        return False

    def _put(self, slot: int, values: tuple) -> None:
        os.pwrite(self._slots[slot], marshal.dumps(values), 0)


def guard(lines: list[Line], work: Work, prepare: Callable[[], None], limits: Limits) -> None:
    """Fork a child for every line, and another whenever one dies; never returns.

    Args:
        lines: to the children.
        work: what a child does with a film.
        prepare: what a child does while there is no film yet.
        limits: of a child.
    """
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)  # out of the terminal's reach: Ctrl-C is for the parent, which ends us
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        for line in lines:
            line.keep_childs_ends()
        nowhere = os.open(os.devnull, os.O_RDWR)
        # Who reads the parent's output must not wait for us. Where it came without one, the number may be ours.
        for descriptor in {0, 1, 2}.difference(*(line.childs_ends() for line in lines)):
            os.dup2(nowhere, descriptor)
        children = {_fork(line, lines, work, prepare if line is lines[0] else None, limits): line for line in lines}
        while children:
            pid, status = os.wait()
            line, code = children.pop(pid), os.waitstatus_to_exitcode(status)
            if code:  # else the parent has gone
                # One that dies before its first film would die again while it prepares: let it do so with a film.
                children[_fork(line, lines, work, prepare if line.bury(code) else None, limits)] = line
    finally:
        os._exit(0)


def _fork(line: Line, lines: list[Line], work: Work, prepare: Callable[[], None] | None, limits: Limits) -> int:
    pid = os.fork()
    if not pid:
        _be_child(line, lines, work, prepare, limits)
    return pid


def _be_child(
    line: Line, lines: list[Line], work: Work, prepare: Callable[[], None] | None, limits: Limits
) -> NoReturn:
    try:
        for other in lines:
            if other is not line:
                other.close_childs_ends()
        _limit(limits)
        if prepare:
            prepare()
        gc.freeze()  # what was imported stays
        gc.enable()  # see `__main__`
        while True:
            _serve(line, work, limits)
    except BrokenPipeError:
        os._exit(0)
    finally:
        os._exit(1)


def _limit(limits: Limits) -> None:
    import resource

    # If the machine runs out of memory, the kernel should kill this child and not the parent.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:  # noqa: PTH123
        file.write("1000")
    held = 0
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:  # noqa: PTH123
        held = int(file.read().split()[5]) * resource.getpagesize()  # data and stack, proc(5)
    most = held + limits.memory_mb * 1_000_000
    _, highest = resource.getrlimit(resource.RLIMIT_DATA)
    if highest == resource.RLIM_INFINITY or most < highest:
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # numpy's threads would be 8 MB each for nothing


def _serve(line: Line, work: Work, limits: Limits) -> None:
    """Answer one request."""
    slot, path, least_side = line.request()
    signal.setitimer(signal.ITIMER_REAL, limits.seconds)
    started = time.perf_counter()
    answer, pixels = work(path, least_side, lambda sha256: line.reading(slot, sha256))
    signal.setitimer(signal.ITIMER_REAL, 0)
    if answer[0] == DONE:
        answer += ((time.perf_counter() - started) * 1000,)
    line.tell(slot, answer, pixels)


def obituary(code: int, limits: Limits) -> str:
    """Return why a child died, to read after the path; `code` is that of `os.waitstatus_to_exitcode`."""
    if code == -signal.SIGALRM:
        return f"took longer than {limits.seconds:g} s to decode; export it again, as PNG"
    if code == -signal.SIGKILL:
        return (
            f"its decoder was killed, most likely for want of memory (it may use {limits.memory_mb:,} MB); "
            "export a smaller picture"
        )
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
    return f"crashed its decoder ({how}); it is damaged: copy it again from where it came from"


def _memory_file() -> int:
    """Return the descriptor of a file that lies in memory alone."""
    try:
        slot = os.memfd_create("film")
    except (AttributeError, OSError):  # not Linux, or an old one
        import tempfile

        with tempfile.TemporaryFile() as file:
            slot = os.dup(file.fileno())
    os.ftruncate(slot, PIXELS)
    os.pwrite(slot, marshal.dumps((ASKED, "", 0)), 0)
    return slot
