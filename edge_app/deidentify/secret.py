"""The site's secret, from which pseudonyms, UIDs and shifts of dates follow: the same on every run."""

import base64
import hashlib
import hmac
import secrets
import uuid
from datetime import date, timedelta
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage, remedy

# Bytes: as long as what HMAC-SHA256 gives, beyond which nothing is gained (RFC 2104 3).
LENGTH = 32
# Only the owner may read it: whoever has it can tell which pseudonym belongs to a patient's ID that they know.
MODE = 0o600
# Days: ten years, so that no date can be guessed from the season alone.
MOST_SHIFT = 3650


class Secret:
    """What turns identifiers into others; the same identifier becomes the same one."""

    def __init__(self, key: bytes):
        """Take the bytes of the site's key."""
        self._key = key

    def uid(self, old: str) -> str:
        """Return the UID that stands for another one (PS3.5 B.2: 2.25 and a UUID)."""
        return f"2.25.{uuid.UUID(bytes=self._mac('uid', old)[:16], version=5).int}"

    def patient(self, identity: str) -> str:
        """Return the pseudonym of a patient: 16 letters and digits."""
        return base64.b32encode(self._mac("patient", identity)[:10]).decode()

    def shifted(self, identity: str, day: date) -> date:
        """Return a date moved back by as many days as all dates of this patient: 1 to `MOST_SHIFT`.

        Raises:
            OverflowError: there is no such date.
        """
        days = 1 + int.from_bytes(self._mac("days", identity)[:8], "big") % MOST_SHIFT
        return day - timedelta(days=days)

    def _mac(self, purpose: str, text: str) -> bytes:
        return hmac.digest(self._key, f"{purpose}\0{text}".encode(errors="surrogateescape"), hashlib.sha256)


def read(path: Path) -> Secret:
    """Read the site's key, 64 hexadecimal digits; make one where there is none.

    Raises:
        WrongUsage: it cannot be read or written, or is no key.
    """
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            atomic_io.write(path, f"{secrets.token_hex(LENGTH)}\n".encode(), MODE)
        text = path.read_text(encoding="ascii").strip()
        key = bytes.fromhex(text)
    except OSError as error:
        what = remedy(error, "name a file of yours")
        raise WrongUsage(f"--key: '{path}' cannot be read or made ({error.strerror}); {what}.") from error
    except ValueError as error:
        raise _no_key(path) from error
    if len(key) != LENGTH:
        raise _no_key(path)
    return Secret(key)


def _no_key(path: Path) -> WrongUsage:
    digits = 2 * LENGTH
    return WrongUsage(
        f"--key: '{path}' holds no key; {digits} hexadecimal digits are allowed; name another file, one that is not "
        "there yet is made."
    )
