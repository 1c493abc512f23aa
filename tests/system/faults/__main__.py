"""`make faults`: every program that writes, on a disk that fails at each of its calls in turn.

It may be stopped and goes on where it was; `build/faults/cases.jsonl` holds what was tried.
"""

import argparse
import importlib.util
import sys
from pathlib import Path

from tests.support import faulty_programs as edge
from tests.system.faults import walk

OUT = Path("build/faults")


def programs() -> list:
    """Return the programs of this environment, the quick ones first."""
    if importlib.util.find_spec("tensorflow"):  # the environment of the desk
        from tests.system.faults import desk

        return desk.programs()
    from tests.system.faults import models, services

    return [
        edge.with_store(),
        edge.with_store("watch"),
        edge.with_files(),
        edge.with_events(),
        edge.forgetting(),
        edge.deidentifying(),
        *models.programs(OUT),
        *services.programs(),
    ]


def main() -> int:
    """Walk; exit code 1 if anything was wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="try each N-th call (default: all)")
    parser.add_argument("--only", default="", metavar="NAME", help="programs whose name holds this")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    done = OUT / "cases.jsonl"
    for program in programs():
        if args.only in program.name:
            walk.walk(program, done, args.every)
    found = walk.read(done)
    wrong = [] if args.only else _clock_and_memory()
    print(walk.table(found))
    for sentence in sorted({row["sentence"] for row in found if row["outcome"] == "told"}):
        print(f"  {sentence}")
    return int(bool(wrong) or any(row["wrong"] for row in found))


def _clock_and_memory() -> list[str]:
    """Try clocks and kills in the edge's environment; return what was wrong."""
    if importlib.util.find_spec("tensorflow"):
        return []
    from tests.system.faults import clock, memory, real

    wrong = []
    for name, shown, found in clock.tried():
        print(f"{name} under a clock of {shown}: {'; '.join(found) or 'all is there'}", flush=True)
        wrong += found
    for name, disk, found in real.tried():
        print(f"{name} on a disk of {disk}: {'; '.join(found) or 'whole, and whole after the next start'}", flush=True)
        wrong += found
    for name, found in memory.page():
        print(f"{name} killed: {'; '.join(found) or 'all is there, and the next film is judged'}", flush=True)
        wrong += found
    return wrong


if __name__ == "__main__":
    sys.exit(main())
