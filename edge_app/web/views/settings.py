"""The settings page: what the device's configuration leaves open is set here, and holds at once where it can.

A device's token opens nothing here (`access/auth`), and every form carries its token against other sites' pages. What
leaves the device, and where to, is changed only with the password, where there is one.
"""

import sys
import threading

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for

from edge_app.events import webhook
from edge_app.events.config import SINKS
from edge_app.screening import phrasing
from edge_app.web.access import auth
from edge_app.web.http import settings_file, settings_table
from edge_app.web.http.settings_table import OUTWARD, SECTIONS, WEBHOOK, WEBHOOK_SECRET
from edge_app.web.readings.services import services
from edge_app.web.text import settings_text
from edge_app.web.views import settings_apply, settings_forms

settings = Blueprint("settings", __name__)

# Two people who save at the same time must not undo each other's changes.
_saving = threading.Lock()


@settings.get("/settings")
def show() -> str:
    """Show all settings, and how it goes with the events."""
    return _page()


@settings.post("/settings/<section>")
def save(section: str):
    """Save the form of one section."""
    if section not in SECTIONS:
        abort(404)
    typed, state_dir = request.form, services().settings.state_dir
    with _saving:
        stored = settings_file.read(state_dir)
        values, wrong = settings_forms.read(section, typed, services().settings, stored)
        if wrong:
            return _page(section, typed, wrong), 400
        if refusal := _refusal(section):
            words, status, headers = refusal
            return _page(section, typed, {"password": words}), status, headers
        _keep(stored, values, section)
    secret = values[WEBHOOK_SECRET] if values.get(WEBHOOK_SECRET) != stored.get(WEBHOOK_SECRET) else ""
    if secret:  # shown this once, so it is no redirect
        return _page(saved=section, secret=secret)
    return redirect(url_for("settings.show", saved=section, _anchor=section), 303)


@settings.post("/settings/webhook/secret")
def secret():
    """Make a new secret for the signatures, and show it once."""
    with _saving:
        stored = settings_file.read(services().settings.state_dir)
        if refusal := _refusal(WEBHOOK):
            words, status, headers = refusal
            return _page(WEBHOOK, None, {"password": words}), status, headers
        made = webhook.new_secret()
        _keep(stored, {**stored, WEBHOOK_SECRET: made}, WEBHOOK)
    return _page(saved=WEBHOOK, secret=made)


@settings.post("/settings/<sink>/test")
def test(sink: str):
    """Send a test event, and say what became of it."""
    if sink not in services().settings.events.sinks:
        abort(404)
    return _page(trial=(sink, services().hub.test(sink)))


def _refusal(section: str) -> tuple[str, int, dict[str, str]] | None:
    """Return why the password is not right, where a section needs it; None if it is, or is not needed."""
    if section not in OUTWARD or not auth.must_log_in():
        return None
    return auth.refusal(request.form.get("password", ""))


def _keep(stored: dict, values: dict, section: str) -> None:
    """Write the settings, tell the journal what has changed, and let them hold."""
    settings_file.write(services().settings.state_dir, values)
    for sentence in settings_forms.changes(stored, values):
        print(phrasing.printable(sentence), file=sys.stderr, flush=True)
    current_app.extensions["services"] = settings_apply.apply(services(), values, section in SINKS)


def _page(section: str = "", typed=None, wrong=None, saved: str = "", secret: str = "", trial=None) -> str:
    """Show the page; arguments of what was just done, if anything was."""
    running, stored = services().settings, settings_file.read(services().settings.state_dir)
    parts = [
        {
            "name": name,
            "title": settings_text.SECTIONS[name][0],
            "about": settings_text.SECTIONS[name][1],
            "fields": settings_forms.shown(
                name, running, stored, typed if name == section else None, (wrong or {}) if name == section else {}
            ),
            "outward": name in OUTWARD and auth.must_log_in(),
            "wrong_password": (wrong or {}).get("password", "") if name == section else "",
            "is_sink": name in SINKS,
            "used": name in running.events.sinks,
        }
        for name in SECTIONS
    ]
    return render_template(
        "settings.html",
        parts=parts,
        has_wrong=bool(wrong),
        saved=saved or request.args.get("saved", ""),
        secret=secret,
        trial=trial,
        sinks=services().hub.states(),
        hub_fault=services().hub.fault,
        problems=services().problems,
        folder=settings_table.folder(),
        has_secret=bool(stored.get(WEBHOOK_SECRET)),
    )
