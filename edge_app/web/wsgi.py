"""`gunicorn edge_app.web.wsgi:app`: the page under another server, configured by environment variables.

Use one worker: it holds the queue, the sessions and the networks. Never preload: the worker forks the decoders.

COVID_XRAY_STATE     the state folder (required)
COVID_XRAY_PASSWORD  sets the password, unless the state folder has one
COVID_XRAY_STORE     the store that 'watch' and others write too (default: one of the page's own in the state folder)
COVID_XRAY_FILE_NAMES  0: keep no names of films' files
COVID_XRAY_SITE      the calibration file of the site, its signature beside it
COVID_XRAY_NAMES     names of the site, separated by commas
COVID_XRAY_PROXIES   number of proxies in front that set X-Forwarded-For, -Proto, -Host and -Prefix (default 0)
"""

import atexit
import contextlib
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import WrongUsage
from edge_app.service import allocator
from edge_app.store import location
from edge_app.web.http import settings_file
from edge_app.web.http.settings import Settings, make_state_dir
from edge_app.web.readings.inference_queue import InferenceQueue

if TYPE_CHECKING:  # imported after the fork
    from flask import Flask

# More must be a typing error.
MOST_PROXIES = 9
_stack = contextlib.ExitStack()


def create() -> "Flask":
    """Return the WSGI application.

    Raises:
        EdgeError: a variable is missing or wrong, or the model cannot be read.
    """
    folder = os.environ.get("COVID_XRAY_STATE")
    if not folder:
        raise WrongUsage("COVID_XRAY_STATE: is not set; name a folder for results, password and tokens.")
    text = os.environ.get("COVID_XRAY_PROXIES", "0")
    if text not in map(str, range(MOST_PROXIES + 1)):
        raise WrongUsage(f"COVID_XRAY_PROXIES: is '{text}'; a number from 0 to {MOST_PROXIES} is allowed.")
    proxies = int(text)
    names = tuple(filter(None, os.environ.get("COVID_XRAY_NAMES", "").split(",")))
    keep_names = os.environ.get("COVID_XRAY_FILE_NAMES", "1") != "0"
    settings = Settings(Path(folder), names=names, open=False, keep_names=keep_names, shared_store=location.named())
    pinned = {"site"} if settings.site else set()
    settings = replace(settings, pinned=frozenset(pinned if keep_names else pinned | {"keep_names"}))
    make_state_dir(settings.state_dir)
    settings = settings_file.applied(settings)
    allocator.keep_few_arenas()
    inference_queue = InferenceQueue(settings)  # first of all: it forks

    from edge_app.web.access.credentials import Credentials
    from edge_app.web.app import create_app
    from edge_app.web.serving import opened

    credentials = Credentials(settings.state_dir)
    if not credentials.has_password:
        credentials.set_password(os.environ.get("COVID_XRAY_PASSWORD", ""))
    services = _stack.enter_context(opened(settings, inference_queue))
    atexit.register(_stack.close)
    application = create_app(settings, services)
    if proxies:
        from werkzeug.middleware.proxy_fix import ProxyFix

        application.wsgi_app = ProxyFix(application.wsgi_app, proxies, proxies, proxies, x_prefix=proxies)
    return application


app = create()
