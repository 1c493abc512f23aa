"""`make flaky`: runs tests again and again, each time in another order, and keeps every failure.

A test that fails in one order, or once in 20 times, depends on something that it does not control: it is mended there,
never run again until it passes.
"""

import argparse
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[3]
REPEATS = 20


def main(argv: list[str] | None = None) -> int:
    """Run; 0 if no test failed in any order."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.flaky", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("tests", nargs="*", metavar="PATH", help="files or folders of tests; each is run by itself")
    parser.add_argument("--repeats", type=int, default=REPEATS, metavar="N", help="of each (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/flaky"), help="what is kept (default %(default)s)")
    args = parser.parse_args(argv)
    args.out.mkdir(parents=True, exist_ok=True)
    found = {}
    for path in args.tests:
        reports = [_run(path, seed, args.out) for seed in range(1, args.repeats + 1)]
        found[path] = [report for report in reports if report is not None]
        print(row(path, found[path]), flush=True)
    failed = sum((failures(reports) for reports in found.values()), Counter())
    print("\n".join(f"{test}: failed {count} times" for test, count in failed.most_common()))
    return int(bool(failed) or any(len(reports) < args.repeats for reports in found.values()))


def _run(path: str, seed: int, out: Path) -> Path | None:
    """Run tests once in the order of a seed, unless that was done before; return the report, None if there is none."""
    name = f"{path.replace('/', '-')}-{seed}"
    report, log = out / f"{name}.xml", out / f"{name}.log"
    if not report.exists():
        line = [sys.executable, "-m", "pytest", "-q", f"--randomly-seed={seed}", f"--junitxml={report}", path]
        with log.open("w") as file:
            subprocess.run(line, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    return report if report.exists() else None


def failures(reports: Iterable[Path]) -> Counter:
    """Return how often each test failed, by its name, in reports of JUnit's form."""
    found = Counter()
    for report in reports:
        for case in ElementTree.parse(report).iter("testcase"):
            if case.find("failure") is not None or case.find("error") is not None:
                found[f"{case.get('classname')}::{case.get('name')}"] += 1
    return found


def row(path: str, reports: list[Path]) -> str:
    """Return a row in Markdown: path, tests that ran, runs, runs in which one failed."""
    suites = [next(ElementTree.parse(report).iter("testsuite")) for report in reports]
    ran = max((int(suite.get("tests", 0)) - int(suite.get("skipped", 0)) for suite in suites), default=0)
    bad = sum(bool(failures([report])) for report in reports)
    return f"| `{path}` | {ran} | {len(reports)} | {bad} |"


if __name__ == "__main__":
    sys.exit(main())
