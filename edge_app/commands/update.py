"""`update`: install a new release of the whole program, list those that are there, go back to the one before."""

from pathlib import Path

from edge_app.commands import COMMANDS, common

EXAMPLES = """\
examples:
  sudo covid-xray update install covid-xray-edge-0.2.0-aarch64-py3.11.tar.gz     (its signature beside it: FILE.sig)
  python -m edge_app update list                     (where it is installed: covid-xray update list)
  sudo covid-xray update rollback

FILE is an offline bundle ('make bundle' at the desk). It is installed beside the program that runs; the doctor must
find no fault with it before and after the switch, or the old one stays in use. Signatures are as of 'model install'.
"""


def add_parser(subparsers):
    """Declare the command."""
    parser = subparsers.add_parser("update", help=COMMANDS["update"], **common.described(COMMANDS["update"], EXAMPLES))
    parser.add_argument("action", choices=("install", "list", "rollback"), help="what to do")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="the bundle, for 'install'")
    parser.add_argument("--prefix", type=Path, metavar="DIR", help="where a bundle was installed (default: here)")
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
        print(f"{updater.roll_back(prefix)}: is in use again from the next start on; restart what runs")
        return 0
    name, signer = updater.install(args.file, prefix)
    if not signer:
        print(
            f"warning: {args.file}: nobody vouches for it, since this site has no key; put one into "
            f"{signatures.folder()} and bundles that are not signed will be refused.",
            file=sys.stderr,
        )
    print(f"{name}: is in use from the next start on; restart what runs")
    return 0
