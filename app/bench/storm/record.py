"""The sandbox's record of a storm, in the forms the checks need."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.bench.storm.plan import AMBIGUOUS, FOR_GOOD

ANSWER = re.compile(r"out-\d{6}")


@dataclass(frozen=True)
class Telling:
    """The first time an event was told: its place among all webhooks, whether it was answered with success, and
    whether that was the attempt in the customer's own turn."""

    place: tuple[int, int]
    good: bool
    in_turn: bool


@dataclass(frozen=True)
class Taken:
    """A message that a platform took: from us to `to`, the `place`th of all."""

    platform: str
    to: str
    text: str
    place: int


class Record:
    """Entries of the sandbox, in order."""

    def __init__(self, entries: Sequence[Mapping[str, Any]]) -> None:
        self.told: set[str] = set()
        self.first: dict[str, Telling] = {}
        self.taken: dict[str, list[Taken]] = defaultdict(list)
        self.struck: dict[str, list[str]] = defaultdict(list)
        self.faults: dict[str, int] = defaultdict(int)
        for entry in entries:
            {"webhook": self._webhook, "accepted": self._accepted, "fault": self._fault}.get(
                str(entry["what"]), _ignore
            )(entry)

    def uncertain(self, key: str) -> bool:
        """Whether a call about it ended so that nobody could know what became of it."""
        return any(fault in AMBIGUOUS for fault in self.struck.get(key, ()))

    def never_came(self, key: str) -> bool:
        """Whether one of those ended before it was taken."""
        return "drop_before" in self.struck.get(key, ())

    def refused_for_good(self, key: str) -> bool:
        """Whether a platform refused it so that trying again is no use."""
        return FOR_GOOD in self.struck.get(key, ())

    def _webhook(self, entry: Mapping[str, Any]) -> None:
        good = 200 <= entry["status"] < 300
        for number, id in enumerate(entry["events"]):
            event = f"{entry['platform']} {id}"
            self.first.setdefault(event, Telling((entry["n"], number), good, entry["attempt"] == 1))
            if good:
                self.told.add(event)

    def _accepted(self, entry: Mapping[str, Any]) -> None:
        for message in entry["messages"]:
            said = json.dumps(message, ensure_ascii=False)
            for key in ANSWER.findall(said):
                self.taken[key].append(Taken(entry["platform"], str(entry["to"]), said, entry["n"]))

    def _fault(self, entry: Mapping[str, Any]) -> None:
        self.faults[entry["fault"]] += 1
        for key in ANSWER.findall(entry.get("said", "")):
            self.struck[key].append(entry["fault"])


def _ignore(_entry: Mapping[str, Any]) -> None:
    """Nothing of it is needed."""
