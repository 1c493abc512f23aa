"""Results go to the FHIR server: again and again, ever more rarely, until it takes or for good refuses them."""

import json
import time
from collections.abc import Callable

from edge_app.dicom_network.posts import Post, Posts
from edge_app.dicom_network.rounds import LONGEST_WAIT, LOOK, Backoff, Rounds
from edge_app.fhir.post import NotPosted
from edge_app.fhir.server import FhirServer


class Poster:
    """Posts what waits, the oldest first, in a thread; one that the server stumbles over holds up no other.

    Attributes:
        start, stop: as of `Rounds`.
    """

    def __init__(
        self, server: FhirServer, posts: Posts, say: Callable[[str], None], fault: Callable[[str], None] | None = None
    ):
        """Take the server.

        Args:
            server: where results go.
            posts: what waits.
            say: takes sentences for the journal.
            fault: is told what somebody has to mend, in a sentence without a patient's data; "" when it is over.
        """
        self._server, self._posts, self._say, self._fault = server, posts, say, fault or (lambda _words: None)
        self._backoff = Backoff()
        self._tries: dict[int, Backoff] = {}  # of those that the server has stumbled over
        self._held: dict[int, float] = {}  # when they are tried again
        self._rounds = Rounds("fhir-poster", self._round, posts.news, server.base, say)
        self.start, self.stop = self._rounds.start, self._rounds.stop

    def _round(self) -> float:
        """Post the oldest that is due; return the seconds to wait before the next time."""
        self._posts.news.clear()
        now = time.monotonic()
        # Behind those that were held there is another, if any waits; it comes first.
        waiting = sorted(self._posts.waiting(len(self._held) + 1), key=lambda one: self._held.get(one.number, 0))
        post = next((one for one in waiting if self._held.get(one.number, 0) <= now), None)
        if post is None:
            self._posts.news.wait(LOOK)
            return 0
        try:
            self._server.post(json.loads(post.path.read_bytes()))
        except NotPosted as error:
            return self._failed(post, error)
        except (OSError, ValueError):
            self._say("a result for the FHIR server has gone from the disk or is damaged; let nothing else change it.")
        else:
            if self._backoff.done():
                self._say(f"{self._server.base}: takes results again.")
            self._fault("")
        self._forget(post)
        return 0

    def _failed(self, post: Post, error: NotPosted) -> float:
        if error.lasting:
            words = f"{error} A result is given up: it is in the store and in no worklist."
            self._say(words)
            self._fault(words)
            self._forget(post)
            return 0
        if error.misdirected:
            self._fault(str(error))
        elif error.answered:
            wait = self._tries.setdefault(post.number, Backoff()).failed()
            self._held[post.number] = time.monotonic() + wait
        wait = max(self._backoff.failed(), min(error.wait or 0.0, LONGEST_WAIT))
        self._say(f"{error} Results wait, the next try is in {wait:.0f} s.")
        return wait

    def _forget(self, post: Post) -> None:
        self._posts.forget(post)
        self._tries.pop(post.number, None)
        self._held.pop(post.number, None)
