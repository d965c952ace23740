"""What the platforms did, in order: what tests compare the product's books with."""

from __future__ import annotations

from collections import deque
from typing import Any

from app.sandbox.clock import Clock

Entry = dict[str, Any]


class Record:
    """Entries in the order they happened, the newest `keep` of them.

    An entry has `n` (1, 2, …), `at`, `platform` and `what`: "accepted" (a call that was carried out), "refused" (one
    that was not), "webhook" (an attempt to tell the product), "fault" (misbehaviour that struck).
    """

    def __init__(self, clock: Clock, keep: int) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=keep)
        self._count = 0

    def add(self, platform: str, what: str, **about: Any) -> Entry:
        """Write an entry down."""
        self._count += 1
        entry = {"n": self._count, "at": self._clock.iso(), "platform": platform, "what": what, **about}
        self._entries.append(entry)
        return entry

    def find(self, since: int = 0, **wanted: str) -> list[Entry]:
        """Those after number `since` whose fields are as wanted."""
        return [
            entry
            for entry in self._entries
            if entry["n"] > since and all(entry.get(name) == value for name, value in wanted.items())
        ]

    @property
    def forgotten(self) -> int:
        """How many are not kept any more."""
        return self._count - len(self._entries)

    def clear(self) -> None:
        """Forget all; numbering begins anew."""
        self._entries.clear()
        self._count = 0
