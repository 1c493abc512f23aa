"""`update`: install a release of the whole program, list the installed ones, go back to the previous one."""

from pathlib import Path

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  sudo covid-xray update install covid-xray-edge-0.2.0-aarch64-py3.11.tar.gz     (its signature beside it: FILE.sig)
  python -m edge_app update list                     (of an installation: covid-xray update list)
  sudo covid-xray update rollback

FILE is an offline bundle ('make bundle' at the desk). It is installed beside the running program. If the doctor finds a
fault before or after the switch, the old program stays in use. Signatures work as for 'model install'.
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("update", help=COMMANDS["update"], **common.described(COMMANDS["update"], EXAMPLES))
    parser.add_argument(
        "action",
        choices=("install", "list", "rollback"),
        help="install FILE, list the installed releases, or go back to the previous one",
    )
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the bundle to install")
    parser.add_argument(
        "--prefix", type=Path, metavar="DIR", help="folder of the installation (default: that of this program)"
    )
    return parser


def run(args) -> int:
    """Run the command; exit code 2 if the program was not changed."""
    import sys

    from edge_app.errors import WrongUsage
    from edge_app.install import signatures, updater

    if (args.file is None) == (args.action == "install"):
        raise WrongUsage("update: 'install' takes one FILE, 'list' and 'rollback' take none; see 'update --help'.")
    prefix = args.prefix.absolute() if args.prefix else updater.prefix_here()
    if args.action == "list":
        for name, state in updater.releases(prefix).items():
            print(f"{name}: {state}")
        return 0
    if args.action == "rollback":
        print(f"{updater.roll_back(prefix)}: is in use again from the next start on; restart running programs")
        return 0
    name, signer = updater.install(args.file, prefix)
    if not signer:
        print(
            f"warning: {args.file}: its signer is not known, since this site has no key; put one into "
            f"{signatures.folder()}, and unsigned bundles will be refused.",
            file=sys.stderr,
        )
    print(f"{name}: is in use from the next start on; restart running programs")
    return 0
