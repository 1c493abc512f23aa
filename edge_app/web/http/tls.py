"""TLS in front of a server without it: bytes are decrypted here and passed on to the server over the loopback.

A self-signed certificate is made at the first start. No authority vouches for it, so its fingerprint is printed: it
must be the one that the browser shows.
"""

import asyncio
import contextlib
import datetime
import ipaddress
import ssl
import threading
from collections import Counter
from pathlib import Path

from edge_app import atomic_io

# Days for which a certificate is valid: more than 825 are refused even if it is trusted (Apple HT210176).
DAYS = 800
# Seconds for a handshake, and bytes read at a time.
PATIENCE, AT_ONCE = 10, 1 << 16
# Seconds without a byte after which a client that was answered sends no more: a break in a WLAN is seldom longer.
SILENCE = 2


def certificate(path: Path, key: Path, names: frozenset[str], addresses: list[str]) -> str:
    """Make a self-signed certificate and its key, unless they exist and are still valid for a month.

    Args:
        path, key: PEM files.
        names: of this device.
        addresses: of this device.

    Returns:
        The certificate's SHA-256 fingerprint, as browsers show it: `AB:CD:...`.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    now = datetime.datetime.now(datetime.UTC)
    made = x509.load_pem_x509_certificate(path.read_bytes()) if path.is_file() and key.is_file() else None
    if made is None or made.not_valid_after_utc < now + datetime.timedelta(days=30):
        secret = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "covid-xray page")])
        others: list[x509.GeneralName] = [
            x509.DNSName(name) for name in sorted(names) if name and not _is_address(name)
        ]
        others += [x509.IPAddress(ipaddress.ip_address(address)) for address in addresses]
        made = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(secret.public_key())
            .serial_number(x509.random_serial_number())
            # A Pi without a battery clock may start in the past; the browsers' clocks are right.
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=DAYS))
            .add_extension(x509.SubjectAlternativeName(others), critical=False)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
            .sign(secret, hashes.SHA256())
        )
        pem = serialization.Encoding.PEM
        plain = serialization.NoEncryption()
        atomic_io.write(key, secret.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain), mode=0o600)
        atomic_io.write(path, made.public_bytes(pem), mode=0o600)
    return ":".join(f"{byte:02X}" for byte in made.fingerprint(hashes.SHA256()))


def valid_until(path: Path) -> datetime.datetime | None:
    """Return when a certificate, PEM, ends, with a time zone; None if there is none that can be read."""
    from cryptography import x509

    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError):
        return None


class Terminator:
    """Listens under TLS and passes the bytes on to a server on the loopback.

    Attributes:
        port: that it listens on.
    """

    def __init__(self, host: str, port: int, path: Path, key: Path, onto: int):
        """Begin to listen.

        Args:
            host, port: to listen on; 0 is any free port.
            path, key: PEM files of the certificate.
            onto: port of the server on the loopback.

        Raises:
            OSError: the address cannot be listened on.
        """
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2
        self._context.load_cert_chain(path, key)
        self._onto = onto
        self._clients: dict[int, str] = {}
        self._loop = asyncio.new_event_loop()
        self._server = self._loop.run_until_complete(
            asyncio.start_server(self._pass_on, host, port, ssl=self._context, ssl_handshake_timeout=PATIENCE)
        )
        self.port = self._server.sockets[0].getsockname()[1]
        self._loop.set_exception_handler(lambda loop, context: None)  # a client may leave at any time
        self._thread = threading.Thread(target=self._loop.run_forever, name="tls", daemon=True)
        self._thread.start()

    def client(self, port: int) -> str | None:
        """Return the address of the client whose bytes come from this port of the loopback; None if unknown."""
        return self._clients.get(port)

    def close(self) -> None:
        """Stop listening, and end all connections."""

        async def end():
            self._server.close()
            others = asyncio.all_tasks() - {asyncio.current_task()}
            for task in others:
                task.cancel()
            # Each closes its connections when it ends, for which the loop must still run.
            await asyncio.gather(*others, return_exceptions=True)
            self._loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self._loop)
        self._thread.join(PATIENCE)
        self._loop.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner, onto = await asyncio.open_connection("127.0.0.1", self._onto)
        except OSError:
            writer.close()
            return
        port = onto.get_extra_info("sockname")[1]
        self._clients[port] = writer.get_extra_info("peername")[0]
        passed = Counter[str]()
        sending = asyncio.create_task(_copy(reader, onto, passed))
        try:
            await _copy(inner, writer, passed)
            # A client that still sends reads the answer afterwards: closed now, it would lose it.
            before = -1
            while not sending.done() and before != passed.total():
                before = passed.total()
                await asyncio.wait((sending,), timeout=SILENCE)
        finally:
            sending.cancel()
            self._clients.pop(port, None)
            writer.close()
            onto.transport.abort()  # the server has ended, or all ends: what it did not take is not wanted


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passed: Counter[str]) -> None:
    """Pass bytes on until their sender ends, and that it has, where it can be said; count them in `passed`."""
    with contextlib.suppress(OSError, ssl.SSLError, asyncio.IncompleteReadError):
        while content := await reader.read(AT_ONCE):
            passed["bytes"] += len(content)
            writer.write(content)
            await writer.drain()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()


class Behind:
    """WSGI: gives an app the address of the client behind a `Terminator`; other connections are refused."""

    def __init__(self, app, terminator: Terminator):
        self._app, self._terminator = app, terminator

    def __call__(self, environ, start_response):
        """Serve a request."""
        client = self._terminator.client(int(environ.get("REMOTE_PORT", 0)))
        if client is None:
            start_response("403 Forbidden", [("Content-Type", "text/plain")])
            return [b"Use TLS.\n"]
        environ |= {"REMOTE_ADDR": client, "wsgi.url_scheme": "https"}
        return self._app(environ, start_response)


def _is_address(name: str) -> bool:
    with contextlib.suppress(ValueError):
        return bool(ipaddress.ip_address(name))
    return False
