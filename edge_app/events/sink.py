"""A sink takes one event at a time to a receiver, and says in words why it could not."""

from typing import Protocol

from edge_app.events.event import Event


class Undelivered(Exception):
    """An event did not reach its receiver; the text says why, in a few words.

    Attributes:
        refused: the receiver was reached and will not take this event, so few attempts are made.
        retry_after_s: seconds that the receiver asked for before the next attempt; None if it named none.
    """

    def __init__(self, words: str, refused: bool = False, retry_after_s: float | None = None):
        super().__init__(words)
        self.refused, self.retry_after_s = refused, retry_after_s


class Unwanted(Undelivered):
    """The receiver wants no more events, ever: nothing is sent until a person changes the settings."""


class Sink(Protocol):
    """Where events go; used by one thread, but for `cut`."""

    name: str

    def deliver(self, event: Event, body: bytes) -> str:
        """Deliver an event; return in a few words what the receiver answered.

        Args:
            event: the event.
            body: of `Event.body`.

        Raises:
            Undelivered: it is not certain that the receiver has it.
        """
        ...

    def idle(self) -> None:
        """Do what is to be done between events; called every few seconds, and never raises."""

    def cut(self) -> None:
        """End a delivery under way; called by another thread."""

    def close(self) -> None:
        """Give back what is held; after the last delivery."""
