"""Home Assistant's MQTT discovery: retained messages by which it makes the device and its entities by itself.

https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery; one message an entity, which every version reads.
"""

import json
from collections.abc import Iterator

from edge_app import __version__

# By name of an entity: (component, its words, further fields).
ENTITIES = {
    "last_verdict": (
        "sensor",
        "Last verdict",
        {"value_template": "{{ value_json.verdict or 'none' }}", "icon": "mdi:lungs", "json_attributes_topic": None},
    ),
    "films_today": (
        "sensor",
        "Films today",
        {"value_template": "{{ value_json.films_today }}", "icon": "mdi:counter", "state_class": "total_increasing"},
    ),
    "fault": ("binary_sensor", "Fault", {"value_template": "{{ value_json.fault }}", "device_class": "problem"}),
    "ready": ("binary_sensor", "Ready", {"value_template": "{{ value_json.ready }}", "device_class": "running"}),
}


def topics(prefix: str, device: str) -> Iterator[tuple[str, str]]:
    """Yield the name of each entity and the topic of its discovery message.

    Args:
        prefix: of Home Assistant, `homeassistant` unless it was told another.
        device: name of this device, of `EventQueue.device`.
    """
    for name, (component, *_) in ENTITIES.items():
        yield name, f"{prefix}/{component}/covid-xray-{device}/{name}/config"


def message(name: str, device: str, host: str, state: str, availability: str) -> bytes:
    """Return the discovery message of an entity.

    Args:
        name: of `ENTITIES`.
        device: name of this device.
        host: what its owner calls it.
        state, availability: topics.
    """
    _, words, fields = ENTITIES[name]
    fields = {key: state if value is None else value for key, value in fields.items()}
    about = {
        "identifiers": [f"covid-xray-{device}"],
        "name": f"Chest X-ray screening ({host})",
        "model": "covid-xray",
        "sw_version": __version__,
    }
    whole = {
        "name": words,
        "unique_id": f"covid-xray-{device}-{name}",
        "object_id": f"covid_xray_{device}_{name}",
        "state_topic": state,
        "availability_topic": availability,
        "device": about,
        **fields,
    }
    return json.dumps(whole).encode()
