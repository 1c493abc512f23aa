"""Where the store lies. Every start imports this module, so it imports nothing heavy."""

import os
from pathlib import Path

# What `--store` without a file means: `default_path`.
DEFAULT_STORE = Path("-")


def default_path() -> Path:
    """Return the default file of the store: `COVID_XRAY_STORE`, or one in XDG's data folder."""
    if found := named():
        return found
    folder = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder) / "covid-xray" / "results.sqlite"


def named() -> Path | None:
    """Return the file that `COVID_XRAY_STORE` names, or None."""
    text = os.environ.get("COVID_XRAY_STORE")
    return Path(text) if text else None
