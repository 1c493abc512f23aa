"""Bad pictures at scale: `python -m tests.system.fuzz.campaign --inputs 100000`, or `make fuzz`.

Each input goes the ways of a user's file (`ways`) and must end in a verdict, a refusal or a sentence, within the limits
of a decoder. What was done is in OUT/rows.jsonl, so that a campaign that was stopped goes on; what should not be is
kept as a file in OUT/anomalies. The report stands in OUT/report.md. Exit code: 1 if anything should not be.
"""

import argparse
import json
import sys
from pathlib import Path

from tqdm import tqdm

from edge_app.install import model_registry
from tests.system.fuzz import packages, report
from tests.system.fuzz.inputs import Inputs
from tests.system.fuzz.ways import Row, Ways

# Inputs between two writings: what is lost at most by a kill.
BATCH = 60
ROWS, ANOMALIES = "rows.jsonl", "anomalies"


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--inputs", type=int, default=100_000, metavar="N", help="in all, those done before included")
    parser.add_argument("--data", type=Path, help="folder of collections, whose films are mutated")
    parser.add_argument("--out", type=Path, default=Path("build/fuzz"), metavar="DIR")
    parser.add_argument("--radamsa", type=Path, default=Path(".venv-fuzz/bin/python"), help="a Python that has it")
    parser.add_argument("--judge-each", type=int, default=5, metavar="N", help="of mutations that can be decoded")
    parser.add_argument("--first", type=int, help="try inputs from this number on, without a record: one again")
    args = parser.parse_args()
    scratch = args.out / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    for left in scratch.iterdir():
        left.unlink()
    with Ways(scratch, model_registry.released(), args.judge_each) as ways:
        packaged, failed = packages.fetched(args.out / "packages")
        print(f"{len(packaged)} pictures of packages", *failed, sep="\n")
        inputs = Inputs.of(packaged, args.data, scratch, args.radamsa)
        if args.first is not None:
            again = range(args.first, args.first + args.inputs)
            for row in ways.tried([(number, inputs[number]) for number in again]):
                print(json.dumps(row.row()))
            inputs.close()
            return 0
        run(inputs, ways, args.inputs, args.out)
        inputs.close()
    rows = read(args.out)
    report.write(rows, args.out)
    return int(any(row.faults for row in rows))


def run(inputs: Inputs, ways: Ways, count: int, out: Path) -> None:
    """Try inputs that were not tried before, and write down what becomes of them."""
    done = len(read(out))
    with (out / ROWS).open("a") as file, tqdm(total=count, initial=done, unit="input", mininterval=5) as bar:
        for start in range(done, count, BATCH):
            batch = [(number, inputs[number]) for number in range(start, min(start + BATCH, count))]
            rows = ways.tried(batch)
            file.writelines(json.dumps(row.row()) + "\n" for row in rows)
            file.flush()
            for row, (number, one) in zip(rows, batch, strict=True):
                if row.faults:
                    keep(out / ANOMALIES / f"{number}.film", one.content)
                    tqdm.write(f"{number} {row.kind} {row.name}: {row.faults}", file=sys.stderr)
            bar.update(len(rows))


def read(out: Path) -> list[Row]:
    """Return what was done before."""
    path = out / ROWS
    if not path.exists():
        return []
    lines = path.read_text().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    if len(whole) < len(lines):  # killed while it wrote
        path.write_text("".join(whole))
    return [Row(**json.loads(line)) for line in whole]


def keep(path: Path, content: bytes) -> None:
    """Keep a file that should be looked at."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


if __name__ == "__main__":
    sys.exit(main())
