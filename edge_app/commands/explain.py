"""`explain`: all the evidence for one film, as a picture and as text."""

from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.commands import COMMANDS, common
from edge_app.errors import EdgeError, WrongUsage

if TYPE_CHECKING:
    import numpy as np

    from edge_app.model.classifier import Classifier
    from edge_app.screening.result import Screened
    from edge_app.screening.run_context import RunContext

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
    common.add_site(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    import json

    from edge_app.install import site_file
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.outputs import explain_picture
    from edge_app.screening import run_context

    out = args.out or Path(f"{args.film.stem}-explained.png")
    if any(out.absolute() == path.absolute() for path in (args.film, args.model, args.site) if path):
        raise WrongUsage(f"--out: '{out}' would overwrite what is read; name another file.")
    model = site_file.applied(model_file.read(args.model), args.site, args.operating_point)
    context = run_context.of(model, args.operating_point, args.prevalence, args.pneumonia_prevalence)
    result, grey = judged(args.film, Classifier(model, args.threads), context)
    _save(explain_picture.draw(result, grey, context), out)
    if args.json:
        more = {
            "kinds": {kind: round(chance, 4) for kind, chance in result.view_classes.items()},
            "checks": [
                {"name": check.name, "value": check.value, "low": check.low, "high": check.high, "ok": check.ok}
                for check in result.checks
            ],
            "picture": str(out),
        }
        print(json.dumps(context.line(result.row()) | more))
    else:
        print("\n".join([*explain_picture.lines(result, context), f"picture: {out}"]))
    return 0


def judged(path: Path, classifier: "Classifier", context: "RunContext") -> "tuple[Screened, np.ndarray]":
    """Judge one film as `classify` does.

    Returns:
        Its result, and the film, uint8 (H, W).

    Raises:
        EdgeError: it cannot be read; its sentence says why.
    """
    from edge_app.imaging import preprocess
    from edge_app.screening.result import Failed
    from edge_app.workers import pipeline
    from edge_app.workers.decode_pool import DecodePool

    with DecodePool(preprocess.least_side(classifier.card.size), children=1) as pool:
        decoded = pool.film(path)
    if isinstance(decoded, EdgeError):
        raise decoded
    result = pipeline.judged(path, decoded, classifier, context.limits)
    if isinstance(result, Failed):
        raise EdgeError(result.error)
    return result, decoded.grey


def _save(pixels, out: Path) -> None:
    from PIL import Image

    try:
        Image.fromarray(pixels).save(out, "PNG")
    except OSError as error:
        raise WrongUsage(f"--out: '{out}' cannot be written ({error.strerror}); name a file of yours.") from error
