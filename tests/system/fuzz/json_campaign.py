"""Changed JSON to everything that reads some: `python -m tests.system.fuzz.json_campaign --inputs 100000`.

Each text must be read or refused as the reader says, in one printable sentence. What should not be is printed, once of
a kind, with the number that makes it again. Exit code: 1 if there is any.
"""

import argparse
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

from edge_app.install import model_registry
from tests.support.json_readers import Reader, readers
from tests.support.mutated_json import mutated
from tests.support.sentences import LONGEST, PYTHON

# Seconds in which a reader must be done with a text of at most 1 MB.
SECONDS = 2.0


def wrong(reader: Reader, content: bytes) -> str:
    """Return what a reader did that it must not; "" if nothing."""
    began = time.process_time()
    try:
        reader.read(content)
        said = ""
    except reader.raises as error:
        said = str(error)
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} at {Path(last.filename).name}:{last.lineno}: {str(error)[:80]}"
    if time.process_time() - began > SECONDS:
        return "took too long"
    if len(said) > 2 * LONGEST:  # first: the pattern takes long over a long word
        return f"{len(said)} letters: {said[:LONGEST]}"
    if words := PYTHON.search(said):
        return f"Python's words {words[0]!r}: {said}"
    return "" if said.isprintable() else f"not one printable sentence: {said!r}"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="texts, shared by the readers")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    found: dict[str, tuple[str, int]] = {}
    ends: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        all_of_them = readers(Path(folder), model_registry.released())
        for name, reader in all_of_them.items():
            began = time.monotonic()
            for number in range(args.inputs // len(all_of_them)):
                why = wrong(reader, mutated(reader.value, f"{args.seed}/{number}"))
                ends[name] += bool(why)
                if why:
                    found.setdefault(f"{name}: {why[:24]}", (why, number))
            rate = args.inputs // len(all_of_them) / (time.monotonic() - began)
            print(
                f"{name}: {args.inputs // len(all_of_them):,} texts, {ends[name]} wrong, {rate:.0f} a second",
                flush=True,
            )
    for name, (why, number) in found.items():
        print(f"- {number} {name.partition(': ')[0]}: {why}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
