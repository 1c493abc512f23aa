"""Posting a transaction to a FHIR server: once. Whoever calls keeps it until it is taken, and tries again."""

import json
import ssl
import urllib.error
import urllib.request

from edge_app.errors import EdgeError

# Seconds: a server that takes longer has a trouble of its own, and the next try will find it over.
PATIENCE = 30
# HTTP statuses after which the same request may succeed: RFC 9110 15.5.9, RFC 6585 4; and whatever begins with 5.
LATER = (408, 425, 429)
# Bytes of an answer that are read: it is not looked into.
MOST_READ = 1 << 16


class NotPosted(EdgeError):
    """A server did not take a transaction.

    Attributes:
        lasting: whether it will not take this one later either.
    """

    def __init__(self, sentence: str, lasting: bool):
        """Take the sentence that says why."""
        super().__init__(sentence)
        self.lasting = lasting


def post(
    bundle: dict, base: str, token: str = "", tls: ssl.SSLContext | None = None, patience: float = PATIENCE
) -> None:
    """Post a transaction.

    Args:
        bundle: of `resources.bundle`.
        base: the server's address, such as `https://server/fhir`.
        token: sent as a bearer token, if any.
        tls: the certificates that are trusted; None for those of the system.
        patience: seconds.

    Raises:
        NotPosted: the server cannot be reached or does not take it; the sentence holds nothing of the patient's.
    """
    if not base.startswith(("https://", "http://")):
        raise NotPosted(f"{base}: is not an address of a FHIR server; https:// and http:// are allowed; mend it.", True)
    headers = {"Content-Type": "application/fhir+json", "Accept": "application/fhir+json"}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(base.rstrip("/"), json.dumps(bundle).encode(), headers, method="POST")
    handlers = [urllib.request.HTTPSHandler(context=tls)] if tls else []
    opener = urllib.request.build_opener(_Stay(), *handlers)
    try:
        with opener.open(request, timeout=patience) as answer:
            answer.read(MOST_READ)
    except urllib.error.HTTPError as error:
        error.close()
        lasting = error.code < 500 and error.code not in LATER
        advice = "look into the server's log" if lasting else "it is tried again"
        raise NotPosted(f"{base}: answered {error.code}; 200 is needed; {advice}.", lasting) from error
    except (OSError, ValueError) as error:
        why = getattr(error, "reason", None) or error
        raise NotPosted(f"{base}: cannot be reached ({why}); it is tried again.", lasting=False) from error


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follow no redirection: what is sent is a patient's, and goes to the address that was configured alone."""

    def redirect_request(self, req, fp, code, msg, headers, newurl):
        return None
