"""`python -m tests.system.soak`: run the soak, or with `--report` judge and plot again what a run wrote down.

Ctrl-C or SIGTERM ends a run early; its report is that of the time that was reached. Exit code 1 if a rule is broken.
"""

import argparse
import signal
import sys
from pathlib import Path

from edge_app.errors import EdgeError


def main() -> int:
    """Run it."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=4.0, help="for which films are sent (default %(default)s)")
    parser.add_argument("--out", type=Path, default=Path("build/soak"), metavar="DIR", help="(default %(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), metavar="DIR", help="collections of films")
    parser.add_argument(
        "--mb", type=int, default=1024, help="memory of all services (default %(default)s); 0: no limit"
    )
    parser.add_argument("--model", type=Path, metavar="FILE", help="model (default: the one in use)")
    parser.add_argument("--report", action="store_true", help="run nothing; judge and plot what lies in DIR")
    args = parser.parse_args()
    if not args.report:
        from tests.system.soak.run import Plan, Soak

        try:
            soak = Soak(Plan(args.out.resolve(), args.hours * 3600, args.mb, args.data, args.model))
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, lambda *_: soak.stopped.set())
            soak.run()
        except EdgeError as error:
            print(error, file=sys.stderr)
            return 2
    from tests.system.soak import plot, verdict

    found = verdict.read(args.out)
    rules = verdict.rules(found)
    print(verdict.table(found, rules))
    plot.draw(found, args.out / "soak.png")
    return int(not all(rule.holds for rule in rules))


if __name__ == "__main__":
    sys.exit(main())
