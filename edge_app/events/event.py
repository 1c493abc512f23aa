"""An event: a verdict, a fault of the device or the start of a service, in plain values, nothing of a patient."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge_app.screening import decision

JUDGED, FAILED = "film.judged", "film.failed"
RAISED, CLEARED = "fault.raised", "fault.cleared"
STARTED, TEST = "service.started", "test"
KINDS = (JUDGED, FAILED, RAISED, CLEARED, STARTED, TEST)
# What a full queue gives up first has the least worth: what somebody must act on goes last.
ACT, DEVICE, LOOK, CALM, TRIFLE = 4, 3, 2, 1, 0
WORTH = {RAISED: DEVICE, CLEARED: DEVICE, FAILED: LOOK, STARTED: TRIFLE, TEST: TRIFLE}
OF_VERDICTS = {decision.NORMAL: CALM, decision.REFUSED: LOOK}
# Bytes of an event's name: nobody guesses it, and no two devices make the same.
NAME_BYTES = 12


def _id(digits: str) -> str:
    return f"evt_{digits}"


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True)
class Event:
    """One event.

    Attributes:
        kind: one of `KINDS`.
        data: what happened, JSON values; nothing of a patient.
        id: the same at every attempt to deliver it, so that a receiver knows it again.
        time: when it happened, ISO with a time zone.
        number: its place in a queue, from 1 on; 0 of one that is in none.
    """

    kind: str
    data: Mapping
    id: str = field(default_factory=lambda: _id(secrets.token_hex(NAME_BYTES)))
    time: str = field(default_factory=_now)
    number: int = field(default=0, compare=False)

    @property
    def worth(self) -> int:
        """How long a full queue holds on to it: `ACT` the longest, `TRIFLE` the shortest."""
        return OF_VERDICTS.get(self.data["verdict"], ACT) if self.kind == JUDGED else WORTH[self.kind]

    @property
    def reading(self) -> str:
        """Name of the page's reading that it tells of; empty for none."""
        return (self.data.get("reading") or "").rpartition("/")[2]

    def body(self, device: Mapping, patient: Mapping | None = None) -> bytes:
        """Return what is sent, JSON in UTF-8: `type`, `timestamp` and `data`, as Standard Webhooks advises, and `id`.

        Args:
            device: `id` and `name` of the device.
            patient: what the site wants told of the film's patient; None for nothing.
        """
        data = {**self.data, "device": dict(device)} | ({"patient": dict(patient)} if patient is not None else {})
        whole = {"type": self.kind, "timestamp": self.time, "id": self.id, "data": data}
        return json.dumps(whole, ensure_ascii=False).encode()


def of_film(row: Mapping, source: str, reading: str = "") -> Event:
    """Return the event of a film; that of a reading has the same id whenever it is made.

    Args:
        row: of docs/results.md; of it the verdict, the answers and the kind of refusal are told, nothing else.
        source: where the film came from: `page`, `api`, `folder`, `camera`, `dicom`.
        reading: its name on the page; empty if it has no page.
    """
    told = {"source": source, "reading": f"/readings/{reading}" if reading else None}
    digits = hashlib.sha256(reading.encode()).hexdigest() if reading else secrets.token_hex(NAME_BYTES)
    id = _id(digits[: 2 * NAME_BYTES])
    if row["error"]:
        return Event(FAILED, told, id, row["time"])
    findings = {label: found["answer"] for label, found in (row["findings"] or {}).items()}
    refusal = row["refusal"] and row["refusal"]["kind"]
    data = {"verdict": row["verdict"], "findings": findings, "refusal": refusal, **told}
    return Event(JUDGED, data, id, row["time"])
