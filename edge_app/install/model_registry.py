"""Which model file is used by default: the site's own if one is installed, else that of the release.

A folder holds the installed ones, each named by its hash, and `models.json`, which tells the one in use and the one
before. Only `model_install` changes it. This module runs at every start and so imports nothing heavy.
"""

import os
import sys
from pathlib import Path
from typing import NamedTuple

NAME = "covid-xray-lite0-int8.tflite"
LIST_FILE = "models.json"
VERSION = 1
# Set for the doctor that checks a new model; no other program uses that model until the doctor has passed it.
TRIAL = "COVID_XRAY_TRIAL"


class InstalledModel(NamedTuple):
    """One model of the list: a file, or the release's own where `sha256` is empty.

    `size` is in bytes, `signer` the name of the key that signed it, or empty, `time` of installation in UTC.
    """

    sha256: str = ""
    name: str = ""
    size: int = 0
    signer: str = ""
    time: str = ""


class InstalledModels(NamedTuple):
    """What `models.json` says: the entries, the one in use first, and whether the first has yet to pass the doctor."""

    entries: tuple[InstalledModel, ...] = ()
    trial: bool = False

    @property
    def in_effect(self) -> tuple[InstalledModel, ...]:
        """The entries that may be used, best first; one on trial only by the doctor that tries it."""
        return self.entries[1:] if self.trial and TRIAL not in os.environ else self.entries


def folder() -> Path:
    """Return where installed models lie: `COVID_XRAY_MODELS`, or `models` in this user's data folder (XDG)."""
    if named := os.environ.get("COVID_XRAY_MODELS"):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data) / "covid-xray" / "models"


def released() -> Path:
    """Return the file that came with the program: inside the installed package, or beside it in a checkout."""
    package = Path(__file__).parents[1]
    packed = package / "models" / NAME
    return packed if packed.is_file() else package.parent / "models" / NAME


def file_of(entry: InstalledModel, place: Path) -> Path:
    """Return the path of an entry's model file."""
    return place / f"{entry.sha256}.tflite" if entry.sha256 else released()


def read(place: Path) -> InstalledModels:
    """Read the list of a folder; it is empty where nothing was installed.

    Raises:
        ValueError: `models.json` is damaged, or of a newer program.
        OSError: it cannot be read.
    """
    try:
        text = (place / LIST_FILE).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return InstalledModels()
    from edge_app import json_text

    raw = json_text.parse(text)
    if not isinstance(raw, dict) or raw.get("version") != VERSION or not isinstance(raw.get("models"), list):
        raise ValueError(f"is not of version {VERSION}")
    try:
        return InstalledModels(tuple(InstalledModel(**entry) for entry in raw["models"]), bool(raw.get("trial")))
    except TypeError as error:
        raise ValueError("holds an entry that cannot be read") from error


def usable(entry: InstalledModel, place: Path) -> bool:
    """Say whether an entry's file exists at its full length: a power cut may leave it short, or empty.

    The hash, which proves the rest, is checked when the model is read: hashing twice would slow every start.
    """
    try:
        return not entry.sha256 or file_of(entry, place).stat().st_size == entry.size
    except OSError:
        return False


def default_model() -> Path:
    """Return the model file to use; there is always one, whatever has happened to the installed ones.

    One that cannot be used is skipped with a sentence on stderr, never silently.
    """
    place = folder()
    try:
        entries = read(place).in_effect
    except (OSError, ValueError) as error:
        _say(f"{place / LIST_FILE}: cannot be read ({error}); the release's own model is used; install yours again.")
        return released()
    for entry in entries:
        if usable(entry, place):
            return file_of(entry, place)
        _say(f"{file_of(entry, place)}: is missing or cut off; the model before it is used; install it again.")
    return released()


def _say(sentence: str) -> None:
    print(" ".join(sentence.split()), file=sys.stderr)
