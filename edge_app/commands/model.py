"""`model`: install a model, list the installed ones, go back to the previous one."""

from pathlib import Path

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  python -m edge_app model install covid-xray-lite0-int8.tflite     (its signature beside it: FILE.sig)
  python -m edge_app model list
  python -m edge_app model rollback

A new model is installed only if it is signed with a key of this site (/etc/covid-xray/keys/*.pub; a site without keys
gets a warning), its hashes and its preprocessing match, the runtime here can run it, its golden film gets the scores
on its card, and the doctor finds no fault. Otherwise the model in use stays in use. Running programs keep their model
until they are restarted, for example with 'systemctl try-restart "covid-xray-*"'.
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("model", help=COMMANDS["model"], **common.described(COMMANDS["model"], EXAMPLES))
    parser.add_argument(
        "action", choices=ACTIONS, help="install FILE, list the installed models, or go back to the previous one"
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the model file to install")
    parser.add_argument("--json", action="store_true", help="print one JSON object per line")
    return parser


def run(args) -> int:
    """Run the command; exit code 2 if the model was not installed."""
    from edge_app.errors import WrongUsage
    from edge_app.install import model_registry

    if (args.file is None) == (args.action == "install"):
        raise WrongUsage("model: 'install' takes one FILE, 'list' and 'rollback' take none; see 'model --help'.")
    return ACTIONS[args.action](args, model_registry.folder())


def _install(args, place: Path) -> int:
    import sys

    from edge_app.install import model_install, model_registry, signatures
    from edge_app.model import model_file
    from edge_app.screening import phrasing

    entry = model_install.install(args.file, place)
    if not entry.signer:
        print(
            f"warning: {args.file}: its signer is not known, since this site has no key; put one into "
            f"{signatures.folder()}, and unsigned models will be refused.",
            file=sys.stderr,
        )
    _say(args, entry, "is in use from the next start on; restart running programs")
    found = model_file.read(model_registry.file_of(entry, place)).card.localisation
    if found and not args.json:
        print(phrasing.localisation(found))
    return 0


def _roll_back(args, place: Path) -> int:
    from edge_app.install import model_install

    _say(args, model_install.roll_back(place), "is in use again from the next start on; restart running programs")
    return 0


def _list(args, place: Path) -> int:
    from edge_app.errors import NotInstalled
    from edge_app.install import model_registry

    used = model_registry.default_model()
    try:
        entries = list(model_registry.read(place).entries)
    except (OSError, ValueError) as error:
        raise NotInstalled(f"{place}: what is installed cannot be told ({error}); install your model again.") from error
    if not any(not entry.sha256 for entry in entries):
        entries.append(model_registry.InstalledModel())
    for entry in entries:
        path = model_registry.file_of(entry, place)
        _say(args, entry, "in use" if path == used else "kept" if path.is_file() else "missing")
    return 0


def _say(args, entry, state: str) -> None:
    from edge_app.screening.phrasing import printable

    if args.json:
        import json

        print(json.dumps(entry._asdict() | {"state": state.split(";")[0]}))
        return
    if not entry.sha256:
        print(f"the model of the release: {state}")
        return
    by = f"signed by {printable(entry.signer)}" if entry.signer else "not signed"
    print(f"{printable(entry.name)} (sha256 {entry.sha256[:12]}, {by}, {entry.time}): {state}")


ACTIONS = {"install": _install, "list": _list, "rollback": _roll_back}
