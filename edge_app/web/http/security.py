"""What every answer says to the browser, and which host names of this device are accepted."""

import ipaddress

from flask import current_app, request

# Nothing but what the page itself serves; no script or style inside a page; in nobody's frame.
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
# A year: whoever has once seen the page under TLS is not to be led to it without.
STRICT = "max-age=31536000"


def init_app(app, names: frozenset[str]) -> None:
    """Give an app its headers, and let it heed requests for its own names alone, in lower case, and for addresses."""

    @app.before_request
    def check_host():
        """Refuse a page of elsewhere that was made to point here by its name (DNS rebinding); it cannot be a number."""
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


def _host(said: str) -> str:
    """Return the host of a Host header, without its port, in lower case."""
    host = said.rsplit(":", 1)[0] if not said.endswith("]") else said
    return host.strip("[]").rstrip(".").lower()


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
