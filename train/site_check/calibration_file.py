"""The calibration file of a site, for the edge's `--site`: what is in it, who signs it, and that the edge takes it."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.install import signatures
from edge_app.model import site_calibration
from edge_app.model.card import Card
from train import signing


def add_flags(parser: ArgumentParser) -> None:
    """Declare the flags of the file."""
    parser.add_argument(
        "--calibration-out",
        type=Path,
        metavar="FILE",
        help="write a calibration of this site, signed, for `covid-xray classify --site FILE`; thresholds move only as "
        "far as these films prove",
    )
    parser.add_argument(
        "--site",
        type=Path,
        metavar="FILE",
        help="judge by this calibration, as the device does, to check it on later films (keys: COVID_XRAY_KEYS)",
    )
    parser.add_argument("--key", type=Path, help="private key of `convert keygen` that signs the calibration")
    parser.add_argument("--site-name", metavar="NAME", help="of the site, shown with verdicts (default: FILE's name)")


def check(args: Namespace) -> None:
    """Refuse what could not be written at the end, before any film is read.

    Raises:
        WrongUsage: there is no key, it cannot be read, or the site's name is not allowed.
    """
    path, name = args.calibration_out, _name(args)
    if path is None:
        return
    if args.site is not None:
        raise WrongUsage(
            "--calibration-out, --site: a calibration is made of what the model itself says, and checked on later "
            "films; give one of the two."
        )
    if args.key is None:
        raise WrongUsage(
            "--calibration-out: needs '--key KEY', since no device takes a calibration that is not signed; make a key "
            "with 'python -m convert keygen'."
        )
    signing.private_key(args.key, signing.passphrase())
    if not 0 < len(name) <= site_calibration.MOST_NAME or not name.isprintable():
        most = site_calibration.MOST_NAME
        raise WrongUsage(f"--site-name: is {name!r}; 1 to {most} printable letters are allowed; name your site.")
    if path.suffix == signatures.SUFFIX:
        raise WrongUsage(f"--calibration-out: '{path}' ends as a signature does; name a file such as 'clinic.json'.")


def finish(args: Namespace, measured: dict, card: Card) -> bool:
    """Write the file if it is asked for, and say what is in it; return whether nothing is lacking."""
    from train.site_check import look, wording

    if args.calibration_out is None:
        return True
    own = measured["own_rule"]
    if own["lacking"]:
        look.complain(f"{args.calibration_out}: is not written: {own['lacking']}.")
        return False
    signature = write(args.calibration_out, measured, _name(args), args.key, card)
    print("\n".join(wording.own_rule(own)))
    print(f"{args.calibration_out}: calibration of '{_name(args)}'; copy it and {signature.name} to the device")
    return True


def _name(args: Namespace) -> str:
    """Return the site's name, by default that of the file."""
    if args.site_name is None and args.calibration_out:
        return args.calibration_out.stem
    return args.site_name or ""


def content(measured: dict, name: str) -> dict:
    """Return the content of the file.

    Args:
        measured: of `numbers.measure`, with what `command` adds; its `own_rule` lacks nothing.
        name: of the site.
    """
    own, films, made = measured["own_rule"], measured["films"], measured["made"]
    findings = {
        label: {part: value for part, value in found.items() if part != "moves"}
        | {"moves": {edge: move["move"] for edge, move in found["moves"].items()}}
        for label, found in own["findings"].items()
    }
    return {
        "format": site_calibration.FORMAT,
        "version": site_calibration.VERSION,
        "site": name,
        "made": made["date"],
        "program": made["program"],
        "commit": made["commit"],
        "model": {part: measured["model"][part] for part in ("name", "sha256")},
        "operating_point": measured["operating_point"],
        "temperature": {part: own["temperature"][part] for part in ("value", "low", "high")},
        "films": films["kinds"],
        "findings": findings,
    }


def write(path: Path, measured: dict, name: str, key: Path, card: Card) -> Path:
    """Write the file and its signature; return the path of the signature.

    Args:
        path: of the file.
        measured: as of `content`.
        name: of the site.
        key: private key of `convert keygen`.
        card: of the model: the edge's own check is made of the file first.
    """
    text = f"{json.dumps(content(measured, name), indent=1, allow_nan=False)}\n".encode()
    site_calibration.applied(card, text, measured["model"]["sha256"], None, "", "")
    atomic_io.write(path, text)
    return signing.sign(path, signing.private_key(key, signing.passphrase()))
