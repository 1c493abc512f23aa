"""`make mutants`: changes the program in small ways, one at a time, and says which changes no test notices.

What was tried is kept, so a run that was stopped goes on where it was; a mutant is tried again once its file has
another text, and with --again those that survived.
"""

import argparse
import contextlib
import json
import os
import random
import sys
import time
from dataclasses import asdict
from pathlib import Path

from tests.system.mutants import mutation, parts, report
from tests.system.mutants.report import SURVIVED
from tests.system.mutants.runner import Runner, copy_tree

# The order in which mutants are tried is drawn: what was reached when a run is stopped is a sample of all.
SEED = 26
# Tests of one mutant in seconds of the processor: the quickest of those that run its line. Most end within the first.
MOST_SECONDS = 6.0
# Seconds by the clock, and by seconds of the processor: a machine that does other work too is ten times as slow.
LEAST_LIMIT, TIMES = 60.0, 30


def main(argv: list[str] | None = None) -> int:
    """Run; 0 if every survivor is explained and every explanation holds."""
    args = _parser().parse_args(argv)
    for part in args.parts:
        if part not in parts.PARTS:
            raise SystemExit(f"{part}: is not a part; allowed are {', '.join(parts.PARTS)}; name one of them.")
    args.out.mkdir(parents=True, exist_ok=True)
    log = args.out / "tried.jsonl"
    made = {one.key: one for part in args.parts for name in parts.modules(part) for one in _mutants(name, args.out)}
    if not args.report:
        _try(args, made, log)
    tried = [one for key, one in _kept(log).items() if key in made]
    return _tell(made, tried)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.system.mutants", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("parts", nargs="*", default=list(parts.PARTS), metavar="PART", help=", ".join(parts.PARTS))
    parser.add_argument("--out", type=Path, default=Path("build/mutants"), help="what is kept (default %(default)s)")
    parser.add_argument("--sample", type=int, metavar="N", help="of each part try N mutants, drawn by a fixed seed")
    parser.add_argument("--minutes", type=float, default=1e6, metavar="N", help="stop after so long")
    parser.add_argument("--again", action="store_true", help="try what survived, and nothing else, once more")
    parser.add_argument("--report", action="store_true", help="try nothing; tell what was found")
    return parser


def _kept(log: Path) -> dict[str, dict]:
    """Return what was found before, by `Mutant.key`; the last counts."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    return {one["key"]: one for one in map(json.loads, lines)}


def _mutants(module: str, out: Path) -> list[mutation.Mutant]:
    """Return the mutants of a file; making them takes a second, so they are kept by its text."""
    path = out / "mutants" / f"{Path(module).stem}-{mutation.sha256(parts.ROOT, module)}.json"
    if not path.exists():
        found = [asdict(one) for one in mutation.of_file(parts.ROOT, module)]
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(found), encoding="utf-8")
    return [mutation.Mutant(**one) for one in json.loads(path.read_text(encoding="utf-8"))]


def _try(args, made: dict[str, mutation.Mutant], log: Path) -> None:
    until = time.monotonic() + 60 * args.minutes
    tree, scratch = (args.out / "tree").resolve(), (args.out / "scratch").resolve()
    copy_tree(parts.ROOT, tree)
    scratch.mkdir(exist_ok=True)
    os.environ["TMPDIR"] = str(scratch)
    runner, kept = Runner(tree, scratch), _kept(log)
    for part in args.parts:
        wanted = [one for one in made.values() if one.module in parts.modules(part)]
        random.Random(SEED).shuffle(wanted)
        wanted = wanted[: args.sample]
        survived = [one for one in wanted if one.key in kept and kept[one.key]["outcome"] == SURVIVED]
        left = survived if args.again else [one for one in wanted if one.key not in kept]
        if not left:
            continue
        ran = _contexts(runner, part, args.out)
        for at, one in enumerate(left):
            if time.monotonic() > until:
                print(f"{part}: stopped after {at} of {len(left)} mutants", flush=True)
                return
            found = _one(runner, tree, one, ran)
            with log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(one) | {"key": one.key} | found) + "\n")
            print(
                f"{part} {at + 1}/{len(left)} {found['outcome']}: {one.module}:{one.lines[0]} {one.after}", flush=True
            )


def _contexts(runner: Runner, part: str, out: Path) -> dict[str, dict]:
    """Return what `contexts.Contexts.save` writes of those of a part's tests that are quick."""
    path = out / f"{part}.json"
    print(f"{part}: which tests run which lines ...", flush=True)
    runner.contexts(parts.TESTS[part], path.resolve())
    ran = json.loads(path.read_text(encoding="utf-8"))
    quick = {test: one for test, one in ran.items() if one["seconds"] <= parts.MOST_SECONDS}
    print(f"{part}: {len(quick) - 1} tests, {len(ran) - len(quick)} slow ones left out", flush=True)
    return quick


def _one(runner: Runner, tree: Path, mutant: mutation.Mutant, ran: dict[str, dict]) -> dict:
    """Return `outcome`, `seconds` and the number of `tests` of a mutant."""
    tests = _tests(mutant, ran)
    if not tests:
        return {"outcome": report.NOT_RUN, "seconds": 0.0, "tests": 0}
    alone, started = sum(ran[test]["seconds"] for test in tests), time.monotonic()
    original = (tree / mutant.module).read_text(encoding="utf-8")
    try:
        runner.write(mutant.module, mutation.code_of(tree, mutant))
        outcome = runner.outcome(tests, LEAST_LIMIT + TIMES * alone)
    finally:
        runner.write(mutant.module, original)
    return {"outcome": outcome, "seconds": round(time.monotonic() - started, 2), "tests": len(tests)}


def _tests(mutant: mutation.Mutant, ran: dict[str, dict]) -> list[str]:
    """Return the quickest tests that run a mutant's statement; of one that is run by the import, those of its file."""
    span = set(range(mutant.lines[0], mutant.lines[1] + 1))
    if span & set(ran[""]["lines"].get(mutant.module, ())):
        return _quickest([test for test, one in ran.items() if test and mutant.module in one["lines"]], ran)
    return _quickest([test for test, one in ran.items() if span & set(one["lines"].get(mutant.module, ()))], ran)


def _quickest(names: list[str], ran: dict[str, dict]) -> list[str]:
    chosen, spent = [], 0.0
    for test in sorted(names, key=lambda name: ran[name]["seconds"]):
        spent += ran[test]["seconds"]
        if spent > MOST_SECONDS:
            break
        chosen.append(test)
    return chosen


def _tell(made: dict[str, mutation.Mutant], tried: list[dict]) -> int:
    entries, sizes = report.explanations(), dict.fromkeys((one.module for one in made.values()), 0)
    for one in made.values():
        sizes[one.module] += 1
    print(report.table(report.counted(entries, sizes, tried)))
    left = report.unexplained(entries, tried)
    for one in left:
        print(f"\n{one['module']}:{one['lines'][0]}: {one['within']}\n  - {one['before']}\n  + {one['after']}")
    wrong = report.stale(entries) + report.disproved(entries, tried)
    print("\n".join(wrong))
    return int(bool(left or wrong))


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
    sys.exit(130)
