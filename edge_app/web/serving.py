"""The page as a running service: its parts are opened in the right order, served by waitress, and closed again."""

import contextlib
import logging
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from edge_app.errors import WrongUsage
from edge_app.web.http import settings as settings_
from edge_app.web.http import settings_file
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import MOST_WAITING, InferenceQueue

if TYPE_CHECKING:  # heavy, or of the type checker alone: the inference queue forks before they are imported
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from edge_app.web.readings.reading_store import ReadingStore
    from edge_app.web.readings.services import Services

# Threads that answer: those that may wait for a film, and as many that never wait, so that pages are shown meanwhile.
THREADS = 2 * MOST_WAITING
# Connections at once, and seconds without a byte after which one is closed. A slow client holds no thread, because
# waitress reads a request whole before a thread gets it, and no connection that others need (`limited_server`).
CONNECTIONS, SILENCE = 200, 60
# Seconds between two searches for readings that have expired.
EXPIRES = 600
# In memory: waitress and Werkzeug spool large bodies there, in files without a name.
IN_MEMORY = Path("/dev/shm")


@contextlib.contextmanager
def opened(settings: Settings, inference_queue: InferenceQueue) -> Iterator["Services"]:
    """Open the services of the page, and close them at the end.

    Args:
        settings: of the page.
        inference_queue: made before anything heavy was imported, not started.

    Raises:
        EdgeError: the model cannot be read, or the store or the camera cannot be opened.
    """
    from edge_app.install import site_file
    from edge_app.model import model_file
    from edge_app.screening import run_context
    from edge_app.store import joined
    from edge_app.web.readings import told
    from edge_app.web.readings.batches import Batches
    from edge_app.web.readings.film_keeper import FilmKeeper
    from edge_app.web.readings.reading_store import ReadingStore
    from edge_app.web.readings.services import Services
    from edge_app.web.readings.trial import Trials

    if IN_MEMORY.is_dir():
        tempfile.tempdir = str(IN_MEMORY)
    with contextlib.ExitStack() as stack:
        stack.callback(inference_queue.close)
        model = site_file.applied(model_file.read(settings.model), settings.site, settings.rule)
        context = run_context.of(model, settings.rule, settings.prevalence, settings.pneumonia_prevalence)
        if settings.shared_store:
            joined.join(settings.own_store, settings.shared_store)
        films = FilmKeeper(settings.films, settings.films_mb * 1_000_000)
        reading_store = ReadingStore(settings.store, context, settings.keep_days, settings.keep_names, films)
        stack.callback(reading_store.close)
        hub = told.hub(settings, inference_queue, reading_store)
        stack.callback(hub.close)
        inference_queue.start(model, context, reading_store)
        stack.callback(inference_queue.drawing.close)  # before the store is closed
        batches = Batches(reading_store, settings.keep_days, settings.keep_names)
        services = Services(
            settings, context, inference_queue, reading_store, batches, hub, trials=Trials(model.golden)
        )
        if settings.camera:
            services = _with_camera(services, stack)
        watch = told.fault_watch(services)
        stack.callback(watch.close)
        done = threading.Event()
        keeper = threading.Thread(target=_expire, args=(reading_store, done), name="expire", daemon=True)
        keeper.start()
        stack.callback(keeper.join)
        stack.callback(done.set)
        yield replace(services, watch=watch)


def _with_camera(services: "Services", stack: contextlib.ExitStack) -> "Services":
    """Return the services with the live page's camera.

    One that was set on the page and cannot be opened must not keep the page from starting, where it can be set anew.

    Raises:
        EdgeError: a camera of the device's configuration cannot be opened.
    """
    from edge_app.errors import EdgeError
    from edge_app.web.readings.live_camera import LiveCamera

    settings = services.settings
    assert settings.camera
    try:
        camera = LiveCamera(settings.camera, settings, services.context, services.reading_store)
    except EdgeError as error:
        if "camera" in settings.pinned or not settings_file.read(settings.state_dir).get("camera"):
            raise
        return replace(services, problems=(str(error),))
    stack.callback(camera.close)
    return replace(services, camera=camera)


def _expire(reading_store: "ReadingStore", done: threading.Event) -> None:
    """Delete expired readings, at once and then from time to time, while the clock can be believed."""
    from edge_app.errors import StoreFault
    from edge_app.web.readings.expiry import Clock

    clock = Clock()
    while True:
        if clock.is_trusted:
            with contextlib.suppress(StoreFault):  # `/ready` and the next film report it
                reading_store.expire()
        if done.wait(EXPIRES):
            return


@contextlib.contextmanager
def listening(app: "WSGIApplication", settings: Settings) -> Iterator[tuple[Callable[[], None], str]]:
    """Listen; yield a function that serves until the process is stopped, and the address for a browser.

    Raises:
        WrongUsage: the address cannot be listened on.
    """
    from edge_app.web.http import limited_server

    # It logs every request that waits for a thread; `/metrics` has the number of films that wait.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    wrong = f"--host, --port: {settings.host}:{settings.port} cannot be listened on"
    # Behind TLS the app can be made only when the server's port is known.
    behind = _Later()
    inner = ("127.0.0.1", 0) if settings.tls else (settings.host, settings.port)
    with contextlib.ExitStack() as stack:
        try:
            server = limited_server.serve(
                behind if settings.tls else app,
                CONNECTIONS,
                MOST_WAITING * _most_bytes(),  # of the largest films, as many as may wait
                host=inner[0],
                port=inner[1],
                threads=THREADS,
                channel_timeout=SILENCE,
                max_request_body_size=_most_bytes(),
                ident=None,
                clear_untrusted_proxy_headers=True,
            )
            stack.callback(server.close)
            port = server.port
            if settings.tls:
                from edge_app.web.http import tls

                terminator = tls.Terminator(
                    settings.host,
                    settings.port,
                    settings.state_dir / settings_.CERTIFICATE,
                    settings.state_dir / settings_.KEY,
                    port,
                )
                stack.callback(terminator.close)
                behind.app = tls.Behind(app, terminator)
                server.address = lambda peer: terminator.client(peer[1]) or peer[0]
                port = terminator.port
        except (OSError, ValueError) as error:
            raise WrongUsage(f"{wrong} ({error}); name another.") from error
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield server.run, f"http{'s' * settings.tls}://{host}:{port}/"


class _Later:
    """WSGI: serves `app`, which is set after the server was made and before it runs."""

    app: "WSGIApplication"

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse"):
        """Serve a request."""
        return self.app(environ, start_response)


def _most_bytes() -> int:
    from edge_app.web.views.api import MOST_BYTES

    return MOST_BYTES + 1  # waitress refuses a body of this size too, and has the app say so


def secured(settings: Settings) -> Settings:
    """Return the settings with the certificate's fingerprint; make the certificate if TLS needs one."""
    if not settings.tls:
        return settings
    from edge_app.web.http import tls

    folder = settings.state_dir
    found = tls.certificate(
        folder / settings_.CERTIFICATE, folder / settings_.KEY, settings_.device_names(settings), addresses()
    )
    return replace(settings, fingerprint=found)


def addresses() -> list[str]:
    """Return the IPv4 addresses by which others may reach this device, the loopback's first."""
    found = {"127.0.0.1"}
    with contextlib.suppress(OSError):
        found |= {str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # RFC 5737, an address of no host; nothing is sent
        found.add(probe.getsockname()[0])
    return sorted(found, key=lambda address: (address != "127.0.0.1", address))
