"""The webhook: each event is sent as one POST, signed as https://www.standardwebhooks.com describes (version 1).

The receiver computes HMAC-SHA256 over `ID.TIMESTAMP.BODY` with the secret that both share: nobody else can make an
event up, and an old one that is sent again is known by its timestamp and its id.
"""

import base64
import contextlib
import email.utils
import hashlib
import hmac
import http.client
import secrets
import socket
import ssl
import threading
import time
from http import HTTPStatus
from urllib.parse import unquote, urlsplit

from edge_app import __version__, addresses
from edge_app.events.config import WEBHOOK, WebhookConfig
from edge_app.events.event import Event
from edge_app.events.sink import Undelivered, Unwanted

PREFIX = "whsec_"
# Bytes of a secret; Standard Webhooks asks for 24 to 64.
SECRET_BYTES = 32
# Seconds for each answer of the network, and for the whole of a delivery: Standard Webhooks advises 15 to 30.
SILENCE, WHOLE = 10.0, 25.0
# Bytes of an answer that are read: it is not looked at.
MOST_ANSWER = 4096
# Answers that mean "later": the receiver is busy or has a fault of its own (RFC 9110, RFC 8470).
LATER = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


def new_secret() -> str:
    """Return a new secret, as Standard Webhooks writes one: `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """Return the value of the header `webhook-signature`.

    Args:
        secret: of `new_secret`.
        id: of the event, `webhook-id`.
        timestamp: seconds since 1970 of this attempt, `webhook-timestamp`.
        body: as it is sent.
    """
    key = base64.b64decode(secret.removeprefix(PREFIX))
    made = hmac.new(key, f"{id}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(made).decode()}"


class Webhook:
    """The sink; its connection is kept open from event to event."""

    name = WEBHOOK

    def __init__(self, config: WebhookConfig):
        """Prepare; nothing is opened before the first event."""
        self._config = config
        parts = urlsplit(config.url)
        self._parts, self._path = parts, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._connection: http.client.HTTPConnection | None = None
        # That of the connection, which forgets it once the head of an answer has come after which it closes.
        self._socket: socket.socket | None = None
        self._late = False  # the delivery under way took too long

    def deliver(self, event: Event, body: bytes) -> str:
        """Post an event; as of `Sink.deliver`."""
        headers = self._headers(event.id, body)
        try:
            with self._at_most(WHOLE):
                status, retry = self._posted(body, headers)
            if self._late:  # what was cut off reads like a whole answer
                raise TimeoutError
        except ssl.SSLCertVerificationError as error:
            self.close()
            raise Undelivered(f"the receiver's certificate is not trusted ({error.verify_message})") from error
        except TimeoutError as error:
            self.close()
            raise Undelivered("the receiver did not answer in time") from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self.close()
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Undelivered(f"the receiver cannot be reached ({why})") from error
        return self._judged(status, retry)

    def idle(self) -> None:
        """Do nothing."""

    def cut(self) -> None:
        """End a delivery under way."""
        self.close()

    def close(self) -> None:
        """Close the connection; a delivery under way fails."""
        (connection, self._connection), (opened, self._socket) = (self._connection, None), (self._socket, None)
        if opened:
            with contextlib.suppress(OSError):
                # That of TLS too, without its own, which must not be used while another thread reads.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)
        if connection:
            connection.close()

    def _headers(self, id: str, body: bytes) -> dict[str, str]:
        timestamp = int(time.time())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"covid-xray-edge/{__version__}",
            "webhook-id": id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature(self._config.secret, id, timestamp, body),
        }
        if self._parts.username is not None:
            login = f"{unquote(self._parts.username)}:{unquote(self._parts.password or '')}"
            headers["Authorization"] = f"Basic {base64.b64encode(login.encode()).decode()}"
        return headers

    def _posted(self, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
        """Post; once more if the receiver has closed the connection since the last event."""
        kept, self._late = self._connection is not None, False
        try:
            return self._post(body, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            if not kept or self._late:
                raise
        self.close()
        return self._post(body, headers)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, float | None]:
        """Return the status of the answer, and the seconds that it asks to wait."""
        connection = self._connection
        if connection is None:
            connection = self._connection = self._opened()
            connection.connect()
            self._socket = connection.sock
        connection.request("POST", self._path, body, headers)
        answer = connection.getresponse()
        answer.read(MOST_ANSWER)
        if not answer.isclosed():  # it says more than we want to know
            self.close()
        return answer.status, seconds(answer.getheader("Retry-After"))

    def _opened(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._parts.scheme == "http":
            return http.client.HTTPConnection(host, port, timeout=SILENCE)
        trusted = ssl.create_default_context(cafile=self._config.authority and str(self._config.authority))
        return http.client.HTTPSConnection(host, port, timeout=SILENCE, context=trusted)

    @contextlib.contextmanager
    def _at_most(self, seconds: float):
        """Cut the connection if the block takes longer: a receiver that sends a byte now and then holds nothing up."""

        def cut() -> None:
            self._late = True
            self.close()

        timer = threading.Timer(seconds, cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _judged(self, status: int, retry: float | None) -> str:
        said = f"the receiver answered {_named(status)}"
        if 200 <= status < 300:
            return said
        if status == HTTPStatus.GONE:
            raise Unwanted(f"{said}: it wants no more events")
        if 300 <= status < 400:
            raise Undelivered(f"{said}: redirects are not followed; set the address that it points to", refused=True)
        raise Undelivered(said, refused=400 <= status < 500 and status not in LATER, retry_after_s=retry)


def seconds(retry_after: str | None) -> float | None:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, 10.2.3); None if there is none."""
    if not retry_after:
        return None
    if retry_after.strip().isdigit():
        return float(retry_after)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(retry_after).timestamp() - time.time())
    except ValueError:
        return None


def _named(status: int) -> str:
    """Return a status with its name in HTTP; the receiver's own words are not shown."""
    with contextlib.suppress(ValueError):
        return f"{status} {HTTPStatus(status).phrase}"
    return str(status)


def public(url: str) -> str:
    """Return an address without its secrets."""
    return addresses.public(url)
