"""Posting a transaction to a FHIR server: once. Whoever calls keeps it until it is taken, and tries again."""

import base64
import http.client
import json
import ssl
import urllib.error
import urllib.request

from edge_app import json_text
from edge_app.errors import EdgeError
from edge_app.events import webhook

# Seconds: a server that takes longer has a trouble of its own, and the next try will find it over.
PATIENCE = 30
# HTTP statuses after which the same request may succeed: RFC 9110 15.5.9 and 15.5.10, RFC 4918 11.3, RFC 8470, RFC
# 6585 4; and whatever begins with 5. Servers answer 409 while another change of the same resource is under way.
LATER = (408, 409, 423, 425, 429)
# Those that tell of the address or the login and not of what was sent (RFC 9110 15.5); and whatever begins with 3.
MISDIRECTED = (401, 403, 404, 405, 407)
# Bytes of an answer that are read: one of five entries has 2 kB.
MOST_READ = 1 << 20


class NotPosted(EdgeError):
    """A server did not take a transaction.

    Attributes:
        lasting: whether it will not take this one later either.
        misdirected: whether the address or the login is wrong, and somebody has to mend it first.
        answered: whether there was an answer: another transaction may then fare better.
        wait: seconds to wait, as the server asks for; None where it does not.
    """

    def __init__(self, sentence: str, *, lasting=False, misdirected=False, answered=False, wait: float | None = None):
        """Take the sentence that says why."""
        super().__init__(sentence)
        self.lasting, self.misdirected, self.answered, self.wait = lasting, misdirected, answered, wait


def post(
    bundle: dict, base: str, login: str = "", tls: ssl.SSLContext | None = None, patience: float = PATIENCE
) -> None:
    """Post a transaction.

    Args:
        bundle: of `resources.bundle`.
        base: the server's address, such as `https://server/fhir`.
        login: a bearer token (RFC 6750), or USER:PASSWORD (RFC 7617); "" for none.
        tls: the certificates that are trusted; None for those of the system.
        patience: seconds.

    Raises:
        NotPosted: the server cannot be reached or does not take it; the sentence holds nothing of the patient's.
    """
    if not base.startswith(("https://", "http://")):
        words = f"{base}: is not an address of a FHIR server; https:// and http:// are allowed; mend it."
        raise NotPosted(words, misdirected=True)
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json", "Prefer": "return=minimal"}
    headers |= {"Authorization": authorization(login)} if login else {}
    request = urllib.request.Request(base.rstrip("/"), json.dumps(bundle).encode(), headers, method="POST")
    handlers = [urllib.request.HTTPSHandler(context=tls)] if tls else []
    opener = urllib.request.build_opener(_Stay(), *handlers)
    try:
        with opener.open(request, timeout=patience) as answer:
            said = answer.read(MOST_READ)
    except urllib.error.HTTPError as error:
        error.close()
        raise _refused(base, error) from error
    except (OSError, ValueError, http.client.HTTPException) as error:
        why = getattr(error, "reason", None) or error
        raise NotPosted(f"{base}: cannot be reached ({why}); it is tried again.") from error
    if not _is_taken(said):
        words = f"{base}: answered what is not a transaction-response of FHIR; name the base address of a FHIR server."
        raise NotPosted(words, misdirected=True, answered=True)


def authorization(login: str) -> str:
    """Return the value of the header for a login as of `post`; a bearer token has no colon (RFC 6750 2.1)."""
    return f"Basic {base64.b64encode(login.encode()).decode()}" if ":" in login else f"Bearer {login}"


def _refused(base: str, error: urllib.error.HTTPError) -> NotPosted:
    status = error.code
    misdirected = status < 400 or status in MISDIRECTED
    lasting = not misdirected and status < 500 and status not in LATER
    advice = "see the address, the login and the rights there" if misdirected else "it is tried again"
    advice = "look into the server's log" if lasting else advice
    words = f"{base}: answered {status}; 200 is needed; {advice}."
    wait = webhook.seconds(error.headers.get("Retry-After"))
    return NotPosted(words, lasting=lasting, misdirected=misdirected, answered=True, wait=wait)


def _is_taken(said: bytes) -> bool:
    """Return whether an answer is one to a transaction: of a login page or of a proxy nothing is taken."""
    try:
        found = json_text.parse(said)
    except ValueError:
        return False
    return isinstance(found, dict) and found.get("type") == "transaction-response"


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirection: what is sent is a patient's, and goes to the address that was configured alone."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None
