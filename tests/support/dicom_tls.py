"""A site's certificates, made for a test: an authority, and keys of two nodes on this machine."""

import datetime
import ipaddress
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Pair(NamedTuple):
    """The files of a certificate and its key."""

    certificate: Path
    key: Path


def authority(folder: Path, *nodes: str) -> dict[str, Pair]:
    """Make an authority, whose name is `ca`, and certificates of it for nodes at 127.0.0.1; return them by name."""
    folder.mkdir()
    root = ec.generate_private_key(ec.SECP256R1())
    found = {"ca": _written(folder, "ca", _signed("ca", root, "ca", root), root)}
    for name in nodes:
        key = ec.generate_private_key(ec.SECP256R1())
        found[name] = _written(folder, name, _signed(name, key, "ca", root), key)
    return found


def _signed(name: str, key, issuer: str, signer) -> x509.Certificate:
    now = datetime.datetime.now(datetime.UTC)
    named = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in (name, issuer)]
    made = x509.CertificateBuilder().subject_name(named[0]).issuer_name(named[1]).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
    made = made.add_extension(x509.BasicConstraints(ca=name == issuer, path_length=None), critical=True)
    here = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    return made.add_extension(here, critical=False).sign(signer, hashes.SHA256())


def _written(folder: Path, name: str, certificate: x509.Certificate, key) -> Pair:
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
    pair.certificate.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    pair.key.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))
    return pair
