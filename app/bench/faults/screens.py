"""An agent's page as far as the open conversation goes: the steps of static/js/live.js, without a browser."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

ENTRY = re.compile(
    r'<article class="e (?P<classes>[^"]*)" id="(?P<dom>[^"]+)" data-message="(?P<id>\d+)"'
    r'[^>]*? data-order="(?P<order>[^"]+)"'
)
HEAD = re.compile(r'data-conversation="(\d+)" data-last-event="(\d+)"')


@dataclass(frozen=True)
class Entry:
    """A message as it stands on the page."""

    dom: str
    message: int
    order: str
    inbound: bool


@dataclass
class Screen:
    """The open conversation: which, how far it is known, and what stands there, by the id of its element."""

    conversation: int = 0
    known: int = 0
    partly: bool = False  # older messages are above and not loaded
    entries: dict[str, Entry] = field(default_factory=dict)

    def load(self, html: str) -> None:
        """The pane was loaded anew. Raises ValueError where it is none."""
        head = HEAD.search(html)
        if head is None:
            raise ValueError("this is no pane")
        self.conversation, self.known = int(head[1]), int(head[2])
        self.partly = "data-older=" in html
        self.entries = {}
        self.place(html)

    def place(self, html: str) -> None:
        """Messages take their place; one whose element is there already replaces it."""
        for found in ENTRY.finditer(html):
            entry = Entry(
                found["dom"], int(found["id"]), found["order"], "inbound" in found["classes"].split()
            )
            if entry.dom in self.entries or not self._above(entry):
                self.entries[entry.dom] = entry

    def follow(self, frame: Mapping[str, Any]) -> bool:
        """One frame of the live feed; True: something was missed, ask for it."""
        if frame.get("t") == "tick":
            return int((frame.get("heads") or {}).get(str(self.conversation), 0)) > self.known
        if frame.get("t") != "event" or frame["conversation"] != self.conversation:
            return False
        if frame["id"] <= self.known:
            self._message(frame)
            return False
        if frame["prev"] > self.known or not frame.get("full"):
            return True
        self.apply(frame)
        return False

    def apply(self, frame: Mapping[str, Any]) -> None:
        """Take in what the frame brings."""
        self._message(frame)
        self.known = max(self.known, frame["id"])

    def newest(self) -> Entry | None:
        """The customer's last words, as they stand here."""
        theirs = [one for one in self.entries.values() if one.inbound]
        return max(theirs, key=lambda one: _place(one.order), default=None)

    def _message(self, frame: Mapping[str, Any]) -> None:
        if frame.get("message"):
            self.place(frame["message"]["html"])

    def _above(self, entry: Entry) -> bool:
        """Older than everything loaded, and more above: it will come with its page."""
        places = [_place(one.order) for one in self.entries.values()]
        return self.partly and bool(places) and _place(entry.order) < min(places)


def _place(order: str) -> tuple[str, int]:
    at, _, id = order.partition("|")
    return at, int(id)
