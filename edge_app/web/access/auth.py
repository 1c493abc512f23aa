"""Access: sessions with the password, devices with a token, and no request that another site's page makes.

Every endpoint is closed unless it is listed here as open.
"""

import hmac
import threading
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, current_app, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from edge_app.web.access import sessions
from edge_app.web.access.credentials import Credentials
from edge_app.web.access.sessions import BrowserSession, BrowserSessions
from edge_app.web.http.problems import fault
from edge_app.web.http.rate_limits import Bucket, Guesses
from edge_app.web.http.request_helpers import refuse
from edge_app.web.text import languages

auth = Blueprint("auth", __name__)

# Endpoints for everybody: what a login page needs, and the service's health.
OPEN = ("auth.login", "pages.language", "static", "monitoring.health", "monitoring.ready")
# Endpoints that an open page requests several times a second: no sign that somebody is there.
UNATTENDED = ("live.picture", "live.state", "batches.rows")
# Endpoints that a device's token opens beside the API.
FOR_DEVICES = ("monitoring.health", "monitoring.ready", "monitoring.metrics")
# Bytes of a form that may be sent without a login: a password and a token.
MOST_WITHOUT_LOGIN = 10_000
SAFE = ("GET", "HEAD", "OPTIONS")
API = "/api/"
BEARER = "Bearer "


def init_app(app: Flask, credentials: Credentials, open: bool) -> None:
    """Guard an app.

    Args:
        app: the app.
        credentials: its password and tokens.
        open: whether it needs no password unless one is set.
    """
    app.extensions["guard"] = Guard(credentials, open)
    app.register_blueprint(auth)
    app.before_request(_check)
    app.after_request(_set_cookie)
    app.jinja_env.globals.update(csrf_token=csrf_token, logged_in=logged_in)


class Guard:
    """The credentials of an app, and the sessions and rate limits of its clients."""

    def __init__(self, credentials: Credentials, open: bool):
        self.credentials, self.open = credentials, open
        self.sessions, self.guesses, self.uploads = BrowserSessions(), Guesses(), Bucket()
        # One guess at a time: each takes 32 MB, and guesses that come together must not all be free.
        self.one_guess = threading.Lock()


def guard() -> Guard:
    """Return the guard of the app that answers the request."""
    return current_app.extensions["guard"]


def must_log_in() -> bool:
    """Return whether the page needs a password."""
    return not guard().open or guard().credentials.has_password


def logged_in() -> bool:
    """Return whether this browser gave the password."""
    session = _session()
    return session is not None and session.logged_in


def csrf_token() -> str:
    """Return the token that a form of this browser must send; begin a session if there is none."""
    session = _session()
    if session is None:
        session = g.session = guard().sessions.new()
    return session.csrf


def _session() -> BrowserSession | None:
    return g.get("session")


def _check() -> ResponseReturnValue | None:
    """Return None to let a request in, or the answer that refuses it."""
    if request.endpoint is None:  # there is no such page
        return None
    is_api = request.path.startswith(API)
    authorization = request.headers.get("Authorization", "")
    if authorization.startswith(BEARER):
        return _check_device(authorization[len(BEARER) :], is_api)
    g.session = _known_session()
    let_in = not must_log_in() or logged_in()
    if not let_in:  # nothing large is even read
        request.max_content_length = MOST_WITHOUT_LOGIN
    if let_in or request.endpoint in OPEN:
        if request.method in SAFE or _is_same_site(is_api):
            return None
        return _answer(403, "The form has expired, or came from another site; load the page again.")
    if is_api or request.endpoint == "monitoring.metrics" or request.method not in SAFE:
        return _answer(401, "Log in, or send 'Authorization: Bearer TOKEN' with the token of a device.")
    return redirect(url_for("auth.login", next=request.full_path.rstrip("?")), 303)


def _check_device(token: str, is_api: bool) -> Response | None:
    """Return None to let a device in, or the answer that refuses it."""
    if not (is_api or request.endpoint in FOR_DEVICES):
        return _answer(403, "Authorization: the token of a device opens /api/ and /metrics alone.")
    if request.endpoint == "monitoring.metrics" and guard().credentials.is_metrics_token(token):
        return None
    if not guard().credentials.is_token(token):
        return _answer(401, "Authorization: is not a valid device token; 'serve --new-token NAME' makes one.")
    g.device = True
    return None


def _known_session() -> BrowserSession | None:
    """Return the valid session of the request's cookie; end it if the password was changed since its login."""
    session = guard().sessions.get(request.cookies.get(sessions.COOKIE), request.endpoint not in UNATTENDED)
    if session and session.logged_in and session.password != guard().credentials.version:
        guard().sessions.end(session)
        return None
    return session


def _is_same_site(is_api: bool) -> bool:
    """Return whether a request that changes something comes from our own page, or from a program other than a browser.

    OWASP, cross-site request forgery: a token that only our page knows, and the origin that the browser sends.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not _same(origin, request.host):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    session = _session()
    if is_api and session is None and origin is None and "Sec-Fetch-Site" not in request.headers:
        return True  # a program: it has no cookie that another site's page could use
    token = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    return session is not None and hmac.compare_digest(token.encode(), session.csrf.encode())


def _same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # such as 'http://[', which is not an address
        return False


def _answer(status: int, sentence: str) -> Response:
    if request.path.startswith(API):
        answer = current_app.make_response(fault(status, sentence))
    else:
        answer = current_app.make_response(refuse(status, sentence))
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="covid-xray"'
    return answer


def _set_cookie(answer: Response) -> Response:
    session = _session()
    if session is not None and request.cookies.get(sessions.COOKIE) != session.id:
        answer.set_cookie(sessions.COOKIE, session.id, httponly=True, samesite="Strict", secure=request.is_secure)
    return answer


@auth.route("/login", methods=["GET", "POST"])
def login() -> ResponseReturnValue:
    """Ask for the password, then go to the page that was requested first."""
    then = languages.back(request.values.get("next", ""))
    if not must_log_in() or logged_in():
        return redirect(request.script_root + then, 303)
    if request.method == "GET":
        return render_template("login.html", error=None, next=then)
    refused = refusal(request.form.get("password", ""))
    if refused:
        words, status, headers = refused
        return render_template("login.html", error=words, next=then), status, headers
    held = guard()
    password = held.credentials.version
    g.session = held.sessions.new(logged_in=True, instead_of=g.session, password=password)
    return redirect(request.script_root + then, 303)


def refusal(password: str) -> tuple[str, int, dict[str, str]] | None:
    """Return None if the password is right, else words, status and headers of the answer.

    An address has a limited number of guesses, and one is looked at at a time.
    """
    held, address = guard(), request.remote_addr or ""
    with held.one_guess:
        wait = held.guesses.wait(address) or held.guesses.of_all()
        if wait:
            words = _("Too many wrong passwords. Wait %(seconds)s seconds.", seconds=wait)
            return words, 429, {"Retry-After": str(wait)}
        if not held.credentials.is_password(password):
            held.guesses.wrong(address)
            return _("Wrong password."), 401, {}
        held.guesses.right(address)
    return None


@auth.post("/logout")
def logout() -> ResponseReturnValue:
    """End the session."""
    session = _session()
    if session is not None:
        guard().sessions.end(session)
    g.session = None
    answer = redirect(url_for("auth.login" if must_log_in() else "upload.landing"), 303)
    answer.delete_cookie(sessions.COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)
    return answer
