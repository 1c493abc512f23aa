"""The pull: a thread that fetches what a PACS has told of, and looks now and then for films of today and yesterday."""

import datetime
import time
from collections import Counter
from collections.abc import Callable

from edge_app.dicom_network import services
from edge_app.dicom_network.ledger import Ledger
from edge_app.dicom_network.rounds import LOOK, Backoff, Rounds
from edge_app.dicomweb.pacs import PacsFault, WebPacs
from edge_app.dicomweb.received import REASONS, Receiver
from edge_app.dicomweb.wanted import Wanted, WantedList
from edge_app.errors import EdgeError

# After this number of answers with a fault about one instance it is left alone until the next start.
MOST_FAULTS = 3
# What is kept in memory of instances and studies; a look covers some hundred.
MOST_KNOWN = 100_000


class NoRoom(Exception):
    """The node has no room for another film now."""


class Pull:
    """Fetches films, one after the other, in a thread.

    Attributes:
        start, stop: as of `Rounds`.
    """

    def __init__(
        self,
        pacs: WebPacs,
        ledger: Ledger,
        wanted: WantedList,
        minutes: int,
        modalities: tuple[str, ...],
        say: Callable[[str], None],
    ):
        """Take its parts.

        Args:
            pacs: is asked.
            ledger: takes films, and knows which have come.
            wanted: what the PACS has told of.
            minutes: between two looks for films; 0 for none.
            modalities: of series with films.
            say: takes sentences for the journal.
        """
        self._pacs, self._ledger, self._wanted, self._say = pacs, ledger, wanted, say
        self._seconds, self._modalities = minutes * 60, modalities
        self._receiver, self._backoff = Receiver(ledger), Backoff()
        self._next_look = time.monotonic()
        self._refused: set[str] = set()
        self._faults: Counter[str] = Counter()
        self._seen: dict[str, int] = {}
        self._rounds = Rounds("dicom-pull", self._turn, wanted.news, pacs.name, say)
        self.start, self.stop, self._ended = self._rounds.start, self._rounds.stop, self._rounds.ended

    def _turn(self) -> float:
        """Fetch what is due; return the seconds to wait before the next time."""
        try:
            self._round()
        except PacsFault as error:
            why = str(error)
        except NoRoom:
            why = f"{self._pacs.name}: no room here for another film now"
        except (EdgeError, OSError) as error:
            why = f"{self._pacs.name}: not kept here ({type(error).__name__})"
        else:
            if self._backoff.done():
                self._say(f"{self._pacs.name}: films are pulled again.")
            self._wanted.news.wait(LOOK)
            return 0
        wait = self._backoff.failed()
        self._say(f"{why}; films wait there, the next try is in {wait:.0f} s.")
        return wait

    def _round(self) -> None:
        """Fetch what is wanted, and look for films if it is time."""
        self._wanted.news.clear()
        while (found := self._wanted.first()) and not self._ended.is_set():
            if not self._fetch(found[1]):
                return
            self._wanted.done(found[0])
        if not self._seconds or time.monotonic() < self._next_look:
            return
        for modality in self._modalities:
            for study in self._pacs.studies(_days(), modality):
                if study.instances < 0 or self._seen.get(study.uid) != study.instances:
                    if not self._fetch(Wanted(study.uid)):
                        return
                    self._seen[study.uid] = study.instances
        if len(self._seen) > MOST_KNOWN:
            self._seen.clear()
        self._next_look = time.monotonic() + self._seconds

    def _fetch(self, wanted: Wanted) -> bool:
        """Fetch the films among what is wanted; say whether all are here, and not because the pull is to end."""
        for one in self._pacs.instances(wanted, self._modalities):
            if self._ended.is_set():
                return False
            if one.uid not in self._refused and self._ledger.film(one.uid) is None:
                self._fetch_one(one)
        return not self._ended.is_set()

    def _fetch_one(self, one: Wanted) -> None:
        if not self._ledger.has_room():
            raise NoRoom
        try:
            status = self._pacs.retrieve(
                one, self._ledger.limits.instance, self._ledger.arriving, lambda content: self._take(content, one)
            )
        except PacsFault as error:
            self._faults[one.uid] += error.lasting
            if not error.lasting or self._faults[one.uid] < MOST_FAULTS:
                raise
            self._leave(one.uid)
            self._say(f"{error}, {MOST_FAULTS} times for one film, which is left there; see its log.")
            return
        if status == services.OUT_OF_RESOURCES:
            raise NoRoom
        if status != services.SUCCESS:
            self._leave(one.uid)
            self._say(f"{self._pacs.name}: a film is not taken (0x{status:04X}, {REASONS[status]}); it is left there.")

    def _take(self, content: memoryview, one: Wanted) -> int:
        if len(content) > self._ledger.limits.instance:
            raise PacsFault(f"{self._pacs.name}: sent an instance that is too large", lasting=True)
        found = self._receiver.take(content, one.study)
        return found.status if found.uid == one.uid or found.status else services.NOT_OF_CLASS

    def _leave(self, uid: str) -> None:
        if len(self._refused) > MOST_KNOWN:
            self._refused.clear()
        self._refused.add(uid)
        del self._faults[uid]


def _days() -> str:
    """Return yesterday and today by this device's clock, as a range of DICOM."""
    today = datetime.datetime.now().astimezone().date()
    return f"{today - datetime.timedelta(days=1):%Y%m%d}-{today:%Y%m%d}"
