"""Which FHIR server results are posted to, as the flags of a command name it."""

import ssl
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_app.errors import WrongUsage
from edge_app.fhir import post as post_
from edge_app.fhir.post import NotPosted


class FhirServer(NamedTuple):
    """A server.

    Attributes:
        base: its address, such as `https://server/fhir`.
        login: file with a bearer token or USER:PASSWORD; it is read at each try, as tokens are renewed. None without.
        tls: the certificates that are trusted; None for those of the system.
    """

    base: str
    login: Path | None = None
    tls: ssl.SSLContext | None = None

    def post(self, bundle: dict) -> None:
        """Post a transaction.

        Raises:
            NotPosted: as of `post.post`, or the file of the login cannot be used.
        """
        try:
            login = _read(self.login) if self.login else ""
        except WrongUsage as error:
            raise NotPosted(str(error), misdirected=True) from error
        post_.post(bundle, self.base, login, self.tls)


def of_flags(base: str | None, login: Path | None, authorities: Path | None) -> FhirServer | None:
    """Return the server of the flags `--fhir`, `--fhir-login` and `--fhir-ca`; None without.

    Raises:
        WrongUsage: the address is none of a server, a file cannot be used, or one is given without the address.
    """
    if base is None:
        if login or authorities:
            raise WrongUsage("--fhir-login, --fhir-ca: nothing says which FHIR server; name it with --fhir URL.")
        return None
    if not _is_address(base):
        raise WrongUsage(
            "--fhir: is not the base address of a FHIR server; https://SERVER/PATH or http://SERVER/PATH without a "
            "login, '?' or '#' is allowed; a login stands in the file of --fhir-login."
        )
    if login:
        _read(login)
    return FhirServer(base, login, _trusted(authorities) if authorities else None)


def _is_address(base: str) -> bool:
    try:
        parts = urlsplit(base)
        allowed = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is not a number
        return False
    return allowed and "@" not in parts.netloc and not parts.query and not parts.fragment and base.isprintable()


def _read(login: Path) -> str:
    try:
        text = login.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not text"
        raise WrongUsage(
            f"--fhir-login: {login} cannot be read ({why}); name a file that this user may read."
        ) from None
    if not text or not text.isprintable():
        raise WrongUsage(f"--fhir-login: {login} holds no login; one line is needed, a bearer token or USER:PASSWORD.")
    return text


def _trusted(authorities: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError) as error:
        raise WrongUsage(f"--fhir-ca: {authorities} cannot be used ({error}); name certificates in PEM.") from error
