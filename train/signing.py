"""The private half of signing, for the desk: keys are made and read here, and files are signed with them.

The private key stays at the desk, the public one goes to every site (/etc/covid-xray/keys). What a signature is, and
how it is checked, is in `edge_app.install.signatures`; both files are what OpenSSL reads and writes.
"""

import mmap
import os
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.install import signatures

# The environment variable that gives the pass phrase where nobody sits at a keyboard.
PASSPHRASE = "COVID_XRAY_PASSPHRASE"


def keygen(path: Path, passphrase: bytes | None = None) -> Path:
    """Make a pair of keys; return the path of the public one.

    Args:
        path: of the private key, as PKCS 8 in PEM, which only its owner may read.
        passphrase: encrypts the key; None leaves it plain.

    Raises:
        WrongUsage: there is a key already; without it, sites take nothing new from whoever signed with it.
    """
    public = path.with_name(f"{path.name}.pub")
    for one in (path, public):
        if one.exists():
            raise WrongUsage(f"{one}: is there already, and keys are never overwritten; name another file.")
    key = Ed25519PrivateKey.generate()
    secret = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
    atomic_io.write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, secret), mode=0o600)
    atomic_io.write(public, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return public


def private_key(path: Path, passphrase: bytes | None = None) -> Ed25519PrivateKey:
    """Read a private key.

    Raises:
        WrongUsage: the file is not a key of `keygen`, or the pass phrase is wrong.
    """
    try:
        key = load_pem_private_key(path.read_bytes(), passphrase)
    except OSError as error:
        raise WrongUsage(
            f"{path}: the key cannot be read ({error.strerror}); name a private key that 'keygen' made."
        ) from error
    except (ValueError, TypeError) as error:
        raise WrongUsage(
            f"{path}: no private key can be read ({error}); a key of 'keygen' and its pass phrase are needed; "
            f"set {PASSPHRASE}."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise WrongUsage(f"{path}: is not an Ed25519 key; make one with 'python -m convert keygen'.")
    return key


def sign(path: Path, key: Ed25519PrivateKey) -> Path:
    """Sign a file; return the path of its signature.

    Raises:
        WrongUsage: the file cannot be read, or is empty.
    """
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            signature = key.sign(content)  # pyright: ignore[reportArgumentType]  (the stub knows no mmap)
    except (OSError, ValueError) as error:
        raise WrongUsage(f"{path}: cannot be signed ({error}); name a model, a bundle or a calibration.") from error
    atomic_io.write(signatures.beside(path), signature)
    return signatures.beside(path)


def passphrase() -> bytes | None:
    """Return the pass phrase of private keys, None where there is none."""
    return os.environ.get(PASSPHRASE, "").encode() or None
