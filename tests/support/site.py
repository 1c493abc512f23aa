"""The page served in a thread of the test, with readings that are made up; store, app and server are the real ones."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.support.browser import need_browser
from tests.support.processes import serve_in_thread


@contextlib.contextmanager
def served_site(folder: Path, fill: Callable) -> Iterator[str]:
    """Serve a page with its state in a folder; `fill` gets its services first. Yield its address."""
    need_browser()
    from edge_app.web import serving
    from edge_app.web.app import create_app
    from edge_app.web.http.settings import Settings
    from edge_app.web.readings.inference_queue import InferenceQueue

    settings = Settings(folder, port=0)
    with serving.opened(settings, InferenceQueue(settings)) as kept:
        fill(kept)
        with serving.listening(create_app(settings, kept), settings) as (forever, address):
            serve_in_thread(forever)
            yield address.rstrip("/")
