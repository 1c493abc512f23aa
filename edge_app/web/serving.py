"""The page as a running service: what it needs is opened in the right order, served by waitress, and closed again."""

import contextlib
import logging
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from edge_app.errors import WrongUsage
from edge_app.web.http import settings as settings_
from edge_app.web.http.settings import Settings
from edge_app.web.readings.inference_queue import MOST_WAITING, InferenceQueue

# Threads that answer: those that wait for a film, and as many that never do, so that pages are shown all the same.
THREADS = 2 * MOST_WAITING
# Connections at once, and seconds without a byte after which one is closed: a slow client holds no thread, since
# waitress reads a request whole before it gives it to one, and no connection that others need (`crowd`).
CONNECTIONS, SILENCE = 200, 60
# Seconds between two looks for readings whose time is over.
EXPIRES = 600
# In memory: what is sent is spooled there by waitress and Werkzeug if it is large, without a name.
IN_MEMORY = Path("/dev/shm")


@contextlib.contextmanager
def opened(settings: Settings, reader: InferenceQueue) -> Iterator:
    """Open what the page uses; yield `app.Services`.

    Args:
        settings: of the page.
        reader: made before anything heavy was imported, not started.

    Raises:
        EdgeError: the model is not ours, the store or the camera cannot be opened.
    """
    from edge_app.model import model_file
    from edge_app.screening import run_context
    from edge_app.web.app import Services
    from edge_app.web.readings.reading_store import ReadingStore

    if IN_MEMORY.is_dir():
        tempfile.tempdir = str(IN_MEMORY)
    with contextlib.ExitStack() as stack:
        stack.callback(reader.close)
        model = model_file.read(settings.model)
        agreed = run_context.of(model, settings.rule, settings.prevalence)
        reading_store = ReadingStore(settings.store, agreed, settings.keep_days)
        stack.callback(reading_store.close)
        reader.start(model, agreed, reading_store)
        services = Services(settings, agreed, reader, reading_store)
        if settings.camera:
            from edge_app.web.readings.live_camera import LiveCamera

            camera = LiveCamera(settings.camera, settings, agreed, reading_store)
            stack.callback(camera.close)
            services = replace(services, camera=camera)
        done = threading.Event()
        keeper = threading.Thread(target=_expire, args=(reading_store, done), name="expire", daemon=True)
        keeper.start()
        stack.callback(keeper.join)
        stack.callback(done.set)
        yield services


def _expire(reading_store, done: threading.Event) -> None:
    """Delete what is over, at once and then from time to time."""
    from edge_app.errors import StoreFault

    while True:
        with contextlib.suppress(StoreFault):  # `ready` and the next film will say so
            reading_store.expire()
        if done.wait(EXPIRES):
            return


@contextlib.contextmanager
def listening(app, settings: Settings) -> Iterator:
    """Listen; yield (a function that serves until `close` is called, the address for a browser).

    Raises:
        WrongUsage: the address cannot be listened on.
    """
    from edge_app.web.http import limited_server

    # It tells of every request that waits for a thread; `metrics` tells how many films wait.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    wrong = f"--host, --port: {settings.host}:{settings.port} cannot be listened on"
    # What waitress serves is wrapped by it: the app behind TLS is put into ours, not into what it makes of it.
    served = _Later() if settings.tls else app
    inner = ("127.0.0.1", 0) if settings.tls else (settings.host, settings.port)
    with contextlib.ExitStack() as stack:
        try:
            server = limited_server.serve(
                served,
                CONNECTIONS,
                MOST_WAITING * _most_bytes(),  # as many of the largest as may wait to be read
                host=inner[0],
                port=inner[1],
                threads=THREADS,
                channel_timeout=SILENCE,
                max_request_body_size=_most_bytes(),
                ident=None,
                clear_untrusted_proxy_headers=True,
            )
            stack.callback(server.close)
            port = server.effective_port
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
                served.app = tls.Behind(app, terminator)
                server.address = lambda said: terminator.client(said[1]) or said[0]
                port = terminator.port
        except (OSError, ValueError) as error:
            raise WrongUsage(f"{wrong} ({error}); name another.") from error
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        yield server.run, f"http{'s' * settings.tls}://{host}:{port}/"


class _Later:
    """WSGI: the app that is put in once it is known behind what it stands."""

    app = None

    def __call__(self, environ, start_response):
        """Serve a request."""
        return self.app(environ, start_response)


def _most_bytes() -> int:
    from edge_app.web.views.api import MOST_BYTES

    # A little more than the app allows, which answers with a sentence.
    return MOST_BYTES + (1 << 20)


def secured(settings: Settings) -> Settings:
    """Return the settings with the certificate's fingerprint; makes a certificate if TLS is asked for."""
    if not settings.tls:
        return settings
    from edge_app.web.http import tls

    folder = settings.state_dir
    found = tls.certificate(
        folder / settings_.CERTIFICATE, folder / settings_.KEY, settings_.device_names(settings), addresses()
    )
    return replace(settings, fingerprint=found)


def addresses() -> list[str]:
    """Return the addresses of this device by which others may reach it, the loopback's first."""
    found = {"127.0.0.1"}
    with contextlib.suppress(OSError):
        found |= {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.connect(("192.0.2.1", 9))  # RFC 5737, an address of nobody's; nothing is sent
        found.add(asked.getsockname()[0])
    return sorted(found, key=lambda one: (one != "127.0.0.1", one))
