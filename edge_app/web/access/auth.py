"""Who may ask: sessions with the password, devices with a token, and nobody by way of somebody else's page.

Everything is closed unless it is listed here as open.
"""

import hmac
import threading
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _

from edge_app.web.access import sessions
from edge_app.web.access.sessions import Sessions
from edge_app.web.http.problems import fault
from edge_app.web.http.rate_limits import Bucket, Guesses
from edge_app.web.http.request_helpers import refuse
from edge_app.web.text import languages

auth = Blueprint("auth", __name__)

# Endpoints for everybody: what a login page needs, and whether the service lives.
OPEN = ("auth.login", "pages.language", "static", "watch.health", "watch.ready")
# Asked for by a page that lies open, several times a second: no sign that somebody is there.
UNATTENDED = ("live.picture", "live.state")
# What a device's token opens beside the API.
FOR_DEVICES = ("watch.health", "watch.ready", "watch.metrics")
# Bytes of a form that strangers may send: a password and a token.
MOST_OF_STRANGERS = 10_000
SAFE = ("GET", "HEAD", "OPTIONS")
API = "/api/"
BEARER = "Bearer "


def init_app(app, credentials) -> None:
    """Guard an app.

    Args:
        app: of Flask; `app.extensions["services"].settings.open` says whether it is open to whoever reaches it.
        credentials: `credentials.Credentials`.
    """
    app.extensions["guard"] = Guard(credentials)
    app.register_blueprint(auth)
    app.before_request(_check)
    app.after_request(_set_cookie)
    app.jinja_env.globals.update(csrf_token=csrf_token, logged_in=logged_in)


class Guard:
    """What is known of those who ask."""

    def __init__(self, credentials):
        self.credentials = credentials
        self.sessions, self.guesses, self.uploads = Sessions(), Guesses(), Bucket()
        # One guess at a time: it takes 32 MB, and those that come at once are not to be free together.
        self.one_guess = threading.Lock()


def guard() -> Guard:
    """Return the app's."""
    return current_app.extensions["guard"]


def must_log_in() -> bool:
    """Say whether the page asks for a password."""
    return not current_app.extensions["services"].settings.open or guard().credentials.has_password


def logged_in() -> bool:
    """Say whether this browser gave the password."""
    session = g.get("session")
    return bool(session and session.logged_in)


def csrf_token() -> str:
    """Return what a form of this browser must send along; begins a session if there is none."""
    if g.get("session") is None:
        g.session = guard().sessions.new()
    return g.session.csrf


def _check():
    """Let a request in, or return the answer that it gets instead."""
    if request.endpoint is None:  # there is no such page
        return None
    is_api = request.path.startswith(API)
    said = request.headers.get("Authorization", "")
    if said.startswith(BEARER):
        if not (is_api or request.endpoint in FOR_DEVICES):
            return _answer(403, "Authorization: the token of a device opens /api/ and /metrics alone.")
        if guard().credentials.is_token(said[len(BEARER) :]):
            g.device = True
            return None
        return _answer(401, "Authorization: is not a valid device token; 'serve --new-token NAME' makes one.")
    known = guard().sessions.get(request.cookies.get(sessions.COOKIE), request.endpoint not in UNATTENDED)
    if known and known.logged_in and known.password != guard().credentials.version:  # it was changed meanwhile
        guard().sessions.end(known)
        known = None
    g.session = known
    let_in = not must_log_in() or logged_in()
    if not let_in:  # nothing large is even read
        request.max_content_length = MOST_OF_STRANGERS
    if let_in or request.endpoint in OPEN:
        if request.method in SAFE or _is_ours(is_api):
            return None
        return _answer(403, "The form has expired, or came from another site; load the page again.")
    if is_api or request.endpoint == "watch.metrics" or request.method not in SAFE:
        return _answer(401, "Log in, or send 'Authorization: Bearer TOKEN' with the token of a device.")
    return redirect(url_for("auth.login", next=request.full_path.rstrip("?")), 303)


def _is_ours(is_api: bool) -> bool:
    """Say whether what changes something comes from our own page, or from no browser at all.

    OWASP, cross-site request forgery: a token that only our page can know, and the origin as the browser tells it.
    """
    origin = request.headers.get("Origin")
    if origin is not None and not _same(origin, request.host):
        return False
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    if is_api and g.session is None and origin is None and "Sec-Fetch-Site" not in request.headers:
        return True  # a program; it has no cookie that a page of elsewhere could ride on
    said = request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", "")
    return g.session is not None and hmac.compare_digest(said.encode(), g.session.csrf.encode())


def _same(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:  # such as 'http://[': no address at all
        return False


def _answer(status: int, sentence: str):
    if request.path.startswith(API):
        answer = current_app.make_response(fault(status, sentence))
    else:
        answer = current_app.make_response(refuse(status, sentence))
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Bearer realm="covid-xray"'
    return answer


def _set_cookie(answer):
    session = g.get("session")
    if session is not None and request.cookies.get(sessions.COOKIE) != session.id:
        answer.set_cookie(sessions.COOKIE, session.id, httponly=True, samesite="Strict", secure=request.is_secure)
    return answer


@auth.route("/login", methods=["GET", "POST"])
def login():
    """Ask for the password; what was asked for before comes after it."""
    then = languages.back(request.values.get("next", ""))
    if not must_log_in() or logged_in():
        return redirect(then, 303)
    if request.method == "GET":
        return render_template("login.html", error=None, next=then)
    with guard().one_guess:
        return _guess(request.remote_addr or "", then)


def _guess(address: str, then: str):
    held = guard()
    wait = held.guesses.wait(address) or held.guesses.of_all()
    if wait:
        words = _("Too many wrong passwords. Wait %(seconds)s seconds.", seconds=wait)
        return render_template("login.html", error=words, next=then), 429, {"Retry-After": str(wait)}
    if not held.credentials.is_password(request.form.get("password", "")):
        held.guesses.wrong(address)
        return render_template("login.html", error=_("Wrong password."), next=then), 401
    held.guesses.right(address)
    password = held.credentials.version
    g.session = held.sessions.new(logged_in=True, instead_of=g.session, password=password)
    return redirect(then, 303)


@auth.post("/logout")
def logout():
    """End the session."""
    guard().sessions.end(g.session)
    g.session = None
    answer = redirect(url_for("auth.login" if must_log_in() else "upload.landing"), 303)
    answer.delete_cookie(sessions.COOKIE, httponly=True, samesite="Strict", secure=request.is_secure)
    return answer
