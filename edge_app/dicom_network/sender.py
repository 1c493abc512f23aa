"""Results go to the PACS by C-STORE: again and again, ever more rarely, until it has taken them."""

import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from edge_app.dicom_network import commitment, services
from edge_app.dicom_network.ledger import Item, Ledger
from edge_app.dicom_network.peers import Peer
from edge_app.dicom_network.rounds import FIRST_WAIT, JITTER, LONGEST_WAIT, LOOK, Backoff, Rounds
from edge_app.imaging import limits

if TYPE_CHECKING:
    import ssl

    from pynetdicom.association import Association

# After so many refusals of one result, each at another try, it is given up: the PACS does not want it.
MOST_REFUSALS = 5
# Results of one association, which other results then need not wait for.
AT_ONCE = 50
# PS3.8 9.3.2.2: at most 128 contexts, of which one is Verification's and one commitment's.
MOST_CONTEXTS = 126
# Seconds for an answer of commitment on the association that asked; until it is asked again.
ANSWER, ASK_AGAIN = 3.0, 600.0


class Sender:
    """Sends what the ledger holds, in a thread."""

    def __init__(
        self,
        title: str,
        pacs: Peer,
        ledger: Ledger,
        say: Callable[[str], None],
        tls: "ssl.SSLContext | None" = None,
        commit: bool = False,
    ):
        """Take the PACS.

        Args:
            title: AE title of this node.
            pacs: where results go.
            ledger: holds them.
            say: takes sentences for the journal.
            tls: of the connection; None is without.
            commit: ask for storage commitment, and keep results until it is given.
        """
        self._title, self._pacs, self._ledger, self._say = title, pacs, ledger, say
        self._tls, self._commit = tls, commit
        self._backoff = Backoff()
        self._held: dict[str, float] = {}  # refused results, and when they are tried again
        self._asked: dict[str, float] = {}
        self._rounds = Rounds("dicom-sender", self._round, ledger.results_news, pacs, say)
        self.start, self.stop = self._rounds.start, self._rounds.stop
        for item in [] if commit else ledger.to_commit():  # they were sent by a run that asked for commitment
            ledger.forget(item)

    def _round(self) -> float:
        """Send what is due; return the seconds to wait before the next time."""
        self._ledger.results_news.clear()
        now = time.monotonic()
        due = [item for item in self._ledger.to_send() if self._held.get(item.uid, 0) <= now][:AT_ONCE]
        to_ask = self._to_ask(now)
        if not due and not to_ask:
            self._ledger.results_news.wait(LOOK)
            return 0
        if not self._sent(due, to_ask):
            wait = self._backoff.failed()
            self._say(f"{self._pacs}: cannot be reached or rejects this node; results wait, the next try is in "
                      f"{wait:.0f} s.")  # fmt: skip
            return wait
        if self._backoff.done():
            self._say(f"{self._pacs}: takes results again.")
        return 0

    def _to_ask(self, now: float) -> list[Item]:
        if not self._commit:
            return []
        items = self._ledger.to_commit()
        self._asked = {item.uid: self._asked[item.uid] for item in items if item.uid in self._asked}
        return [item for item in items if item.uid not in self._asked or now - self._asked[item.uid] >= ASK_AGAIN]

    def _sent(self, due: Sequence[Item], to_ask: Sequence[Item]) -> bool:
        """Send results in one association, and ask for commitment; say whether the PACS took part."""
        from pynetdicom import build_context, evt

        # With Verification, which every node takes (PS3.4 A.2): an association without any accepted context is no
        # association, and a kind of result that the PACS does not take could not be told from a PACS that is away.
        contexts = [
            build_context(services.VERIFICATION),
            *([build_context(services.COMMITMENT)] if self._commit else ()),
        ]
        contexts += [build_context(uid) for uid in sorted({item.sop_class for item in due})][:MOST_CONTEXTS]
        handlers = [(evt.EVT_N_EVENT_REPORT, self._reported)]
        assoc = commitment.entity(self._title).associate(
            self._pacs.host,
            self._pacs.port,
            contexts,
            self._pacs.title,
            tls_args=(self._tls, self._pacs.host) if self._tls else None,
            evt_handlers=handlers,  # pyright: ignore (its type leaves out handlers that return a pair)
        )
        if not assoc.is_established:
            return False
        try:
            whole = all(self._store(assoc, item) for item in due)
            if whole and self._commit:
                self._ask(assoc)
        finally:
            assoc.release() if assoc.is_established else assoc.abort()
        return whole

    def _store(self, assoc: "Association", item: Item) -> bool:
        """Send a result; say whether the association still works."""
        from pydicom import dcmread

        if self._rounds.ended.is_set():
            return False
        try:
            answer = assoc.send_c_store(dcmread(item.path))
            status = answer.Status if "Status" in answer else None
        except limits.damage():  # the PACS has not accepted its SOP Class, or the file is damaged
            status = services.CANNOT_UNDERSTAND if assoc.is_established else None
        if status is None:
            return False
        if status == services.SUCCESS or 0xB000 <= status <= 0xBFFF:  # a warning: it is stored (PS3.4 B.2.3)
            self._ledger.sent(item, self._commit)
            self._held.pop(item.uid, None)
        else:
            self._refused(item, status)
        return True

    def _refused(self, item: Item, status: int) -> None:
        is_full = status >> 8 == services.OUT_OF_RESOURCES >> 8
        if item.refusals + 1 >= MOST_REFUSALS and not is_full:
            self._say(f"{self._pacs}: refused a result {MOST_REFUSALS} times, at last with 0x{status:04X}; it is given "
                      "up; see what the PACS says, or leave out its kind with --results.")  # fmt: skip
            self._ledger.forget(item)
            self._held.pop(item.uid, None)
            return
        if not is_full:
            self._ledger.refused(item)
        wait = min(FIRST_WAIT * 4 ** (item.refusals + 1), LONGEST_WAIT) * (1 - JITTER * random.random())
        self._held[item.uid] = time.monotonic() + wait

    def _ask(self, assoc: "Association") -> None:
        now = time.monotonic()
        items = self._to_ask(now)
        accepted = any(one.abstract_syntax == services.COMMITMENT for one in assoc.accepted_contexts)
        if not items or not accepted or not commitment.ask(assoc, items, self._ledger):
            if items:
                self._say(f"{self._pacs}: does not take part in storage commitment; results stay here until it does.")
            self._asked |= dict.fromkeys((item.uid for item in items), now)
            return
        self._asked |= dict.fromkeys((item.uid for item in items), now)
        end = time.monotonic() + ANSWER  # most PACS open an association of their own for the answer
        while time.monotonic() < end and assoc.is_established and self._ledger.to_commit():
            time.sleep(ANSWER / 30)
        time.sleep(commitment.AFTER_ANSWER)

    def _reported(self, event) -> tuple[int, None]:
        return commitment.take_answer(event, self._ledger, self._pacs, self._say), None
