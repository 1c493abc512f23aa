"""Fails unless README tells the coverage of build/coverage: `python -m tests.support.coverage_figure`."""

import io
import re
import sys
from pathlib import Path

from coverage import Coverage

README = Path(__file__).parents[2] / "README.md"
PATTERN = re.compile(r"run (\d+) % of its\s+lines")
# In percent. What a run counts differs by some lines: which processes are killed where.
MOST_APART = 1.5


def main() -> int:
    """Return 0, or 1 and a sentence."""
    measured = Coverage()
    measured.load()
    share = measured.report(file=io.StringIO())
    found = PATTERN.search(README.read_text(encoding="utf-8"))
    if not found or abs(int(found[1]) - share) > MOST_APART:
        told = f"{found[1]} %" if found else "no coverage"
        print(f"README.md: tells {told}; the tests ran {share:.1f} %; write that", file=sys.stderr)
        return 1
    print(f"coverage of the light side: {share:.1f} % of lines, README.md tells {found[1]} %")
    return 0


if __name__ == "__main__":
    sys.exit(main())
