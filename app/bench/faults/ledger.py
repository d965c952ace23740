"""What the clients were promised, written down by themselves."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field

CUSTOMER, REPLY, NOTE = "customer", "reply", "note"
TAKE_OVER, HAND_BACK, RESOLVE = "take over", "hand back", "resolve"
PATIENCE = 300.0  # seconds after which nobody tries any more


class GivenUp(Exception):
    """It was tried for so long that it will never be taken; the text names it."""


@dataclass
class Said:
    """Something a client said: `id` is the client's own, `message` the id it was told, `acked` when (monotonic).

    `answers`: the message it is about; it must stand after that one. `refused`: told that it was not taken.
    """

    kind: str
    who: str
    id: str
    text: str
    conversation: int = 0
    answers: int = 0
    message: int = 0
    began: float = field(default_factory=time.monotonic)
    acked: float = 0.0
    refused: bool = False
    tries: int = 0


@dataclass
class Done:
    """A verb of an agent: from when to when it may have taken effect."""

    verb: str
    conversation: int
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0
    acked: bool = False
    tries: int = 0

    @property
    def id(self) -> str:
        """What it is called."""
        return f"{self.verb} of conversation {self.conversation}"


class Ledger:
    """One for all clients; every method may be called by any thread."""

    def __init__(self) -> None:
        self.said: list[Said] = []
        self.done: list[Done] = []
        self.surprises: list[str] = []
        self.troubles: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._acked = 0

    def begin(self, said: Said) -> Said:
        """It is about to be said."""
        with self._lock:
            self.said.append(said)
        return said

    def attempt(self, one: Said | Done) -> None:
        """It is tried, perhaps once more. Raises `GivenUp` where that is hopeless."""
        if time.monotonic() - one.began > PATIENCE:
            raise GivenUp(f"not taken within {PATIENCE:.0f} s, at {one.tries} tries: {one.id}")
        one.tries += 1

    def ack(self, said: Said, message: int = 0) -> None:
        """It was promised to be kept."""
        with self._lock:
            said.acked, said.message = time.monotonic(), message
            self._acked += 1

    def refuse(self, said: Said) -> None:
        """It was refused for good."""
        with self._lock:
            said.refused = True
        self.trouble("refused")

    def verb(self, done: Done) -> Done:
        """It is about to be done."""
        with self._lock:
            self.done.append(done)
        return done

    def ended(self, done: Done, *, acked: bool) -> None:
        """It was done, or refused."""
        done.ended, done.acked = time.monotonic(), acked

    def trouble(self, what: str) -> None:
        """Something that clients have to live with, counted."""
        with self._lock:
            self.troubles[what] += 1

    def surprise(self, what: str) -> None:
        """Something that must never happen to a client, whatever breaks."""
        with self._lock:
            self.surprises.append(what)

    def refusal(self, client: str, status: int, at: str) -> None:
        """Somebody was not answered well. A 500 must never be, whatever breaks: the product's own log tells of it."""
        self.trouble(f"{client}: {status}")
        if status == 500:
            self.surprise(f"{at} was answered 500")

    @property
    def acknowledged(self) -> int:
        """How many promises were made."""
        return self._acked

    def of(self, *kinds: str) -> list[Said]:
        """What was said, of these kinds."""
        with self._lock:
            return [one for one in self.said if one.kind in kinds]
