"""The password of the page and the tokens of devices: of both only hashes are kept, in the state folder."""

import hashlib
import hmac
import json
import secrets
from pathlib import Path

from edge_app import atomic_io
from edge_app.errors import WrongUsage
from edge_app.web.http import settings

# Characters of a password; NIST SP 800-63B asks for 8 at least, and for no rules of composition.
LEAST, MOST = 10, 1024
# RFC 7914: N = 2^15, r = 8, p = 1, 32 MB and a tenth of a second on a desk, as OWASP's password storage has it.
METHOD = "scrypt:32768:8:1"
# A token is 256 random bits: a plain hash cannot be tried out.
TOKEN_BYTES = 32


class Credentials:
    """What opens the page; read anew whenever its files change, so that a password is changed without a restart."""

    def __init__(self, folder: Path):
        """Take the state folder."""
        self._password, self._tokens = folder / settings.PASSWORD, folder / settings.TOKENS

    @property
    def has_password(self) -> bool:
        """Whether a password is set."""
        return self._password.is_file()

    @property
    def version(self) -> str:
        """What changes with the password, so that sessions of the one before end; empty without a password."""
        try:
            return _digest(self._password.read_text(encoding="ascii"))
        except OSError:
            return ""

    def is_password(self, said: str) -> bool:
        """Say whether it is the password; takes as long for a wrong one."""
        from werkzeug.security import check_password_hash

        if len(said) > MOST:
            return False
        try:
            return check_password_hash(self._password.read_text(encoding="ascii"), said)
        except OSError:
            return False

    def is_token(self, said: str) -> bool:
        """Say whether it is the token of a device."""
        digest = _digest(said)
        return any(hmac.compare_digest(digest, known) for known in self._named().values())

    def set_password(self, said: str) -> None:
        """Set the password.

        Raises:
            WrongUsage: it is too short or too long.
        """
        from werkzeug.security import generate_password_hash

        if not LEAST <= len(said) <= MOST:
            raise WrongUsage(f"password: has {len(said)} characters; {LEAST} to {MOST} are allowed.")
        atomic_io.write(self._password, generate_password_hash(said, METHOD).encode(), mode=0o600)

    def new_token(self, name: str) -> str:
        """Give a device a token, in place of one of the same name; it is told this once."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        atomic_io.write_json(self._tokens, self._named() | {name: _digest(token)}, mode=0o600)
        return token

    def forget_token(self, name: str) -> None:
        """Take a device's token away.

        Raises:
            WrongUsage: there is none of that name.
        """
        named = self._named()
        if name not in named:
            raise WrongUsage(f"--forget-token: '{name}' has none; {', '.join(map(repr, named)) or 'nobody'} has.")
        del named[name]
        atomic_io.write_json(self._tokens, named, mode=0o600)

    def _named(self) -> dict[str, str]:
        try:
            return json.loads(self._tokens.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise WrongUsage(f"{self._tokens}: is damaged; delete it, and give devices new tokens.") from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
