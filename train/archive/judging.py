"""The process that judges films for a worker: the edge's reader, gate, networks and rules, without anything of Ray.

Paths come on stdin, each ended by NUL; for each a line of JSON goes to stdout, in the same order: what `covid-xray
classify --json` prints, with `facts` of the DICOM header beside it. The first line tells what holds for all films.
Paths may wait in the pipe, so that films are decoded ahead. The process ends when stdin does.
"""

import gc
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

# As in `edge_app.__main__`, and for the same reasons; a worker is one core.
gc.disable()
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from edge_app.errors import EdgeError  # noqa: E402 (after what must come first)
from edge_app.workers.decode_pool import DecodePool  # noqa: E402

CHUNK = 1 << 16


def main() -> int:
    """Judge what comes on stdin; the one argument is JSON: `model`, `rule`, `site` of the flags of `classify`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the driver; stdin ends when the worker does
    settings = json.loads(sys.argv[1])
    try:
        with DecodePool(children=1) as pool:  # first: it forks before anything heavy is imported
            for line in _lines(settings, pool):
                print(json.dumps(line), flush=True)
    except EdgeError as error:
        print(json.dumps({"fault": str(error)}), flush=True)
        return 2
    except BrokenPipeError:  # the worker has gone
        os._exit(0)
    return 0


def _lines(settings: dict, pool: DecodePool) -> Iterator[dict]:
    import cv2

    from edge_app.install import site_file
    from edge_app.model import model_file
    from edge_app.model.classifier import Classifier
    from edge_app.screening import run_context
    from edge_app.workers import pipeline

    cv2.setNumThreads(1)
    model = model_file.read(Path(settings["model"]))
    model = site_file.applied(model, settings["site"] and Path(settings["site"]), settings["rule"])
    context = run_context.of(model, settings["rule"])
    networks = Classifier(model, 1)
    yield {"context": context.row(), "labels": model.card.labels}
    for result in pipeline.results(_paths(), networks, pool, context.limits, most_judges=1):
        yield {**context.line(result.row()), "facts": dict(result.facts)}


def _paths() -> Iterator[Path | None]:
    """Yield what stdin names, and None before a read that will have to wait."""
    rest, descriptor = b"", sys.stdin.fileno()
    while True:
        if not select.select([descriptor], [], [], 0)[0]:
            yield None
        chunk = os.read(descriptor, CHUNK)
        *names, rest = (rest + chunk).split(b"\0")
        for name in names:
            yield Path(os.fsdecode(name))
        if not chunk:
            return


if __name__ == "__main__":
    sys.exit(main())
