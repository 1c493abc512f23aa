"""Keys and signatures of files that a device installs."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def sign(path: Path, key: Ed25519PrivateKey) -> Path:
    """Sign a file as the desk does."""
    path.with_name(f"{path.name}.sig").write_bytes(key.sign(path.read_bytes()))
    return path


def trust(place: Path, key: Ed25519PrivateKey, name: str = "site") -> None:
    """Install a public key."""
    keys = place.parent / "keys"
    keys.mkdir(exist_ok=True)
    content = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (keys / f"{name}.pub").write_bytes(content)
