"""What an association's bytes become when chance or malice changes them, and a peer that sends them."""

import random
import select
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pydicom import dcmread
from pynetdicom import build_role, evt
from pynetdicom.sop_class import StorageCommitmentPushModel, Verification

from edge_app.dicom_network.commitment import entity
from tests.support.dicom_node import TITLE
from tests.support.dicom_results import question

INSTANCE = "1.2.840.10008.1.20.1.1"  # PS3.4 J.3.5: that of storage commitment
# Seconds in which the node must have closed a connection whose peer says no more.
AT_MOST = 60
# Seconds in which an answer comes, if one does.
SOON = 0.5
# Peers at a time: fewer than the node's associations, so that none is turned away.
PEERS = 4
# PS3.8 9.3: 1 byte of type, 1 of nothing, 4 of length.
HEADER = 6


def recorded(port: int, film: Path) -> list[list[bytes]]:
    """Talk to a node as it should be; return the PDUs of an echo, a film, a commitment, and an answer to one."""

    def echo(assoc) -> None:
        assoc.send_c_echo()

    def store(assoc) -> None:
        assoc.send_c_store(dcmread(film))

    def ask(assoc) -> None:
        assoc.send_n_action(asked, 1, StorageCommitmentPushModel, INSTANCE)

    def report(assoc) -> None:
        assoc.send_n_event_report(asked, 1, StorageCommitmentPushModel, INSTANCE)

    asked, kind = question("1.2.4", ("1.2.3", "1.2.3")), dcmread(film).SOPClassUID
    role = build_role(StorageCommitmentPushModel, scp_role=True)
    return [*(_sent(port, talk, kind, []) for talk in (echo, store, ask)), _sent(port, report, kind, [role])]


def _sent(port: int, talk, film_class: str, roles: list) -> list[bytes]:
    ae, sent = entity("XRAYROOM1"), []
    for uid in (Verification, StorageCommitmentPushModel, film_class):
        ae.add_requested_context(uid)
    handlers = [(evt.EVT_DATA_SENT, lambda event: sent.append(event.data))]
    assoc = ae.associate("127.0.0.1", port, ae_title=TITLE, ext_neg=roles, evt_handlers=handlers)
    assert assoc.is_established
    talk(assoc)
    assoc.release()
    return sent


def mutations(associations: list[list[bytes]], count: int, seed: int = 1) -> Iterator[list[bytes]]:
    """Yield mutated associations; the same seed gives the same ones."""
    chance = random.Random(seed)
    for _ in range(count):
        pdus = list(chance.choice(associations))
        for _ in range(chance.choice((1, 1, 2, 5))):
            chance.choice((_flipped, _cut, _lengthened, _moved, _repeated, _noisy))(pdus, chance)
        yield pdus


def _flipped(pdus: list[bytes], chance: random.Random) -> None:
    at, changed = _any(pdus, chance)
    for _ in range(chance.choice((1, 3, 30))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    pdus[at] = bytes(changed)


def _cut(pdus: list[bytes], chance: random.Random) -> None:
    at, changed = _any(pdus, chance)
    pdus[at] = bytes(changed[: chance.randrange(1, len(changed) + 1)])


def _lengthened(pdus: list[bytes], chance: random.Random) -> None:
    """Let a length, of the PDU or of something in it, say another number."""
    at, changed = _any(pdus, chance)
    most = len(changed) - 4
    if most > 2:
        place = chance.choice((2, HEADER, chance.randrange(most)))
        if place <= most:
            struct.pack_into(">L", changed, place, chance.choice((0, 1, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF)))
    pdus[at] = bytes(changed)


def _moved(pdus: list[bytes], chance: random.Random) -> None:
    chance.shuffle(pdus)


def _repeated(pdus: list[bytes], chance: random.Random) -> None:
    at, changed = _any(pdus, chance)
    pdus[at] = bytes(changed) * chance.choice((2, 20))


def _noisy(pdus: list[bytes], chance: random.Random) -> None:
    pdus.insert(chance.randrange(len(pdus) + 1), chance.randbytes(chance.choice((1, 6, 500))))


def _any(pdus: list[bytes], chance: random.Random) -> tuple[int, bytearray]:
    at = chance.randrange(len(pdus))
    return at, bytearray(pdus[at])


def send(port: int, pdus: list[bytes]) -> bytes:
    """Send the first PDU, once it is answered the others, and no more; return all answers until the node closes."""
    answers = []
    with socket.create_connection(("127.0.0.1", port), AT_MOST) as connection:
        try:
            for content in (pdus[0], b"".join(pdus[1:])):
                connection.sendall(content)
                # In vain after a PDU that is cut short: the node waits for its rest.
                if select.select([connection], [], [], SOON)[0]:
                    answers.append(connection.recv(1 << 16))
            connection.shutdown(socket.SHUT_WR)
            answers += iter(lambda: connection.recv(1 << 16), b"")
        except OSError:  # closed by the node while more was on its way
            pass
    return b"".join(answers)


def send_all(port: int, associations: Iterator[list[bytes]]) -> int:
    """Send mutated associations, a few at a time; return how many of them were answered before the end."""
    with ThreadPoolExecutor(PEERS) as peers:
        return sum(bool(answer) for answer in peers.map(lambda pdus: send(port, pdus), associations))
