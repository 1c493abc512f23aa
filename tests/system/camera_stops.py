"""`python -m tests.system.camera_stops MODEL`: stop a run at a stream by signals a hundred times, and count the aborts.

MODEL is a model file with a part for cameras. The camera is live, slow, stalled or gone, and the signals take turns.
"""

import argparse
import itertools
import sys
from collections import Counter
from pathlib import Path

from tests.support import stream_stops


def main() -> int:
    """Run it; exit code 1 if one stop ended otherwise than documented."""
    parser = argparse.ArgumentParser(prog="python -m tests.system.camera_stops", description=__doc__)
    parser.add_argument("model", type=Path, metavar="MODEL")
    parser.add_argument("--stops", type=int, default=100, help="how many in all (default %(default)s)")
    args = parser.parse_args()
    kinds = itertools.cycle(itertools.product(stream_stops.STATES, stream_stops.SIGNALS))
    ends, slowest, wrong = Counter(), 0.0, 0
    for state, number in itertools.islice(kinds, args.stops):
        stop = stream_stops.by_signal(state, number, args.model)
        ends[state, number.name, stop.code] += 1
        slowest = max(slowest, stop.seconds)
        is_right = stop.code == stream_stops.SIGNALS[number]
        wrong += not is_right
        print(
            f"{state}, {number.name}: {stop.code} after {stop.seconds:.1f} s {'' if is_right else stop.said}",
            flush=True,
        )
    for (state, name, code), count in sorted(ends.items()):
        print(f"{state:8} {name:8} exit code {code}: {count}")
    print(f"{args.stops} stops, {wrong} otherwise than documented; the slowest took {slowest:.1f} s")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
