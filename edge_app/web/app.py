"""`create_app`: the page as a WSGI application; it serves nothing by itself."""

import logging

from flask import Flask, request
from flask.typing import ResponseReturnValue

from edge_app.web.access.credentials import Credentials
from edge_app.web.http.settings import Settings, device_names
from edge_app.web.readings.services import Services

# Of a form's fields: a label, a token, two flags; files do not count. Werkzeug reads 64 KiB at a time, which it first
# counts as a field's.
MOST_FORM_BYTES, MOST_PARTS = 200_000, 64


def create_app(settings: Settings, services: Services) -> Flask:
    """Return the application.

    Args:
        settings: how it is served.
        services: of `serving.opened`.
    """
    from edge_app.web.access import auth
    from edge_app.web.http import compression, security
    from edge_app.web.views import api, films, live, monitoring, pages
    from edge_app.web.views.settings import settings as settings_page

    app = Flask("edge_app.web", static_url_path="/static")
    app.config.update(
        MAX_CONTENT_LENGTH=api.MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=MOST_FORM_BYTES,
        MAX_FORM_PARTS=MOST_PARTS,
        SEND_FILE_MAX_AGE_DEFAULT=3600,
    )
    app.extensions["services"] = services
    # A request's line may hold a patient's name: only our own faults are logged.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    compression.init_app(app)
    security.init_app(app, device_names(settings))
    auth.init_app(app, Credentials(settings.state_dir), settings.open)
    pages.init_app(app)
    live.init_app(app, services.camera)
    app.register_blueprint(films.films)
    app.register_blueprint(api.api)
    app.register_blueprint(monitoring.monitoring)
    app.register_blueprint(settings_page)
    _handle_errors(app)
    return app


def _handle_errors(app: Flask) -> None:
    from werkzeug.exceptions import HTTPException

    from edge_app.errors import StoreFault, WrongUsage
    from edge_app.web.http import request_helpers
    from edge_app.web.views import api

    def answer(status: int, sentence: str = "") -> ResponseReturnValue:
        if request.path.startswith("/api/"):
            return api.for_errors(status, sentence)
        return request_helpers.refuse(status, sentence)

    @app.errorhandler(HTTPException)
    def on_http(error: HTTPException):
        sentence = f"{error.name}." if request.path.startswith("/api/") else ""
        response = app.make_response(answer(error.code or 500, sentence))
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After"):
                response.headers[name] = value
        return response

    @app.errorhandler(StoreFault)
    @app.errorhandler(WrongUsage)  # a damaged file of the state folder
    def on_state(error: StoreFault | WrongUsage):
        app.logger.error("%s", error)
        return answer(503, str(error))

    @app.errorhandler(Exception)
    def on_fault(error: Exception):
        # The message may hold what was sent: only the place in our code is logged.
        app.logger.error("fault at %s", _place(error))
        return answer(500)


def _place(error: Exception) -> str:
    import traceback

    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{last.filename}:{last.lineno} in {last.name} ({type(error).__name__})"
