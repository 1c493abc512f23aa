"""The settings that the page can change, in one table: each with its form, its limits and where it holds.

To add one: a line in `FIELDS`, its words in `web/text/settings_text.py`, and, where it shall hold at once, a line in
`views/settings_apply.py`. Nothing heavy is imported here: the page forks its decoders after the settings are read.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from edge_app.install import signatures
from edge_app.model.card import RULES

JUDGING, KEEPING, CAMERA, PATIENT, WEBHOOK, MQTT = "judging", "keeping", "camera", "patient", "webhook", "mqtt"
SECTIONS = (JUDGING, KEEPING, CAMERA, PATIENT, WEBHOOK, MQTT)
# Those that say what leaves the device, and where to: a change asks for the password again.
OUTWARD = (PATIENT, WEBHOOK, MQTT)
# Patients of 100 who may have a finding: as on the page of a reading.
LEAST_IN_100, MOST_IN_100 = 0.1, 99.9
MOST_DAYS = 36_500
# Ten terabytes: more is a typing error.
MOST_MEGABYTES = 10_000_000
# Characters of an address, a name or a password; MQTT itself allows 65,535 bytes.
MOST_TEXT = 500
# Files of certificates in the configuration's folder.
CERTIFICATES = (".pem", ".crt")


def _l(words: str) -> str:
    """Mark a sentence for the catalogues; it is translated where it is shown."""
    return words


class Wrong(ValueError):
    """A value that is not allowed; its sentence is a key of the catalogues, with what it names put in by `found`."""

    def __init__(self, sentence: str, **found: object):
        super().__init__(sentence % found if found else sentence)
        self.sentence, self.found = sentence, found


class Kind(NamedTuple):
    """How a setting is typed: `parse` reads the text of a form and may raise `Wrong`, `show` makes it of a value."""

    name: str
    parse: Callable[[str], object]
    show: Callable[[object], str]


class Field(NamedTuple):
    """One setting.

    Attributes:
        name: its key in `settings.json` and in forms.
        section: of `SECTIONS`.
        kind: how it is typed.
        default: its value where nobody set one.
        attribute: of `Settings`; empty for one of the events.
        flag: of `serve`, or the variable, with which the device's configuration sets it; empty if it cannot.
        dest: attribute of the parsed command line.
        at_once: whether a change holds without a restart.
    """

    name: str
    section: str
    kind: Kind
    default: object
    attribute: str = ""
    flag: str = ""
    dest: str = ""
    at_once: bool = True


def folder() -> Path:
    """Return the folder of the device's configuration, from which files may be chosen: that of the site's keys."""
    return signatures.folder().parent


def calibrations() -> list[str]:
    """Return the names of the calibration files in that folder: those that have a signature beside them."""
    return _files(lambda path: path.suffix == ".json" and signatures.beside(path).is_file())


def certificates() -> list[str]:
    """Return the names of the files of certificates in that folder."""
    return _files(lambda path: path.suffix in CERTIFICATES)


def _files(wanted: Callable[[Path], bool]) -> list[str]:
    try:
        return sorted(path.name for path in folder().iterdir() if path.is_file() and wanted(path))
    except OSError:
        return []


def _share(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        in_100 = float(text.replace(",", "."))
    except ValueError:
        in_100 = 0.0
    if not LEAST_IN_100 <= in_100 <= MOST_IN_100:
        raise Wrong(
            _l("“%(found)s” is not a number from 0.1 to 99.9; enter one, or leave the field empty."),
            found=text,
        )
    return round(in_100 / 100, 6)


def _days(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()) or int(text) > MOST_DAYS:
        raise Wrong(
            _l("“%(found)s” is not a number of days from 0 to 36500; enter one. 0 keeps readings for ever."), found=text
        )
    return int(text)


def _megabytes(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()) or int(text) > MOST_MEGABYTES:
        raise Wrong(
            _l("“%(found)s” is not a number of megabytes from 0 to 10000000; enter one. 0 keeps no films."), found=text
        )
    return int(text)


def _port(text: str) -> int:
    if not (text.strip().isascii() and text.strip().isdigit()) or not 1 <= int(text) <= 65535:
        raise Wrong(_l("“%(found)s” is not a port from 1 to 65535; enter one."), found=text)
    return int(text)


def _text(text: str) -> str:
    text = text.strip()
    if len(text) > MOST_TEXT or not text.isprintable():
        raise Wrong(
            _l(
                "This is longer than 500 characters, or contains characters that cannot be printed; shorten "
                "it, or remove them."
            )
        )
    return text


def _one_of(names: Callable[[], list[str]], sentence: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text and text not in names():
            raise Wrong(sentence, found=text)
        return text

    return parse


def _url(text: str) -> str:
    text = _text(text)
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and not parts.fragment
    except ValueError:  # a port that is none, a bracket too few
        good = False
    if text and not (good and text.isascii() and " " not in text):
        raise Wrong(_l("This is not an address; enter one that begins with https:// or http://, without spaces."))
    return text


def _host(text: str) -> str:
    text = _text(text)
    if not re.fullmatch(r"[A-Za-z0-9._:-]*", text):
        raise Wrong(
            _l("“%(found)s” is not a host; enter its name or its address, without mqtt:// before it."), found=text
        )
    return text


def _topic(text: str) -> str:
    text = _text(text).strip("/")
    if re.search(r"[+#\s]|^\$|//", text):
        raise Wrong(
            _l("“%(found)s” is not a topic; letters, digits and / are allowed, not +, # or spaces."), found=text
        )
    return text


def _base(text: str) -> str:
    if not _topic(text):
        raise Wrong(_l("The topic is missing; enter one, such as covid-xray."))
    return _topic(text)


SHARE = Kind("share", _share, lambda value: "" if value is None else f"{100 * value:g}")  # type: ignore[operator]
RULE = Kind(
    "choice", _one_of(lambda: [*RULES], _l("“%(found)s” is not an operating point; choose one from the list.")), str
)
DAYS, PORT, MEGABYTES = (Kind("number", parse, str) for parse in (_days, _port, _megabytes))
TEXT, HOST, TOPIC, BASE = (Kind("text", parse, str) for parse in (_text, _host, _topic, _base))
ADDRESS, SECRET = Kind("address", _text, str), Kind("secret", _text, str)
URL = Kind("address", _url, str)
FLAG = Kind("flag", lambda text: text == "1", lambda value: "1" if value else "")
_LACKS = _l("“%(found)s” is not in the folder of the device's configuration; choose a file from the list.")
CALIBRATION = Kind("choice", _one_of(calibrations, _LACKS), str)
CERTIFICATE = Kind("choice", _one_of(certificates, _LACKS), str)

FIELDS = (
    Field("prevalence", JUDGING, SHARE, None, "prevalence", "--prevalence", "prevalence"),
    Field(
        *("pneumonia_prevalence", JUDGING, SHARE, None),
        *("pneumonia_prevalence", "--pneumonia-prevalence", "pneumonia_prevalence"),
    ),
    Field("operating_point", JUDGING, RULE, RULES[0], "rule", "--operating-point", "operating_point", at_once=False),
    Field("site", JUDGING, CALIBRATION, "", "site", "--site, COVID_XRAY_SITE", "site", at_once=False),
    Field("keep_days", KEEPING, DAYS, 30, "keep_days", "--keep-days", "keep_days"),
    Field("films_mb", KEEPING, MEGABYTES, 2000, "films_mb", "--films-mb", "films_mb", at_once=False),
    Field("keep_names", KEEPING, FLAG, True, "keep_names", "--no-names", "no_names"),
    Field("camera", CAMERA, ADDRESS, "", "camera", "--camera", "camera", at_once=False),
    Field("events_patient", PATIENT, FLAG, False),
    Field("webhook_on", WEBHOOK, FLAG, False),
    Field("webhook_url", WEBHOOK, URL, ""),
    Field("webhook_authority", WEBHOOK, CERTIFICATE, ""),
    Field("mqtt_on", MQTT, FLAG, False),
    Field("mqtt_host", MQTT, HOST, ""),
    Field("mqtt_port", MQTT, PORT, 1883),
    Field("mqtt_tls", MQTT, FLAG, False),
    Field("mqtt_authority", MQTT, CERTIFICATE, ""),
    Field("mqtt_user", MQTT, TEXT, ""),
    Field("mqtt_password", MQTT, SECRET, ""),
    Field("mqtt_base", MQTT, BASE, "covid-xray"),
    Field("mqtt_discovery", MQTT, TOPIC, "homeassistant"),
)
BY_NAME: Mapping[str, Field] = {field.name: field for field in FIELDS}
# Made by the page, never typed.
WEBHOOK_SECRET = "webhook_secret"


def of_section(section: str) -> list[Field]:
    """Return the fields of a section, in their order on the page."""
    return [field for field in FIELDS if field.section == section]
