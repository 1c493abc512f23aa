"""Turns trained networks into model files, compares, inspects and signs them: `python -m convert COMMAND`."""

import argparse
import sys
from pathlib import Path

from edge_app.errors import WrongUsage
from train import exit_code
from train.films import film_arguments


def main(arguments: list[str] | None = None) -> int:
    """Run a command; a fault that the user can mend is one sentence on stderr and exit code 2."""
    from convert import camera, study
    from convert.modelfile import inspect_file
    from convert.packaging import sign
    from convert.verify import agreement, compare, heat

    parser = argparse.ArgumentParser(prog="python -m convert", description=__doc__)
    subparsers = parser.add_subparsers(dest="command", required=True)
    add_parser(subparsers)
    inspect_file.add_parser(subparsers)
    compare.add_parser(subparsers)
    heat.add_parser(subparsers)
    agreement.add_parser(subparsers)
    study.add_parser(subparsers)
    camera.add_parser(subparsers)
    sign.add_parsers(subparsers)
    args = parser.parse_args(arguments)
    return exit_code.of(lambda: args.func(args))


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
    from convert import finished_run, release
    from convert.modelfile import variants

    try:
        wanted = variants.named(args.variants) if args.variants else variants.VARIANTS
    except ValueError as error:
        raise WrongUsage(f"--variants: {error}.") from error
    finished = finished_run.load(args.run, finished_run.seen_films(args), args.lungs)
    written, refused = release.release(finished, release.Order(args.run, args.out, wanted, args.report))
    for path in written:
        print(f"{path}  {path.stat().st_size / 1e6:.2f} MB")
    for sentence in refused:
        print(sentence, file=sys.stderr)
    return int(bool(refused))


if __name__ == "__main__":
    sys.exit(main())
