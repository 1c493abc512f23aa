"""Who may send films over HTTP, and who may see what is here: tokens, of which only hashes are kept."""

import base64
import binascii
from pathlib import Path

from edge_app.errors import WrongUsage
from edge_app.web.access.credentials import Credentials

# Folders of tokens in the node's state: of those that send, and of those that see films and results with names.
SENDERS, READERS = "web-senders", "web-readers"
BEARER, BASIC = "bearer", "basic"


class Access:
    """The tokens of a node; read at each use, so that a change needs no restart."""

    def __init__(self, state: Path, is_alone: bool):
        """Use the folder of a node's state.

        Args:
            state: the folder.
            is_alone: only this device reaches the node: then programs on it may send without a token until one is made.
        """
        self._is_alone = is_alone
        self._folders = {name: state / name for name in (SENDERS, READERS)}

    def may_send(self, authorization: str) -> bool:
        """Say whether a request with this Authorization header may send films."""
        if self._is_alone and not self.has_senders:
            return True
        return self._is_token(SENDERS, authorization)

    def may_read(self, authorization: str) -> bool:
        """Say whether a request with this Authorization header may see films and results."""
        return self._is_token(READERS, authorization)

    @property
    def has_senders(self) -> bool:
        """Whether a token for senders was made and not forgotten."""
        return bool(Credentials(self._folders[SENDERS]).names)

    def new_token(self, name: str, reads: bool) -> str:
        """Return a new token; it replaces one of the same name and cannot be shown again.

        Raises:
            WrongUsage: the folder cannot be used.
        """
        folder = self._folders[READERS if reads else SENDERS]
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return Credentials(folder).new_token(name)
        except OSError as error:
            raise WrongUsage(f"{folder}: cannot be written ({error.strerror}); run this as the node's user.") from error

    def forget_token(self, name: str) -> None:
        """Delete the tokens of a name.

        Raises:
            WrongUsage: there is none.
        """
        found = [one for one in map(Credentials, self._folders.values()) if name in one.names]
        if not found:
            names = sorted({name for one in map(Credentials, self._folders.values()) for name in one.names})
            raise WrongUsage(
                f"--forget-token: there is no token '{name}'; existing tokens: {', '.join(names) or 'none'}; name one."
            )
        for one in found:
            one.forget_token(name)

    def _is_token(self, kind: str, authorization: str) -> bool:
        """Say whether it is `Bearer TOKEN`, or Basic with any user and the token as password, as some PACS send it."""
        scheme, _, value = authorization.partition(" ")
        if scheme.lower() == BASIC:
            try:
                value = base64.b64decode(value, validate=True).decode().partition(":")[2]
            except (binascii.Error, ValueError):
                return False
        elif scheme.lower() != BEARER:
            return False
        return Credentials(self._folders[kind]).is_token(value.strip())
