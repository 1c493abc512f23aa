"""The password of the page and the tokens of devices: only their hashes are kept, in the state folder."""

import hashlib
import hmac
import secrets
from pathlib import Path

from edge_app import atomic_io, json_text
from edge_app.errors import WrongUsage
from edge_app.web.http import settings

# Characters of a password; NIST SP 800-63B asks for at least 8, and for no rules of composition.
LEAST, MOST = 10, 1024
# RFC 7914: N = 2^15, r = 8, p = 1: 32 MB and a tenth of a second on a desk, as OWASP advises for stored passwords.
METHOD = "scrypt:32768:8:1"
# What stands before the hash of a token that opens /metrics alone: an older program takes it for no token at all.
METRICS = "metrics:"
# Characters of such a token, which somebody else has made: 128 random bits in base64 take 22, and nobody finds those
# from a plain hash.
LEAST_TOKEN = 22
# A token has 256 random bits: nobody can find it from a plain hash.
TOKEN_BYTES = 32


class Credentials:
    """The password and the tokens; read at each use, so that a change needs no restart."""

    def __init__(self, folder: Path):
        """Use the files of a state folder."""
        self._password, self._tokens = folder / settings.PASSWORD, folder / settings.TOKENS

    @property
    def has_password(self) -> bool:
        """Whether a password is set."""
        return self._password.is_file()

    @property
    def version(self) -> str:
        """A hash that changes with the password, so that older sessions end; empty without a password."""
        try:
            return _digest(self._password.read_text(encoding="ascii"))
        except OSError:
            return ""

    def is_password(self, password: str) -> bool:
        """Return whether this is the password; a wrong one takes as long."""
        from werkzeug.security import check_password_hash

        if len(password) > MOST:
            return False
        try:
            return check_password_hash(self._password.read_text(encoding="ascii"), password)
        except OSError:
            return False

    @property
    def names(self) -> list[str]:
        """The names of the devices that have a token."""
        return list(self._named())

    def is_token(self, token: str) -> bool:
        """Return whether this is the token of a device."""
        digest = _digest(token)
        return any(hmac.compare_digest(digest, known) for known in self._named().values())

    def is_metrics_token(self, token: str) -> bool:
        """Return whether this is a token that opens /metrics alone."""
        digest = METRICS + _digest(token)
        return any(hmac.compare_digest(digest, known) for known in self._named().values())

    def set_password(self, password: str) -> None:
        """Set the password.

        Raises:
            WrongUsage: it is too short or too long.
        """
        from werkzeug.security import generate_password_hash

        if not LEAST <= len(password) <= MOST:
            raise WrongUsage(f"password: has {len(password)} characters; {LEAST} to {MOST} are allowed.")
        atomic_io.write(self._password, generate_password_hash(password, METHOD).encode(), mode=0o600)

    def new_token(self, name: str) -> str:
        """Return a new token for a device; it replaces one of the same name and cannot be shown again."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        atomic_io.write_json(self._tokens, self._named() | {name: _digest(token)}, mode=0o600)
        return token

    def take_metrics_token(self, name: str, token: str) -> None:
        """Let a token in that opens /metrics alone, so that many devices may share one; it replaces one of that name.

        Raises:
            WrongUsage: it is too short, or cannot stand in a header.
        """
        if not LEAST_TOKEN <= len(token) <= MOST or not token.isascii() or not token.isprintable() or " " in token:
            raise WrongUsage(
                f"--metrics-token: has {len(token)} characters; {LEAST_TOKEN} to {MOST} ASCII characters without "
                "spaces are allowed; make one with 'openssl rand -hex 32'."
            )
        atomic_io.write_json(self._tokens, self._named() | {name: METRICS + _digest(token)}, mode=0o600)

    def forget_token(self, name: str) -> None:
        """Delete a device's token.

        Raises:
            WrongUsage: there is no token of that name.
        """
        named = self._named()
        if name not in named:
            raise WrongUsage(
                f"--forget-token: there is no token '{name}'; existing tokens: {', '.join(map(repr, named)) or 'none'}."
            )
        del named[name]
        atomic_io.write_json(self._tokens, named, mode=0o600)

    def _named(self) -> dict[str, str]:
        try:
            named = json_text.parse(self._tokens.read_text(encoding="utf-8"))
            if not isinstance(named, dict) or not all(
                isinstance(digest, str) and digest.isascii() for digest in named.values()
            ):
                raise ValueError("it names no tokens")
            return named
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise WrongUsage(f"{self._tokens}: is damaged; delete it, and give devices new tokens.") from error


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
