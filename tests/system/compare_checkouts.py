"""Two checkouts judge the same films: `python -m tests.system.compare_checkouts OTHER FILM...`.

The exit code is 1 if they differ. Each is run as people run it, in a process of its own with this Python: `classify
--json` on the films and on a folder that holds copies of them. Lines are compared without the fields that a clock
decides. The released model files are compared byte by byte.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parents[2]
# What a clock decides.
TIMED = ("ms", "time")


def main() -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path, help="the other checkout")
    parser.add_argument("films", type=Path, nargs="+", help="films to judge in both")
    args = parser.parse_args()
    films = [path.resolve() for path in args.films]
    differences = 0
    with tempfile.TemporaryDirectory() as folder:
        inbox = Path(folder) / "inbox"
        inbox.mkdir()
        for number, film in enumerate(films):
            shutil.copy(film, inbox / f"{number:04d}{film.suffix}")
        ways = {
            "files": ["classify", "--json", *map(str, films)],
            "files, operating point balanced": [
                "classify",
                "--json",
                "--operating-point",
                "balanced",
                *map(str, films),
            ],
            "folder": ["classify", "--json", "--prevalence", "0.05", str(inbox)],
        }
        for way, words in ways.items():
            ours, theirs = (judged(checkout, words) for checkout in (HERE, args.other.resolve()))
            apart = [(a, b) for a, b in zip(ours, theirs, strict=False) if a != b]
            differences += len(apart) + abs(len(ours) - len(theirs))
            verdicts = sorted({str(row.get("verdict")) for row in ours})
            print(f"{way}: {len(ours)} and {len(theirs)} lines, {len(apart)} differ; verdicts {', '.join(verdicts)}")
            for a, b in apart[:5]:
                print(f"  here  {json.dumps(a)[:300]}\n  there {json.dumps(b)[:300]}")
    for path in sorted((HERE / "models").glob("*.tflite")):
        there = args.other / "models" / path.name
        if not there.is_file():
            continue
        same = digest(path) == digest(there)
        differences += not same
        print(f"{path.name}: {'identical' if same else 'DIFFERENT'}")
    return int(differences > 0)


def judged(checkout: Path, words: list[str]) -> list[dict]:
    """Return the JSON lines of a run of a checkout, without what a clock decides, in the order given."""
    environment = os.environ | {"XDG_DATA_HOME": tempfile.gettempdir() + "/compare-checkouts"}
    done = subprocess.run(
        [sys.executable, "-m", "edge_app", *words],
        cwd=checkout,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [{name: value for name, value in row.items() if name not in TIMED} for row in rows]
    return [*rows, {"exit code": done.returncode, "complaints": done.stderr.splitlines()}]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
