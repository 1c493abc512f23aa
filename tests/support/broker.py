"""A real MQTT broker, Debian's mosquitto, on the loopback: with passwords, with TLS, stopped and started again.

Where there is none (`apt-get install mosquitto`) its tests are skipped, unless `NEED_BROKER` is set, as where a change
is checked before it lands.
"""

import os
import shutil
import socket
import subprocess
import threading
from pathlib import Path

import pytest

from tests.support.ports import free_port as free_port  # of a broker that comes later
from tests.support.receiver import until

MOSQUITTO = shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin")
USER, PASSWORD = "ward", "a lead apron"


def need_broker() -> None:
    """Skip the test where no broker is installed, or fail it where there must be one."""
    if MOSQUITTO:
        return
    words = "no mosquitto is installed: 'apt-get install mosquitto' (MQTT is not tested without one)"
    if os.environ.get("NEED_BROKER"):
        pytest.fail(words)
    pytest.skip(words)


class Broker:
    """mosquitto in a process of its own.

    Attributes:
        port: that it listens on; the same after it was stopped and started.
    """

    def __init__(self, folder: Path, tls: tuple[Path, Path] | None = None, closed: bool = True):
        """Write its configuration into a folder and start it.

        Args:
            folder: empty.
            tls: files of its certificate and key; None for a connection in the clear.
            closed: whether it wants `USER` and `PASSWORD`.
        """
        self.port, self._process = free_port(), None
        lines = [f"listener {self.port} 127.0.0.1", f"allow_anonymous {'false' if closed else 'true'}"]
        # Root's own files stay readable to it: it would become another user otherwise.
        lines += ["user root"] if os.geteuid() == 0 else []
        if closed:
            passwords = folder / "passwords"
            subprocess.run(["mosquitto_passwd", "-c", "-b", passwords, USER, PASSWORD], check=True, capture_output=True)
            lines += [f"password_file {passwords}"]
        if tls:
            lines += [f"certfile {tls[0]}", f"keyfile {tls[1]}"]
        self._config = folder / "mosquitto.conf"
        self._config.write_text("\n".join(lines) + "\n")
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        command = [MOSQUITTO, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self._listens)

    def _listens(self) -> bool:
        assert self._process.poll() is None, "mosquitto has ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def freeze(self) -> None:
        """Let it take connections and answer nothing, as a broker that hangs."""
        self._process.send_signal(19)  # SIGSTOP

    def stop(self) -> None:
        """End it; it forgets what it retained."""
        self._process.send_signal(18)  # SIGCONT: one that is frozen ends too
        self._process.terminate()
        self._process.wait()


class Listener:
    """A client that writes down what the broker tells it.

    Attributes:
        told: (topic, content, whether it was retained) of every message so far.
    """

    def __init__(self, broker: Broker, topic: str = "#", authority: Path | None = None):
        """Subscribe, and wait until the broker has confirmed it."""
        import paho.mqtt.client as paho

        self.told: list[tuple[str, bytes, bool]] = []
        ready = threading.Event()
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set(USER, PASSWORD)
        if authority:
            self._client.tls_set(str(authority))
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: ready.set()
        self._client.on_message = lambda _client, _data, one: self.told.append((one.topic, one.payload, one.retain))
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        assert ready.wait(100), "the broker does not answer"

    def of(self, end: str) -> list[bytes]:
        """Return what was told under topics that end so."""
        return [content for topic, content, _ in list(self.told) if topic.endswith(end)]

    def close(self) -> None:
        """Leave."""
        self._client.disconnect()
        self._client.loop_stop()
