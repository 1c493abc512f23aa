"""Everything that reads JSON from outside, as functions of bytes: each returns, or raises what it says."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from edge_app import json_text
from edge_app.errors import EdgeError
from edge_app.fleet import inventory, message, record
from edge_app.install import model_registry
from edge_app.model import card, model_file, site_calibration
from edge_app.web.access.credentials import Credentials
from edge_app.web.http import settings, settings_file
from tests.support.site_calibration import calibration


class Reader(NamedTuple):
    """A reader: what it takes, as a value; what it does with bytes; what it may raise."""

    value: Any
    read: Callable[[bytes], object]
    raises: tuple[type[Exception], ...]


# Of a file, as it stands in what names one.
DIGEST = hashlib.sha256(b"x").hexdigest()


def readers(folder: Path, model_path: Path) -> dict[str, Reader]:
    """Return them by name.

    Args:
        folder: where the files lie that are read from a path.
        model_path: of a small model.
    """
    return _of_models(folder, model_path) | _of_the_page(folder) | _of_a_fleet(folder)


def _at(path: Path, read: Callable[[Path], object]) -> Callable[[bytes], object]:
    """Return a reader of bytes that are put into a file first."""

    def of(content: bytes) -> object:
        path.write_bytes(content)
        return read(path)

    return of


def _of_models(folder: Path, model_path: Path) -> dict[str, Reader]:
    model = model_file.read(model_path)

    def site(content: bytes) -> object:
        return site_calibration.applied(model.card, content, model.sha256, None, "ab" * 32, "physicist")

    entry = {"sha256": DIGEST, "name": "m", "size": 4, "signer": "", "time": "2026-11-30T12:00:00+00:00"}
    installed = _at(folder / model_registry.LIST_FILE, lambda path: model_registry.read(folder))
    raw = json.loads(json.dumps(model.card.raw))
    return {
        "a site's calibration": Reader(calibration(model_path), site, (ValueError,)),
        "a model's card": Reader(raw, lambda one: card.parse(json_text.parse(one)), (ValueError,)),
        "installed models": Reader({"version": 1, "trial": False, "models": [entry]}, installed, (ValueError,)),
    }


def _of_the_page(folder: Path) -> dict[str, Reader]:
    values = {"language": "de", "keep_names": True, "prevalence": 0.1, "mqtt_on": True, "mqtt_host": "broker"}
    values |= {"webhook_on": True, "webhook_url": "https://a.example/x", "webhook_secret": "s" * 32, "mqtt_port": 1883}
    own = _at(folder / settings_file.NAME, lambda path: settings_file.read(folder))
    tokens = _at(folder / settings.TOKENS, lambda path: Credentials(folder).is_token("x"))
    return {
        "settings of the page": Reader({"schema": settings_file.SCHEMA, "values": values}, own, (EdgeError,)),
        "tokens": Reader({"a": DIGEST}, tokens, (EdgeError,)),
        "any text": Reader({"a": [1, 2.5, {"b": None}]}, json_text.parse, (ValueError,)),
    }


def _of_a_fleet(folder: Path) -> dict[str, Reader]:
    request = {"version": message.VERSION, "action": message.INSTALL, "kind": message.MODEL, "sha256": DIGEST}
    request |= {"name": "model.tflite", "size": 10, "signature": ""}
    reply = {"version": message.VERSION, "error": "", "in_use": DIGEST, "name": "m", "faults": ["a"], "golden": "ok"}
    device = {"state": record.DONE, "in_use": DIGEST, "name": "m", "words": ""}
    roll_out = {"version": record.VERSION, "sha256": DIGEST, "file": "m.tflite", "waves": [["pi-1:8443"]]}
    roll_out |= {"watched": 0, "halted": "", "devices": {"pi-1:8443": device}}

    def opened(path: Path) -> object:
        return record.opened(path, DIGEST, "m.tflite", ["pi-1:8443"], [["pi-1:8443"]])

    groups = [{"targets": ["pi-1:8443", "pi-2:8443"], "labels": {"site": "north", "__scheme__": "http"}}]
    return {
        "an inventory": Reader(groups, _at(folder / "inventory.json", inventory.read), (EdgeError,)),
        "the record of a roll-out": Reader(roll_out, _at(folder / "roll-out.json", opened), (EdgeError,)),
        "a request to a device": Reader(request, lambda one: message.Request.read(io.BytesIO(one)), (EdgeError,)),
        "an answer of a device": Reader(reply | {"keys": 1}, message.Reply.read, (EdgeError,)),
    }
