"""`settings.json` in the state folder: what was set on the page, and how it joins what the device's configuration says.

A flag or a variable of the configuration wins: the page shows it, and changes nothing about it. A key that this program
does not know, such as of a newer one, is kept.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from edge_app import atomic_io, json_text
from edge_app.errors import WrongUsage
from edge_app.events.config import EventsConfig, MqttConfig, WebhookConfig
from edge_app.web.http import settings_table
from edge_app.web.http.settings import Settings
from edge_app.web.http.settings_table import BY_NAME, FIELDS, WEBHOOK_SECRET, Wrong

NAME = "settings.json"
SCHEMA = 1
# Letters of what is wrong with a value, which is quoted in it.
MOST_WHY = 200


def read(folder: Path) -> dict:
    """Return the values that were set on the page, by name; empty before the first.

    Args:
        folder: the state folder.

    Raises:
        WrongUsage: the file is damaged, of a newer program, or holds a value that is not allowed.
    """
    path = folder / NAME
    try:
        whole = json_text.parse(path.read_text(encoding="utf-8"))
        schema, values = whole["schema"], dict(whole["values"])
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read ({error.strerror}); change its permissions.") from error
    except (ValueError, TypeError, KeyError) as error:
        raise WrongUsage(f"{path}: is damaged; correct it, or delete it and set all anew on the page.") from error
    if schema != SCHEMA:
        found = json_text.quoted(schema)
        raise WrongUsage(f"{path}: has schema {found}, and this program reads {SCHEMA}; use the newer program.")
    for name in values.keys() & BY_NAME.keys():
        _check(path, name, values[name])
    if values.get("webhook_on") and not (values.get("webhook_url") and values.get(WEBHOOK_SECRET)):
        raise WrongUsage(
            f"{path}: the webhook is on and has no address or no secret; set both on the page, or turn it off."
        )
    if values.get("mqtt_on") and not values.get("mqtt_host"):
        raise WrongUsage(f"{path}: MQTT is on and has no broker; set 'mqtt_host', or turn it off.")
    return values


def _check(path: Path, name: str, value: object) -> None:
    kind = BY_NAME[name].kind
    if kind in (settings_table.CALIBRATION, settings_table.CERTIFICATE) and isinstance(value, str):
        return  # a file that has gone is told where it is used
    try:
        same = kind.parse(kind.show(value)) == value
    except (Wrong, TypeError, ValueError) as error:
        why = "".join(letter for letter in str(error) if letter.isprintable())[:MOST_WHY]
        raise WrongUsage(f"{path}: '{name}': {why} Correct it, or delete the line.") from error
    if not same:
        found = json_text.quoted(value)
        raise WrongUsage(f"{path}: '{name}' is {found}, which is not allowed; correct it, or delete the line.")


def write(folder: Path, values: Mapping) -> None:
    """Write the values, for their owner alone: after a power cut there are the old ones or the new ones.

    Raises:
        WrongUsage: they cannot be written.
    """
    try:
        atomic_io.write_json(folder / NAME, {"schema": SCHEMA, "values": dict(values)}, mode=0o600)
    except OSError as error:
        raise WrongUsage(
            f"{folder / NAME}: the settings cannot be written ({error.strerror}); make room, or change the permissions."
        ) from error


def given(args: object) -> frozenset[str]:
    """Return the names of the settings that a parsed command line, with its variables, gives a value."""
    said = {field.name: getattr(args, field.dest) for field in FIELDS if field.dest}
    return frozenset(name for name, value in said.items() if value is not None and value is not False)


def applied(settings: Settings, values: Mapping | None = None) -> Settings:
    """Return settings as the page starts with them: those of the configuration, else those set on the page.

    Args:
        settings: of the configuration; `pinned` names what it gives.
        values: of `read`; None: what the state folder holds.

    Raises:
        WrongUsage: as of `read`.
    """
    values = read(settings.state_dir) if values is None else values
    changed = {
        field.attribute: _as_attribute(field.name, values[field.name])
        for field in FIELDS
        if field.attribute and field.name in values and field.name not in settings.pinned
    }
    return replace(settings, events=events(values), **changed)


def _as_attribute(name: str, value):
    """Return a value as `Settings` holds it."""
    if name in ("prevalence", "pneumonia_prevalence"):
        return None if value is None else f"{value:g}"
    if name == "site":
        return settings_table.folder() / value if value else None
    return (value or None) if name == "camera" else value


def events(values: Mapping) -> EventsConfig:
    """Return where events go."""

    def of(name: str):
        return values.get(name, BY_NAME[name].default)

    def authority(name: str) -> Path | None:
        return settings_table.folder() / of(name) if of(name) else None

    webhook = mqtt = None
    if of("webhook_on"):
        webhook = WebhookConfig(of("webhook_url"), values[WEBHOOK_SECRET], authority("webhook_authority"))
    if of("mqtt_on"):
        mqtt = MqttConfig(
            *(of("mqtt_host"), of("mqtt_port"), of("mqtt_tls"), authority("mqtt_authority")),
            *(of("mqtt_user"), of("mqtt_password"), of("mqtt_base"), of("mqtt_discovery")),
        )
    return EventsConfig(webhook, mqtt, of("events_patient"))
