"""`deidentify`: copies of DICOM films without what tells whose they are."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.commands import COMMANDS, common
from edge_app.errors import EdgeError, WrongUsage, remedy

if TYPE_CHECKING:
    from edge_app.deidentify.attributes import Options
    from edge_app.deidentify.secret import Secret

EXAMPLES = """\
examples:
  python -m edge_app deidentify export/ --out copies/
  python -m edge_app deidentify film.dcm --out copies/ --keep-characteristics --shift-dates
  python -m edge_app deidentify export/ --out copies/ --key site.key --names names.csv
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser(
        "deidentify", help=COMMANDS["deidentify"], **common.described(COMMANDS["deidentify"], EXAMPLES)
    )
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="DICOM film, folder, pattern, or - for a list on stdin"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="where the copies go, a folder for each patient"
    )
    parser.add_argument(
        "--key",
        type=Path,
        metavar="FILE",
        help="the site's secret, from which pseudonyms and UIDs follow; made if it is not there (default: beside the "
        "store). Keep it at the site",
    )
    parser.add_argument(
        "--shift-dates", action="store_true", help="keep the film's dates, moved by days of the patient's"
    )
    parser.add_argument("--keep-characteristics", action="store_true", help="keep the patient's sex and age")
    parser.add_argument(
        "--words-seen",
        action="store_true",
        help="also copy films that show words, such as PORTABLE: you have looked at each, and none names a patient",
    )
    parser.add_argument(
        "--names",
        type=Path,
        metavar="FILE.csv",
        help="also write which copy is of which film. It tells whose the copies are: keep it at the site",
    )
    common.add_sources(parser)
    return parser


def run(args) -> int:
    """Run the command."""
    from edge_app.deidentify import secret
    from edge_app.deidentify.attributes import Options
    from edge_app.store.location import default_path

    key = args.key or default_path().parent / "deidentify.key"
    if args.names and args.out.absolute() in args.names.absolute().parents:
        raise WrongUsage(
            f"--names: '{args.names}' lies among the copies, and tells whose they are; name another place."
        )
    options = Options(args.shift_dates, args.keep_characteristics, args.words_seen)
    found = secret.read(key)
    try:
        args.out.mkdir(parents=True, exist_ok=True)
        return _copy_all(args, found, options)
    except OSError as error:
        what = remedy(error, "name a folder of yours")
        raise WrongUsage(f"{args.out}: cannot be written ({error.strerror}); {what}.") from error


def _copy_all(args, secret: "Secret", options: "Options") -> int:
    from edge_app.service.screening_run import complain
    from edge_app.sources.film_paths import Problem, Sources

    names, failed = {}, 0
    for path in Sources(args.paths, not args.no_recursive, args.null):
        if path is None or (isinstance(path, Path) and args.out.resolve() in path.resolve().parents):
            continue  # a copy made before, which is not copied again
        if isinstance(path, Problem):
            complain(path.sentence)
            failed += 1
            continue
        try:
            copy = _copy(path, args.out, secret, options, names)
            names[str(copy)] = str(path)
        except EdgeError as error:
            complain(str(error))
            failed += 1
    if args.names:
        _write_names(args.names, names)
    count = len(names)
    print(f"{count} film{'s' * (count != 1)} copied without identity, {failed} not copied.")
    return 1 if failed else 0


def _copy(path: Path, out: Path, secret: "Secret", options: "Options", written: Mapping[str, str]) -> Path:
    """Write the copy of a film; return its path. `written` are the copies of this run, with their films."""
    from edge_app import atomic_io
    from edge_app.deidentify import film
    from edge_app.errors import UnreadableRadiograph
    from edge_app.imaging import file_type

    content = file_type.content(path)
    made, copy = film.copy(path, content, secret, options)
    folder = out / str(made.PatientID)
    target = folder / f"{made.SOPInstanceUID}.dcm"
    if str(target) in written:
        raise UnreadableRadiograph(
            f"{path}: has the SOP Instance UID of '{written[str(target)]}'; each film has its own; copy one of them."
        )
    folder.mkdir(exist_ok=True)
    atomic_io.write(target, copy)
    return target


def _write_names(path: Path, names: Mapping[str, str]) -> None:
    """Write which copy, the key, is of which film."""
    import csv
    import io

    from edge_app import atomic_io
    from edge_app.deidentify.secret import MODE
    from edge_app.outputs.csv_file import safe

    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("film", "copy"))
    writer.writerows([safe(film), safe(copy)] for copy, film in names.items())
    atomic_io.write(path, text.getvalue().encode(errors="surrogateescape"), MODE)
