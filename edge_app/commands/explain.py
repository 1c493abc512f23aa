"""`explain`: all the evidence for one film, as a picture and as text."""

from pathlib import Path

from edge_app.commands import COMMANDS, common
from edge_app.errors import WrongUsage

EXAMPLES = """\
examples:
  python -m edge_app explain film.png
  python -m edge_app explain film.dcm --out evidence.png --operating-point sensitive
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "explain", help=COMMANDS["explain"], **common.described(COMMANDS["explain"], EXAMPLES)
    )
    parser.add_argument("film", type=Path, metavar="FILM", help="one film")
    parser.add_argument("--out", type=Path, metavar="FILE.png", help="the picture (default: FILM's name-explained.png)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout in place of text")
    common.add_model(parser)
    common.add_rule(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    import json

    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.outputs import explain_picture
    from edge_app.screening import run_context

    out = args.out or Path(f"{args.film.stem}-explained.png")
    if any(out.absolute() == path.absolute() for path in (args.film, args.model)):
        raise WrongUsage(f"--out: '{out}' would overwrite what is read; name another file.")
    model = model_file.read(args.model)
    held = run_context.of(model, args.operating_point, args.prevalence)
    result = judged(args.film, Classifier(model, args.threads), held)
    _save(explain_picture.draw(result, held), out)
    if args.json:
        seen = result.reading
        more = {
            "kinds": {kind: round(chance, 4) for kind, chance in seen.kinds.items()},
            "checks": [
                {"name": check.name, "value": check.value, "low": check.low, "high": check.high, "ok": check.ok}
                for check in seen.checks
            ],
            "picture": str(out),
        }
        print(json.dumps(result.row() | held.row() | more))
    else:
        print("\n".join([*explain_picture.lines(result, held), f"picture: {out}"]))
    return 0


def judged(path: Path, classifier, held):
    """Return the result of one film with its picture in it; raises as the decode pool does where it cannot be read."""
    import time

    from edge_app.errors import EdgeError
    from edge_app.imaging import preprocess
    from edge_app.screening import screening
    from edge_app.screening.result import Result
    from edge_app.workers.decode_pool import DecodePool

    started = time.perf_counter()
    with DecodePool(preprocess.least_side(classifier.card.size), children=1) as pool:
        ((_, decoded),) = pool.films([path])
    if isinstance(decoded, EdgeError):
        raise decoded
    verdict, seen, corrected = screening.judge(decoded.grey, classifier, held.limits, decoded.age)
    ms = (time.perf_counter() - started) * 1000
    return Result(path, decoded.sha256, verdict, seen, corrected, ms=ms, grey=decoded.grey)


def _save(pixels, out: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(pixels).save(out, "PNG")
    except OSError as error:
        raise WrongUsage(f"--out: '{out}' cannot be written ({error.strerror}); name a file of yours.") from error
