"""A model or a program on many devices, wave by wave; a wave in which one device fails is the last.

Each device checks signature, hashes, golden film and doctor itself and keeps what it had if one of them fails: here is
only decided who is asked, when, and whether it goes on.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from edge_app.fleet import record as record_
from edge_app.fleet import watching
from edge_app.fleet.figures import Figures
from edge_app.fleet.inventory import Device
from edge_app.fleet.message import DOCTOR, INSTALL, MODEL, ROLLBACK, STATE, Reply, Request
from edge_app.fleet.record import Record
from edge_app.fleet.ssh import Client, Failed, Unreachable

# Devices that are sent a file at the same time: a bundle of 100 MB to each fills a clinic's line.
AT_ONCE = 8


@dataclass
class Rollout:
    """A roll-out under way.

    Attributes:
        devices: by name.
        request: that installs the file.
        file: what is installed.
        record: of it.
        client: reaches devices.
        look: asks their pages.
        seconds: that each wave is watched.
        say: is told what happens, a line each.
        at_once: devices that are asked at the same time.
    """

    devices: Mapping[str, Device]
    request: Request
    file: Path
    record: Record
    client: Client
    look: watching.Look
    seconds: float
    say: Callable[[str], object]
    at_once: int = AT_ONCE

    def run(self) -> bool:
        """Go on with the waves; return whether none was halted."""
        self.record.mark(halted="")
        for number, names in enumerate(self.record.waves, 1):
            why = self._wave(number, [self.devices[name] for name in names])
            if why:
                self.record.mark(halted=f"wave {number}: {why}")
                self.say(f"halted: wave {number}: {why}; nothing more is installed.")
                return False
        return True

    def go_back(self) -> bool:
        """Have every device that was asked to install the file go back from it; return whether all have."""
        asked = [name for name, one in self.record.entries.items() if one.state != record_.WAITING]
        with ThreadPoolExecutor(self.at_once) as pool:
            list(pool.map(self._back, [self.devices[name] for name in asked]))
        self.record.mark(watched=0, halted="rolled back")
        return all(self.record.entries[name].state == record_.BACK for name in asked)

    def _wave(self, number: int, wave: Sequence[Device]) -> str:
        """Install on the devices of a wave and watch them; return why it is halted, or nothing."""
        pending = [one for one in wave if self._state(one) != record_.DONE]
        if not pending and self.record.watched >= number:
            return ""
        self.say(f"wave {number} of {len(self.record.waves)}: {', '.join(one.name for one in wave)}")
        said = self.look(wave)
        stop = threading.Event()
        with ThreadPoolExecutor(self.at_once) as pool:
            list(pool.map(lambda device: self._install(device, stop), pending))
        self.record.mark()
        failed = [one.name for one in wave if self._state(one) == record_.FAILED]
        if failed:
            return f"{', '.join(failed)} failed"
        done = [one for one in wave if self._state(one) == record_.DONE]
        if wave and not done:
            return "none of its devices can be reached"
        # Whether a fault is older than an installation that an earlier call has made cannot be told.
        new = {one.name for one in pending}
        told = {name: one for name, one in said.items() if isinstance(one, Figures)}
        before = {name: one if name in new else replace(one, faults=()) for name, one in told.items()}
        why = self._watched(done, before)
        if not why:
            self.record.mark(watched=max(number, self.record.watched))
        return why

    def _install(self, device: Device, stop: threading.Event) -> None:
        if stop.is_set():
            return
        asked = replace(self.request, action=STATE, name="", size=0, signature="")
        try:
            reply = self.client.ask(device, asked)
            if self._has(reply):
                reply = self.client.ask(device, replace(asked, action=DOCTOR))
            elif not reply.error:
                reply = self.client.ask(device, self.request, self.file)
            why = self._wrong(reply)
        except Unreachable as gone:
            self._note(device, record_.GONE, None, str(gone))
            return
        except Failed as failed:
            reply, why = None, str(failed)
        if why:
            stop.set()
        self._note(device, record_.FAILED if why else record_.DONE, reply, why)

    def _watched(self, done: Sequence[Device], before: Mapping[str, Figures]) -> str:
        """Watch the devices of a wave, by their pages where they have one and then by their doctors."""
        with_page = [one for one in done if one.name in before]
        self.say(f"watching {len(with_page)} of {len(done)} by their pages for {self.seconds:.0f} seconds")
        wrong = watching.watch(with_page, before, self._is_new, self.seconds, self.look)
        asked = replace(self.request, action=DOCTOR, name="", size=0, signature="")
        with ThreadPoolExecutor(self.at_once) as pool:
            found = list(pool.map(lambda device: self._examined(device, asked), done))
        for device, (reply, why) in zip(done, found, strict=True):
            words = "; ".join(filter(None, (wrong.get(device.name, ""), why)))
            if words:
                wrong[device.name] = words
                self._note(device, record_.FAILED, reply, words)
        return f"{', '.join(sorted(wrong))} failed while watched" if wrong else ""

    def _examined(self, device: Device, asked: Request) -> tuple[Reply | None, str]:
        try:
            reply = self.client.ask(device, asked)
        except (Unreachable, Failed) as error:
            return None, str(error)
        return reply, self._wrong(reply)

    def _back(self, device: Device) -> None:
        asked = replace(self.request, action=ROLLBACK, name="", size=0, signature="")
        try:
            reply = self.client.ask(device, asked)
        except (Unreachable, Failed) as error:
            self._note(device, record_.GONE, None, str(error))
            return
        left = not self._has(reply) and not reply.error
        why = "" if left else reply.error or "it still uses what was rolled out"
        # A fault that it has without the file too is told, and is none of going back.
        self._note(device, record_.BACK if left else record_.FAILED, reply, why or "; ".join(reply.faults))

    def _wrong(self, reply: Reply) -> str:
        if reply.error:
            return reply.error.rstrip(".")
        if reply.faults:
            return f"its doctor finds a fault: {'; '.join(reply.faults)}"
        if not self._has(reply):
            return f"it uses {reply.name} in place of what was installed"
        return "" if reply.golden == "ok" else f"its doctor says '{reply.golden or 'nothing'}' of the golden film"

    def _has(self, reply: Reply) -> bool:
        return bool(reply.in_use) and self.request.sha256.startswith(reply.in_use)

    def _is_new(self, device: Device, one: Figures) -> bool:
        if self.request.kind == MODEL:
            return one.model_sha256 == self.request.sha256
        return one.version == self.record.entries[device.name].name.rpartition("-")[0]

    def _state(self, device: Device) -> str:
        return self.record.entries[device.name].state

    def _note(self, device: Device, state: str, reply: Reply | None, words: str) -> None:
        self.record.note(device.name, state, reply, words)
        named = f" ({reply.name})" if reply and reply.name else ""
        self.say(f"  {device.name}: {state}{named}{f': {words}' if words else ''}")


def dry_run(devices: Sequence[Device], request: Request, client: Client) -> dict[str, tuple[bool, str]]:
    """Ask each device what it has, and install nothing; return by name whether it could be asked, and a sentence."""
    asked = replace(request, action=STATE, name="", size=0, signature="")

    def ask(device: Device) -> tuple[bool, str]:
        try:
            reply = client.ask(device, asked)
        except (Unreachable, Failed) as error:
            return False, str(error)
        if reply.error:
            return False, reply.error
        if reply.in_use and request.sha256.startswith(reply.in_use):
            return True, f"has it already ({reply.name})"
        if not reply.keys:
            return False, f"uses {reply.name}; it has no key of a signer, so it would refuse this"
        return True, f"uses {reply.name}; it would be installed"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return dict(zip((one.name for one in devices), pool.map(ask, devices), strict=True))


def install_request(file: Path, kind: str, sha256: str, signature: bytes | None) -> Request:
    """Return the request that installs a file."""
    return Request(INSTALL, kind, sha256, file.name, file.stat().st_size, (signature or b"").hex())
