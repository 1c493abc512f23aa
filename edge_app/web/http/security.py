"""The security headers of every answer, and the check that a request is for a host name of this device."""

import ipaddress

from flask import current_app, request

# Only files that the page itself serves; no script or style inside a page; no frame on another page.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Not "no-referrer": a browser then sends "Origin: null" with our own forms.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
# A year: a browser that has seen the page under TLS must not be led to it without.
STRICT = "max-age=31536000"


def init_app(app, names: frozenset[str]) -> None:
    """Add the headers to an app; let it answer only requests for an IP address or one of its names, in lower case."""

    @app.before_request
    def check_host():
        """Refuse a foreign host name that was made to point here (DNS rebinding); that cannot be an IP address."""
        if _host(request.host) in names or _is_address(_host(request.host)):
            return None
        answer = "Unknown host name; use this device's address, or start it with '--name NAME'.\n"
        return current_app.response_class(answer, 421, mimetype="text/plain")

    @app.after_request
    def add_headers(answer):
        for name, value in HEADERS.items():
            answer.headers.setdefault(name, value)
        if request.is_secure:
            answer.headers.setdefault("Strict-Transport-Security", STRICT)
        if request.endpoint != "static":
            answer.headers["Cache-Control"] = "no-store"
        answer.headers.pop("Server", None)
        return answer


def _host(header: str) -> str:
    """Return the host of a Host header, without its port, in lower case."""
    host = header.rsplit(":", 1)[0] if not header.endswith("]") else header
    return host.strip("[]").rstrip(".").lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
