"""Misbehaviour on demand: rules that strike by chance or a number of times, alike in every run with the same seed."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

WEBHOOKS = {
    "duplicate": "A webhook comes several times at once",
    "reorder": "A webhook is overtaken by the next one",
    "batch": "Several events come in one webhook",
    "delay": "A webhook comes late",
    "lost_answer": "Our answer to a webhook gets lost",
}
CALLS = {
    "rate_limit": "Too many requests (429)",
    "monthly_limit": "Monthly limit reached (429)",
    "error": "Server error, not accepted (500)",
    "error_after": "Server error, but accepted (500)",
    "drop_before": "The line drops before a message is accepted",
    "drop_after": "The line drops after a message was accepted",
    "slow": "Answers come late",
    "expired_token": "The access token has expired (401)",
}
MEDIA = {
    "media_pending": "Files are still being prepared (202)",
    "slow_media": "Files come slowly",
    "redirect_media": "Files lead to an internal address",
    "media_gone": "Files are gone (410)",
}
KINDS = WEBHOOKS | CALLS | MEDIA


class BadFault(ValueError):
    """A rule cannot be understood; the text says why."""


@dataclass
class Fault:
    """One rule.

    It strikes what fits `platform`, `call` (the last words of a path, such as "message/push") and `to` (a customer
    who writes); empty fits all. `probability` of each time, until it has struck `count` times (None: for ever).
    `seconds`: how late; `times`: how many copies, or events in a batch.
    """

    fault: str
    platform: str = ""
    call: str = ""
    to: str = ""
    probability: float = 1.0
    count: int | None = None
    seconds: float = 1.0
    times: int = 2
    struck: int = 0

    def fits(self, fault: str, platform: str, call: str, to: str) -> bool:
        """Whether it is about this at all, and not used up."""
        return (
            self.fault == fault
            and self.platform in ("", platform)
            and call.endswith(self.call)
            and self.to in ("", to)
            and (self.count is None or self.struck < self.count)
        )


def fault_of(told: Mapping[str, Any]) -> Fault:
    """A rule from its JSON. Raises `BadFault`."""
    if told.get("fault") not in KINDS:
        raise BadFault(f"fault must be one of {', '.join(KINDS)}")
    try:
        made = Fault(**{name: value for name, value in told.items() if name != "struck"})
        made.probability, made.seconds, made.times = (
            float(made.probability),
            float(made.seconds),
            int(made.times),
        )
        made.count = None if made.count is None else int(made.count)
    except (TypeError, ValueError) as error:
        raise BadFault(str(error)) from error
    if not 0 <= made.probability <= 1:
        raise BadFault("probability must be between 0 and 1")
    return made


class Faults:
    """The rules in force. What strikes depends on the seed, the rule, and what it strikes how often, not on timing."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.rules: list[Fault] = []
        self._seen: Counter[tuple[int, str]] = Counter()

    def add(self, rule: Fault) -> None:
        """One more rule."""
        self.rules.append(rule)

    def clear(self) -> None:
        """Behave."""
        self.rules.clear()
        self._seen.clear()

    def strikes(self, fault: str, platform: str, subject: str, call: str = "", to: str = "") -> Fault | None:
        """The rule that strikes `subject` (an id that is the same in every run) this time, if one does."""
        for place, rule in enumerate(self.rules):
            if not rule.fits(fault, platform, call, to):
                continue
            self._seen[place, subject] += 1
            times = self._seen[place, subject]
            if random.Random(f"{self.seed} {place} {fault} {subject} {times}").random() < rule.probability:
                rule.struck += 1
                return rule
        return None

    def told(self) -> list[dict[str, Any]]:
        """The rules as JSON."""
        return [asdict(rule) for rule in self.rules]
