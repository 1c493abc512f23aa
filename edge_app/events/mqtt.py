"""MQTT: each event is published once the broker confirms it (QoS 1); state and availability are retained.

Topics are `BASE/DEVICE/event`, `BASE/DEVICE/state` and `BASE/DEVICE/availability` ("online"; the last will, which the
broker publishes when this device is gone, is "offline"). All of it is done in the thread of the sender.
"""

import contextlib
import json
import ssl
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from edge_app.events import home_assistant
from edge_app.events.config import MQTT, MqttConfig
from edge_app.events.event import Event
from edge_app.events.sink import Undelivered

if TYPE_CHECKING:
    import paho.mqtt.client as paho

# Seconds for the broker to take a connection, and to confirm what it was given.
PATIENCE = 10.0
# Seconds without a word after which the broker publishes the last will, once and a half of it.
KEEPALIVE = 30
# Seconds between two looks at the state, and before the next attempt to connect where no event waits.
LOOK, AGAIN = 10.0, 30.0
# Seconds to say that the device goes offline.
FAREWELL = 2.0
ONLINE, OFFLINE = b"online", b"offline"


class Mqtt:
    """The sink.

    Attributes:
        leaving: set before the end to take back what is retained, since this broker is not used any more.
    """

    name = MQTT

    def __init__(self, config: MqttConfig, device: Mapping, state: Callable[[], dict] | None):
        """Prepare; nothing is opened yet.

        Args:
            config: of the settings.
            device: `id` and `name` of this device.
            state: returns what is retained under `state`; None for a test, which leaves nothing behind.
        """
        self.leaving = False
        self._config, self._device, self._state = config, device, state
        self._client: paho.Client | None = None
        self._answer = ""
        self._ended = False
        self._told, self._next_look, self._next_try = b"", 0.0, 0.0
        self._topic = f"{config.base}/{device['id']}"

    def deliver(self, event: Event, body: bytes) -> str:
        """Publish an event; as of `Sink.deliver`."""
        try:
            self._connect()
            self._publish("event", body)
            self._next_look = 0.0
            self._tell_state()
        except Undelivered:
            self._drop()
            raise
        return "the broker has confirmed it"

    def idle(self) -> None:
        """Answer the broker's questions, tell what has changed, and connect again if the connection was lost."""
        try:
            if self._client is None and time.monotonic() >= self._next_try:
                self._connect()
            if self._client is not None:
                self._loop(0.01)
                self._tell_state()
        except Undelivered:
            self._drop()

    def cut(self) -> None:
        """End a delivery under way."""
        self._ended = True

    def close(self) -> None:
        """Say that the device goes offline, and leave."""
        self._ended = False  # of what waits for the broker
        client = self._client
        if client is None:
            return
        with contextlib.suppress(Undelivered):
            if self._state:
                self._publish("availability", b"" if self.leaving else OFFLINE, True, FAREWELL)
            if self.leaving:
                self._publish("state", b"", True, FAREWELL)
                for _, topic in self._discovered():
                    self._publish(topic, b"", True, FAREWELL)
            client.disconnect()  # the word of farewell: without it the broker publishes the last will
            self._loop(FAREWELL)
        self._drop()

    def _connect(self) -> None:
        """Connect, and tell that the device is there.

        Raises:
            Undelivered: the broker cannot be reached, or does not let this device in.
        """
        if self._client is not None:
            return
        self._next_try = time.monotonic() + AGAIN
        self._answer = ""
        config = self._config
        try:
            client = self._client = self._made()
            client.connect(config.host, config.port, KEEPALIVE)
        except ssl.SSLCertVerificationError as error:
            raise Undelivered(f"the broker's certificate is not trusted ({error.verify_message})") from error
        except TimeoutError as error:
            raise Undelivered("the broker did not answer in time") from error
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise Undelivered(f"the broker cannot be reached ({why})") from error
        self._until(lambda: bool(self._answer), PATIENCE)
        if self._answer != "Success":
            raise Undelivered(f"the broker does not let this device in ({self._answer})")
        self._told, self._next_look = b"", 0.0
        if self._state:
            for name, topic in self._discovered():
                words = (
                    name,
                    self._device["id"],
                    self._device["name"],
                    self._under("state"),
                    self._under("availability"),
                )
                self._publish(topic, home_assistant.message(*words), True)
            self._publish("availability", ONLINE, True)
            self._tell_state()

    def _made(self) -> "paho.Client":
        import paho.mqtt.client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        config = self._config
        name = f"covid-xray-{self._device['id']}{'' if self._state else '-test'}"
        client = paho.Client(CallbackAPIVersion.VERSION2, name)
        client.connect_timeout = PATIENCE
        if config.user:
            client.username_pw_set(config.user, config.password)
        if config.tls:
            client.tls_set_context(ssl.create_default_context(cafile=config.authority and str(config.authority)))
        if self._state:
            client.will_set(self._under("availability"), OFFLINE, qos=1, retain=True)

        def on_connect(_client, _data, _flags, reason, _properties):
            self._answer = str(reason)

        client.on_connect = on_connect
        return client

    def _discovered(self):
        return home_assistant.topics(self._config.discovery, self._device["id"]) if self._config.discovery else ()

    def _under(self, name: str) -> str:
        return name if "/" in name else f"{self._topic}/{name}"

    def _tell_state(self) -> None:
        """Publish the state if it has changed."""
        if self._state is None or time.monotonic() < self._next_look:
            return
        self._next_look = time.monotonic() + LOOK
        state = json.dumps(self._state()).encode()
        if state != self._told:
            self._publish("state", state, True)
            self._told = state

    def _publish(self, name: str, content: bytes, retain: bool = False, seconds: float = PATIENCE) -> None:
        """Publish, and wait until the broker confirms it.

        Raises:
            Undelivered: it does not.
        """
        assert self._client
        try:
            sent = self._client.publish(self._under(name), content, 1, retain)
        except ValueError as error:
            raise Undelivered(f"the broker takes no such message ({error})", refused=True) from error
        self._until(sent.is_published, seconds)

    def _until(self, done: Callable[[], bool], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not done():
            if self._ended or time.monotonic() >= end:
                raise Undelivered(f"the broker did not confirm it within {seconds:.0f} seconds")
            self._loop(0.2)

    def _loop(self, seconds: float) -> None:
        """Read and write what is there, for so many seconds at most."""
        assert self._client
        try:
            code = self._client.loop(seconds)
        except (OSError, ValueError, RuntimeError) as error:
            raise Undelivered(f"the connection to the broker broke ({type(error).__name__})") from error
        if code != 0 and not (self._answer and self._answer != "Success"):
            raise Undelivered("the broker closed the connection")

    def _drop(self) -> None:
        """Close the connection as it is; a message that the broker has not confirmed is forgotten, and sent again."""
        client, self._client = self._client, None
        self._next_try = time.monotonic() + AGAIN
        connection = client and client.socket()
        if connection:
            with contextlib.suppress(OSError):
                connection.close()
