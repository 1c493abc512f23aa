"""Where events go, as the settings say it; nothing heavy is imported here."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

WEBHOOK, MQTT = "webhook", "mqtt"
SINKS = (WEBHOOK, MQTT)
# The port that IANA gave MQTT; with TLS it is 8883.
PORT = 1883


@dataclass(frozen=True)
class WebhookConfig:
    """Where events are posted to.

    Attributes:
        url: http or https; a user and a password in it are sent as Basic authentication.
        secret: of the signatures, of `new_secret`.
        authority: file of certificates that the receiver's must be signed by; None for the system's.
    """

    url: str
    secret: str = field(repr=False)
    authority: Path | None = None

    @property
    def host(self) -> str:
        """The receiver's name or address."""
        return urlsplit(self.url).hostname or ""


@dataclass(frozen=True)
class MqttConfig:
    """Where events are published.

    Attributes:
        host, port: of the broker.
        tls: whether the connection is encrypted; the broker's certificate and its name are then verified.
        authority: file of certificates that the broker's must be signed by; None for the system's.
        user, password: of the broker; empty for none.
        base: begins every topic.
        discovery: prefix of Home Assistant's discovery; empty for none.
    """

    host: str
    port: int = PORT
    tls: bool = False
    authority: Path | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    base: str = "covid-xray"
    discovery: str = "homeassistant"


@dataclass(frozen=True)
class EventsConfig:
    """Where events go.

    Attributes:
        webhook, mqtt: None for none.
        patient: whether the patient's label and the film's hash are told too.
    """

    webhook: WebhookConfig | None = None
    mqtt: MqttConfig | None = None
    patient: bool = False

    @property
    def sinks(self) -> dict[str, WebhookConfig | MqttConfig]:
        """What is used, by name of the sink."""
        return {name: config for name, config in ((WEBHOOK, self.webhook), (MQTT, self.mqtt)) if config}
