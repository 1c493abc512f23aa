"""`python -m convert RUN`: turn a training run into the files the edge reads."""

import argparse
import sys
from pathlib import Path

from edge_app.errors import EdgeError
from train import config, fit, index, pixels


def main(arguments: list[str] | None = None) -> int:
    """Convert one run; a fault that the user can mend is one sentence on stderr and exit code 2."""
    parser = argparse.ArgumentParser(prog="python -m convert", description=__doc__)
    parser.add_argument("run", type=Path, nargs="?", default=Path("models/runs/lite0"), help="run folder (%(default)s)")
    parser.add_argument("--index", type=Path, default=Path("build/index.csv"), help="from 'train index' (%(default)s)")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"), help="the collections (%(default)s)")
    parser.add_argument("--cache", type=Path, default=Path("build"), help="decoded pixels (%(default)s)")
    parser.add_argument(
        "--lungs", type=Path, default=pixels.LUNGS, help="lung-field network that cropped the films (%(default)s)"
    )
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the files (%(default)s)")
    args = parser.parse_args(arguments)
    try:
        return _convert(args)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2


def _convert(args) -> int:
    from convert import release

    record, _ = release.read_run(args.run)
    films = index.read(args.index)
    index_hash = index.sha256(args.index)
    if index_hash != record["index_sha256"]:
        raise EdgeError(
            f"{args.index}: its sha256 begins '{index_hash[:12]}', but {args.run} was trained on an index that begins "
            f"'{record['index_sha256'][:12]}'; calibration and thresholds need the same films and splits."
        )
    pixels.check_lungs(args.lungs, record, args.run)
    films = films[films["split"] != ""].reset_index(drop=True)
    settings = config.from_record(record["config"])
    shown = fit.seen(settings, films, args.data, args.cache, index_hash, args.lungs)
    for path in release.release(args.run, *shown, args.out, args.lungs):
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
