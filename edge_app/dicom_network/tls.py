"""TLS as BCP 195 asks (PS3.15 B.12): version 1.2 or 1.3, forward secrecy, ciphers that authenticate what they carry."""

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from edge_app.errors import WrongUsage

if TYPE_CHECKING:
    import ssl

# RFC 9325, 4.2, those of TLS 1.2; all of TLS 1.3's are good.
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"


class Files(NamedTuple):
    """The site's certificates, in PEM.

    Attributes:
        certificate, key: this node's own.
        authorities: those whose certificates peers must show; None: a peer that calls shows none.
    """

    certificate: Path
    key: Path
    authorities: Path | None


def of_flags(certificate: Path | None, key: Path | None, authorities: Path | None) -> Files | None:
    """Return the files of the flags; None without TLS.

    Raises:
        WrongUsage: one goes without another.
    """
    if certificate and key:
        return Files(certificate, key, authorities)
    if certificate or key or authorities:
        raise WrongUsage("--tls-cert: TLS needs a certificate and its key; name both with --tls-cert and --tls-key.")
    return None


def accepting(files: Files) -> "ssl.SSLContext":
    """Return the context of connections that others open.

    Raises:
        WrongUsage: a file cannot be used.
    """
    import ssl

    context = _context(files, ssl.PROTOCOL_TLS_SERVER)
    if files.authorities:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def calling(files: Files) -> "ssl.SSLContext":
    """Return the context of connections that this node opens: a peer's certificate and name are checked.

    Raises:
        WrongUsage: a file cannot be used, or none says which authorities are trusted.
    """
    import ssl

    if files.authorities is None:
        raise WrongUsage("--send-tls: nothing says whose certificates are trusted; name a file with --tls-ca.")
    return _context(files, ssl.PROTOCOL_TLS_CLIENT)


def _context(files: Files, protocol: int) -> "ssl.SSLContext":
    import ssl

    context = ssl.SSLContext(protocol)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    try:
        context.load_cert_chain(files.certificate, files.key)
        if files.authorities:
            context.load_verify_locations(files.authorities)
    except (OSError, ssl.SSLError) as error:
        raise WrongUsage(
            f"--tls-cert: {files.certificate}, its key or the authorities cannot be used ({error}); "
            "name files in PEM that this user may read and that belong together."
        ) from error
    return context
