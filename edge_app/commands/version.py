"""The text of `--version`: program, Python, runtime, and the model that is used by default."""

import platform

from edge_app import __version__
from edge_app.errors import EdgeError
from edge_app.install.model_registry import default_model
from edge_app.versions import RUNTIMES, installed


def text() -> str:
    """Return the lines, for `--version`."""
    runtimes = [f"{name} {version}" for name in RUNTIMES if (version := installed(name))]
    lines = [
        f"covid-xray-edge {__version__}",
        f"Python {platform.python_version()} on {platform.machine()}, {', '.join(runtimes) or 'no TFLite runtime'}",
    ]
    try:
        from edge_app.model import model_file

        model = model_file.read(default_model())
        lines.append(f"model {model.card.name}, sha256 {model.sha256}, contract {model.card.contract}")
    except EdgeError as error:
        lines.append(str(error))
    return "\n".join(lines)
