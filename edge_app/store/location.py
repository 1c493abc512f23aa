"""Where the store lies. Imported at every start, so nothing heavy."""

import os
from pathlib import Path

# What `--store` without a file means: `default_path`.
DEFAULT_STORE = Path("-")


def default_path() -> Path:
    """Return where the store lies unless the user names a file: XDG's data folder, or `COVID_XRAY_STORE`."""
    if named := os.environ.get("COVID_XRAY_STORE"):
        return Path(named)
    folder = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(folder) / "covid-xray" / "results.sqlite"
