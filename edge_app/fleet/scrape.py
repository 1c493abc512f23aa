"""Asks a device's page for its figures: over TLS with a certificate that is trusted, with a token, within limits."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from edge_app.errors import WrongUsage
from edge_app.fleet.figures import Figures, NoFigures, parse
from edge_app.fleet.inventory import Device

# Seconds for a device's whole answer: a Pi answers in a tenth of one; a WLAN may lose some packets.
PATIENCE = 10
# Devices asked at the same time: at ten seconds for each that is gone, a hundred of those take half a minute.
AT_ONCE = 32
# Bytes of an answer: the page's has 3 to 6 kB.
MOST_BYTES = 1 << 20


@dataclass(frozen=True)
class Access:
    """How devices let us in.

    Attributes:
        token: of `serve --metrics-token`; empty for none.
        certificates: PEM of the certificates, or of the authority that signed them, that are trusted; None: those that
            this system trusts.
    """

    token: str = ""
    certificates: Path | None = None


def access(token_file: Path | None, certificates: Path | None) -> Access:
    """Read how devices let us in.

    Raises:
        WrongUsage: a file cannot be read, or does not hold what it should.
    """
    token = ""
    if token_file:
        try:
            token = token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise WrongUsage(
                f"--token-file: {token_file} cannot be read ({error}); name a file with one token."
            ) from error
        if not token or not token.isprintable() or " " in token:
            raise WrongUsage(f"--token-file: {token_file} does not hold one token; put the token alone into it.")
    if certificates:
        _trusted(certificates)
    return Access(token, certificates)


def all_figures(devices: list[Device], how: Access) -> dict[str, Figures | NoFigures]:
    """Ask all devices; return by name what each said, or why there is nothing."""

    def ask(device: Device) -> Figures | NoFigures:
        try:
            return figures(device, how)
        except NoFigures as why:
            return why

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((device.name for device in devices), pool.map(ask, devices), strict=True))


def figures(device: Device, how: Access) -> Figures:
    """Ask one device.

    Raises:
        NoFigures: it does not answer, is not trusted, or answers something else; the text says which.
    """
    if how.token and device.scheme == "http" and not device.is_local:
        raise NoFigures("its scheme is http, and the token would cross the network readable; serve the page with --tls")
    try:
        return parse(_text(device, how))
    except ssl.SSLCertVerificationError as error:
        raise NoFigures(f"its certificate is not trusted ({error.verify_message}); add it to --certificates") from error
    except TimeoutError as error:
        raise NoFigures(f"it does not answer within {PATIENCE} seconds") from error
    except (OSError, http.client.HTTPException) as error:
        raise NoFigures(
            f"it cannot be reached ({getattr(error, 'strerror', None) or error or type(error).__name__})"
        ) from error


def _text(device: Device, how: Access) -> str:
    with _opened(device, how) as connection:
        headers = {"Authorization": f"Bearer {how.token}"} if how.token else {}
        connection.request("GET", device.path, headers=headers)
        answer = connection.getresponse()
        content = answer.read(MOST_BYTES + 1)
    if answer.status in (401, 403):
        raise NoFigures(f"it answers {answer.status}: the token is not valid there; see 'serve --metrics-token'")
    if answer.status != 200:  # redirects are not followed: a token must not travel elsewhere
        raise NoFigures(f"it answers {answer.status} in place of figures; look at its journal")
    if len(content) > MOST_BYTES:
        raise NoFigures(f"its answer is longer than {MOST_BYTES} bytes, which no page of this program's is")
    return content.decode(errors="replace")


@contextlib.contextmanager
def _opened(device: Device, how: Access) -> Iterator[http.client.HTTPConnection]:
    """Yield a connection that is cut after `PATIENCE`, also if the device sends a byte now and then."""
    host = device.host.strip("[]")
    if device.scheme == "https":
        trusted = _trusted(how.certificates)
        connection = http.client.HTTPSConnection(host, device.port, timeout=PATIENCE, context=trusted)
    else:
        connection = http.client.HTTPConnection(host, device.port, timeout=PATIENCE)
    late, opened = threading.Event(), []

    def cut() -> None:
        late.set()
        for one in opened:
            with contextlib.suppress(OSError):
                # That of TLS too, without its own, which must not be used while another thread reads.
                socket.socket.shutdown(one, socket.SHUT_RDWR)

    timer = threading.Timer(PATIENCE, cut)
    timer.daemon = True
    timer.start()
    try:
        connection.connect()  # its `timeout` is shorter than the timer, or as long
        opened.append(connection.sock)  # which the connection forgets once the answer's head has come
        yield connection
        if late.is_set():  # an answer without a length looks whole where it was cut
            raise TimeoutError
    except (OSError, http.client.HTTPException) as error:
        if late.is_set():
            raise TimeoutError from error
        raise
    finally:
        timer.cancel()
        connection.close()


def _trusted(certificates: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the certificates of a file; a page's own, which no authority signed, may be one."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if certificates is None:
        context.load_default_certs()
        return context
    try:
        context.load_verify_locations(cafile=str(certificates))
    except OSError as error:  # ssl.SSLError is one
        raise WrongUsage(
            f"--certificates: {certificates} cannot be read as certificates ({error.strerror or error}); name a file "
            "of PEM, such as the page.crt of each device one after the other."
        ) from error
    # A leaf that is trusted itself is enough (X509_V_FLAG_PARTIAL_CHAIN); its name must still be that of the device.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
