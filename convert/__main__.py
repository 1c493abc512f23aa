"""The command line of conversion: `python -m convert release | inspect | compare`."""

import argparse
import sys
from pathlib import Path

from edge_app.errors import EdgeError, WrongUsage
from train import config, film_arguments, fit, index, pixels


def main(arguments: list[str] | None = None) -> int:
    """Run a command; a fault that the user can mend is one sentence on stderr and exit code 2."""
    from convert import compare, inspect_file

    parser = argparse.ArgumentParser(prog="python -m convert", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)
    add_parser(subparsers)
    inspect_file.add_parser(subparsers)
    compare.add_parser(subparsers)
    args = parser.parse_args(arguments)
    try:
        return args.func(args)
    except EdgeError as error:
        print(error, file=sys.stderr)
        return 2


def add_parser(subparsers) -> None:
    """Declare `convert release`."""
    parser = subparsers.add_parser("release", help="turn a training run into gated .tflite files")
    parser.add_argument("run", type=Path, nargs="?", default=Path("models/runs/lite0"), help="run folder (%(default)s)")
    film_arguments.add(parser, lungs=True)
    parser.add_argument("--variants", nargs="+", metavar="NAME", help="such as int8 or mobile-float16 (default: all)")
    parser.add_argument("--report", action="store_true", help="time every file too, and write a report (minutes)")
    parser.add_argument("--out", type=Path, default=Path("models"), help="folder for the files (%(default)s)")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run `convert release`; exit code 1 if a file fell short of a gate and so was not written."""
    from convert import release, variants

    try:
        wanted = variants.named(args.variants) if args.variants else variants.VARIANTS
    except ValueError as error:
        raise WrongUsage(f"--variants: {error}.") from error
    record, _ = release.read_run(args.run)
    films = index.read(args.index)
    index_hash = index.sha256(args.index)
    if index_hash != record["index_sha256"]:
        raise EdgeError(
            f"{args.index}: its sha256 begins '{index_hash[:12]}', but {args.run} was trained on an index that begins "
            f"'{record['index_sha256'][:12]}'; calibration and gates need the same films and splits."
        )
    pixels.check_lungs(args.lungs, record, args.run)
    films = films[films["split"] != ""].reset_index(drop=True)
    settings = config.from_record(record["config"])
    shown = fit.seen(settings, films, args.data, args.cache, index_hash, args.lungs)
    written, refused = release.release(args.run, *shown, args.out, args.lungs, wanted=wanted, full=args.report)
    for path in written:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    for sentence in refused:
        print(sentence, file=sys.stderr)
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
