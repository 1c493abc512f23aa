"""`python -m convert keygen` and `sign`: a maker of models signs them, and a site takes only signed ones."""

from pathlib import Path

from train.signing import keygen, passphrase, private_key, sign


def add_parsers(subparsers) -> None:
    """Declare `convert keygen` and `convert sign`."""
    parser = subparsers.add_parser("keygen", help="make a pair of keys: KEY stays here, KEY.pub goes to the sites")
    parser.add_argument("key", type=Path, metavar="KEY", help="file for the private key; it must not be there yet")
    parser.set_defaults(func=lambda args: print(keygen(args.key, passphrase())) or 0)
    parser = subparsers.add_parser("sign", help="sign models or bundles: FILE.sig beside each")
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--key", type=Path, required=True, help="private key of 'keygen'")
    parser.set_defaults(func=run)


def run(args) -> int:
    """Run `convert sign`."""
    key = private_key(args.key, passphrase())
    for path in args.files:
        print(sign(path, key))
    return 0
