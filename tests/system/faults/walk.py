"""Fail each call of each program in turn; note each case in a file, so that a walk that is stopped goes on there."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.support.faulty_runs import Bench, Case, Program

# What is tried of each call, and of how many calls: a full disk stays full, a broken sector is met once, a disk that
# the kernel made read-only stays so. For want of memory a process is killed at any call.
TRIED = (
    ("full", True, 1),
    ("broken", False, 1),
    ("read-only", True, 4),
    ("over quota", True, 4),
    ("broken", True, 4),
    ("killed", False, 2),
)


def cases(numbers: list[int], every: int) -> Iterator[Case]:
    """Yield what is tried of a program, of each `every`-th call."""
    for start, (kind, lasts, share) in enumerate(TRIED):
        yield from (Case(number, kind, lasts) for number in numbers[start % share :: share * every])


def walk(program: Program, done: Path, every: int = 1) -> None:
    """Try a program, except what the file says was tried before."""
    known = {(row["program"], row["case"]) for row in read(done)}
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        bench = Bench(program, Path(folder))
        numbers = bench.numbers()
        print(f"{program.name}: {len(bench.calls)} calls, {len(numbers)} tried", flush=True)
        for case in cases(numbers, every):
            if (program.name, str(case)) in known:
                continue
            try:
                outcome, wrong, sentence = bench.tried(case)
            except Exception as error:  # what the check itself fell over is a finding
                outcome, wrong, sentence = "told", [f"the check failed: {type(error).__name__}: {error}"], ""
            call = bench.calls[case.at - 1]
            row = {"program": program.name, "case": str(case), "kind": case.kind, "lasts": case.lasts}
            row |= {"call": call[1], "path": Path(call[2]).name, "calls": len(bench.calls), "tried": len(numbers)}
            row |= {"outcome": outcome, "wrong": wrong, "sentence": sentence.replace(folder, "")}
            with done.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(row)}\n")
            if wrong:
                print(f"  {case} ({call[1]} {Path(call[2]).name}): {'; '.join(wrong)[:400]}", flush=True)


def read(done: Path) -> list[dict]:
    """Return the cases that were tried, each once."""
    if not done.exists():
        return []
    rows = map(json.loads, done.read_text(encoding="utf-8").splitlines())
    return list({(row["program"], row["case"]): row for row in rows}.values())


def table(found: Iterable[dict]) -> str:
    """Return what became of all cases, a line a program."""
    by_program: dict[str, list[dict]] = {}
    for row in found:
        by_program.setdefault(row["program"], []).append(row)
    lines = [
        "| program | its calls | cases | told | went on | killed | not met | wrong |",
        "| --- " + "| ---: " * 7 + "|",
    ]
    total = [0] * 6
    for name, those in by_program.items():
        counts = [
            sum(row["outcome"] == outcome for row in those) for outcome in ("told", "went on", "killed", "not met")
        ]
        figures = [len(those), *counts, sum(bool(row["wrong"]) for row in those)]
        total = [one + other for one, other in zip(total, figures, strict=True)]
        lines.append(f"| {name} | {those[-1]['calls']:,} | " + " | ".join(f"{one:,}" for one in figures) + " |")
    return "\n".join([*lines, "| all | | " + " | ".join(f"{one:,}" for one in total) + " |"])
