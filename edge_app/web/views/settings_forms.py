"""The forms of the settings page: what is typed becomes values or sentences, and values become what a form shows."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from flask_babel import gettext as _

from edge_app import addresses
from edge_app.errors import EdgeError
from edge_app.events import webhook
from edge_app.web.http import settings_file, settings_table
from edge_app.web.http.settings import Settings, is_loopback
from edge_app.web.http.settings_table import BY_NAME, WEBHOOK_SECRET, Field, Wrong
from edge_app.web.text import settings_text


def read(section: str, typed: Mapping[str, str], settings: Settings, stored: Mapping) -> tuple[dict, dict[str, str]]:
    """Return what a form makes of the settings.

    Args:
        section: of `settings_table.SECTIONS`.
        typed: the form.
        settings: that the page runs with.
        stored: the values set before.

    Returns:
        All values as they are to be stored, and what is wrong, a sentence by name of the setting.
    """
    values, wrong = dict(stored), {}
    for field in settings_table.of_section(section):
        if field.name in settings.pinned:
            continue
        text = typed.get(field.name, "")
        if _is_unchanged(field, text, stored):
            continue
        try:
            values[field.name] = field.kind.parse(text)
        except Wrong as error:
            wrong[field.name] = _(error.sentence, **error.found)
    if not wrong:
        wrong = _together(section, values, settings)
    if section == settings_table.MQTT and not values.get("mqtt_user"):
        values.pop("mqtt_password", None)
    if values.get("webhook_on") and not values.get(WEBHOOK_SECRET):
        values[WEBHOOK_SECRET] = webhook.new_secret()
    return values, wrong


def _is_unchanged(field: Field, text: str, stored: Mapping) -> bool:
    """Return whether a form gives back what it was shown in place of a secret."""
    if field.kind is settings_table.SECRET:
        return not text
    return field.name in stored and is_address(field) and text == addresses.public(stored[field.name])


def is_address(field: Field) -> bool:
    """Return whether a setting is an address, whose secrets are not shown."""
    return field.kind in (settings_table.ADDRESS, settings_table.URL)


def _together(section: str, values: Mapping, settings: Settings) -> dict[str, str]:
    """Return what is wrong of values that are right alone."""
    wrong = {}
    if section == settings_table.JUDGING and (fault := _unfit(values, settings)):
        wrong["site"] = fault
    if values.get("webhook_on") and not values.get("webhook_url"):
        wrong["webhook_url"] = str(settings_text.EVENTS["webhook_needs_url"])
    if values.get("mqtt_on") and not values.get("mqtt_host"):
        wrong["mqtt_host"] = str(settings_text.EVENTS["mqtt_needs_host"])
    if not wrong and values.get("events_patient") and _is_readable(values):
        name = {settings_table.WEBHOOK: "webhook_url", settings_table.MQTT: "mqtt_tls"}.get(section, "events_patient")
        wrong[name] = str(settings_text.EVENTS["not_encrypted"])
    return wrong


def _is_readable(values: Mapping) -> bool:
    """Return whether events would cross the network readable."""
    url = urlsplit(values.get("webhook_url", ""))
    in_clear = url.scheme == "http" and not is_loopback(url.hostname or "")
    no_tls = not values.get("mqtt_tls") and not is_loopback(values.get("mqtt_host", ""))
    return bool((values.get("webhook_on") and in_clear) or (values.get("mqtt_on") and no_tls))


def _unfit(values: Mapping, settings: Settings) -> str:
    """Return why the calibration cannot be used with the model and the operating point; empty if it can."""
    from edge_app.install import site_file
    from edge_app.model import model_file

    wanted = settings_file.applied(settings, values)
    if "site" in settings.pinned and "operating_point" in settings.pinned:
        return ""
    try:
        site_file.applied(model_file.read(wanted.model), wanted.site, wanted.rule)
    except EdgeError as error:
        return str(error)
    return ""


def shown(section: str, settings: Settings, stored: Mapping, typed: Mapping | None, wrong: Mapping) -> list[dict]:
    """Return the fields of a section as its form shows them.

    Args:
        section: of `settings_table.SECTIONS`.
        settings: that the page runs with.
        stored: the values set on the page.
        typed: the form that was refused; None to show the values.
        wrong: what is wrong with it, a sentence by name.
    """
    return [
        _shown(field, settings, stored, typed, wrong.get(field.name, ""))
        for field in settings_table.of_section(section)
    ]


def _shown(field: Field, settings: Settings, stored: Mapping, typed: Mapping | None, wrong: str) -> dict:
    pinned = field.name in settings.pinned
    value = stored.get(field.name, field.default)
    text = field.kind.show(running(field, settings) if pinned else value)
    if is_address(field):
        text = addresses.public(text)
    if field.kind is settings_table.SECRET:
        text = ""
    elif typed is not None and not pinned:
        text = typed.get(field.name, "")
    name, hint = settings_text.FIELDS[field.name]
    waits = bool(field.attribute) and not field.at_once and not pinned and value != running(field, settings)
    return {
        "name": field.name,
        "label": name,
        "hint": hint,
        "kind": field.kind.name,
        "text": text,
        "choices": choices(field, text),
        "pinned": field.flag if pinned else "",
        "is_default": not pinned and field.name not in stored and typed is None,
        "is_set": field.kind is settings_table.SECRET and bool(stored.get(field.name)),
        "wrong": wrong,
        "in_use": field.kind.show(running(field, settings)) if waits else None,
    }


def running(field: Field, settings: Settings) -> object:
    """Return the value of a setting that the page runs with, as `settings.json` would hold it."""
    value = getattr(settings, field.attribute)
    if field.kind is settings_table.SHARE:
        return None if value is None else float(value)
    if field.kind is settings_table.CALIBRATION:
        return value.name if value else ""
    return "" if value is None else value


def choices(field: Field, text: str) -> dict[str, str]:
    """Return what a setting may be chosen from: its words by value; empty for one that is typed."""
    if field.kind is settings_table.RULE:
        return {rule: str(words) for rule, words in settings_text.RULES.items()}
    if field.kind is settings_table.CALIBRATION:
        found, none = settings_table.calibrations(), settings_text.NO_SITE
    elif field.kind is settings_table.CERTIFICATE:
        found, none = settings_table.certificates(), settings_text.THE_SYSTEMS
    else:
        return {}
    return {"": str(none)} | {name: name for name in dict.fromkeys([*found, *filter(None, [text])])}


def changes(before: Mapping, after: Mapping) -> list[str]:
    """Return a sentence for the journal on every setting that has changed; none holds a secret."""
    said = []
    for name, field in BY_NAME.items():
        old, new = before.get(name, field.default), after.get(name, field.default)
        if old == new:
            continue
        if field.kind is settings_table.SECRET:
            said.append(f"settings: {name} was changed.")
        else:
            old, new = (addresses.public(str(value)) for value in (old, new))
            said.append(f"settings: {name} is now {new!r}; it was {old!r}.")
    if before.get(WEBHOOK_SECRET) != after.get(WEBHOOK_SECRET):
        said.append("settings: the webhook has a new secret.")
    return said
