"""Who signed a model or a program that is to be installed: Ed25519 signatures, and the keys a site trusts.

A signature is the 64 bytes of RFC 8032 over the whole file, in a file beside it that is called FILE.sig; a key is a
public one as PEM. `openssl pkeyutl -verify -pubin -inkey site.pub -rawin -in FILE -sigfile FILE.sig` checks the same.
The site's administrator puts the keys of those it trusts into one folder, which the program itself may not write.
"""

import os
from pathlib import Path

from edge_app.errors import MissingPackage, NotTrusted

SUFFIX = ".sig"
# Bytes of an Ed25519 signature (RFC 8032, 5.1.6).
LENGTH = 64


def folder() -> Path:
    """Return where the site's public keys lie: `COVID_XRAY_KEYS`, or /etc/covid-xray/keys."""
    return Path(os.environ.get("COVID_XRAY_KEYS") or "/etc/covid-xray/keys")


def beside(path: Path) -> Path:
    """Return where the signature of a file lies."""
    return path.with_name(path.name + SUFFIX)


def calibration_folder() -> Path:
    """Return where the keys lie that may sign a site's calibration and nothing else: `site` in `folder`."""
    return folder() / "site"


def keys(place: Path | None = None) -> list[Path]:
    """Return the files of the public keys in a folder (None: `folder`), `*.pub`, in the order of their names.

    Raises:
        NotTrusted: the folder exists but cannot be read, so it is not known whom the site trusts.
    """
    place = place or folder()
    try:
        return sorted(path for path in place.iterdir() if path.suffix == ".pub")
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NotTrusted(
            f"{place}: the site's keys cannot be read ({error.strerror}), so nothing can be trusted; run as root."
        ) from error


def signer(content, signature: bytes | None, where, known: list[Path] | None = None) -> str:
    """Return the name of the site's key that signed this content; empty where the site has installed none.

    Args:
        content: bytes, or what gives them, such as an `mmap`.
        signature: the content of the file beside it; None if there is none.
        where: begins the sentence of a refusal.
        known: the keys that may sign it; None: those of `keys`, which may sign anything.

    Raises:
        NotTrusted: keys are installed, and none of them signed it; or a key cannot be read.
        MissingPackage: keys are installed, but not the package that checks signatures.
    """
    known = keys() if known is None else known
    if not known:
        return ""
    if signature is None:
        raise NotTrusted(
            f"{where}: is not signed, and this site accepts only files signed with a key in {folder()}; put its "
            f"signature beside it as FILE{SUFFIX}, or have it signed with 'python -m convert sign'."
        )
    if len(signature) != LENGTH:
        raise NotTrusted(f"{where}: its signature has {len(signature)} bytes in place of {LENGTH}; copy it again.")
    try:
        from cryptography.exceptions import InvalidSignature
    except ImportError as error:
        raise MissingPackage(
            "signatures: package 'cryptography' is not installed; run 'pip install -r edge_app/requirements.txt'."
        ) from error
    for path in known:
        try:
            public_key(path).verify(signature, content)
            return path.stem
        except InvalidSignature:
            continue
    raise NotTrusted(
        f"{where}: none of the site's keys ({', '.join(path.name for path in known)}) signed it, or it was changed "
        "since; get it again from a source you trust, or install the key of its signer."
    )


def public_key(path: Path):
    """Read a public key, `Ed25519PublicKey`.

    Raises:
        NotTrusted: it is not an Ed25519 public key in PEM format.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(path.read_bytes())
    except OSError as error:
        raise NotTrusted(f"{path}: the key cannot be read ({error.strerror}); change its permissions.") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise NotTrusted(
            f"{path}: is not a public key in PEM format; take the file that 'python -m convert keygen' made."
        ) from error
    if not isinstance(key, Ed25519PublicKey):
        raise NotTrusted(f"{path}: is not an Ed25519 key; make one with 'python -m convert keygen'.")
    return key


def read(path: Path) -> bytes | None:
    """Return the signature that lies beside a file, or None.

    Raises:
        NotTrusted: it exists but cannot be read.
    """
    try:
        return beside(path).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise NotTrusted(f"{beside(path)}: cannot be read ({error.strerror}); change its permissions.") from error
