"""Who writes what to which platform, what goes wrong, and who is killed when: derived from the seed alone."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.bench.faults.schedule import Fault

TENTH = 0.1
EACH = 20  # messages of a customer
BURST = 4  # written one soon after the other, so that there is something to overtake and to come along
ABREAST = 25  # customers of a platform who write at a time
SOON = 0.4  # seconds a webhook waits for the next one, to let it pass or to take it along

WEBHOOKS: tuple[Mapping[str, Any], ...] = (
    {"fault": "duplicate", "probability": TENTH, "times": 2},
    {"fault": "reorder", "probability": TENTH, "seconds": SOON},
    {"fault": "batch", "probability": TENTH, "seconds": SOON, "times": 3},
    {"fault": "lost_answer", "probability": TENTH},
)
CALLS: tuple[Mapping[str, Any], ...] = (
    {"fault": "rate_limit", "probability": TENTH},
    {"fault": "monthly_limit", "probability": TENTH},
    {"fault": "error", "probability": TENTH},
    {"fault": "error_after", "probability": TENTH},
    {"fault": "drop_before", "probability": TENTH},
    {"fault": "drop_after", "probability": TENTH},
    {"fault": "slow", "probability": TENTH, "seconds": 0.5},
    {"fault": "expired_token", "probability": TENTH},
)
AMBIGUOUS = ("drop_before", "drop_after", "error_after")  # after these nobody knows whether it arrived
FOR_GOOD = "monthly_limit"  # after this one nothing is tried again


@dataclass(frozen=True)
class Account:
    """How a platform's account in the sandbox becomes a channel: `answers` to its form, with the sandbox's own
    settings filled in, and the `user` of a number. `whole_seconds`: its times tell no less. `address`: what the
    product knows a user by, where that is another id."""

    answers: Mapping[str, str]
    user: Callable[[int], str]
    whole_seconds: bool = False
    address: Callable[[str], str] = str


def _known_to_the_business(user: str) -> str:
    return "JP." + hashlib.sha256(user.encode()).hexdigest()[:16]


_APP = {
    "access_token": "{access_token}",
    "app_id": "{app_id}",
    "app_secret": "{app_secret}",
    "verify_token": "a word of ours",
}
ACCOUNTS: Mapping[str, Account] = {
    "line": Account(
        {name: f"{{{name}}}" for name in ("channel_id", "channel_secret", "access_token")},
        "U{:032x}".format,
    ),
    "messenger": Account({"page_id": "{account_id}", **_APP}, "70{:014d}".format),
    "instagram": Account({"account_id": "{account_id}", **_APP}, "17{:014d}".format),
    "whatsapp": Account(
        {"phone_number_id": "{account_id}", "waba_id": "{business_id}", **_APP},
        "8190{:08d}".format,
        whole_seconds=True,
        address=_known_to_the_business,
    ),
    "telegram": Account({"token": "{token}"}, "60{:08d}".format, whole_seconds=True),
}


@dataclass(frozen=True)
class Line:
    """What a customer is about to write; the `number`th of theirs."""

    platform: str
    user: str
    number: int
    text: str


def rounds(seed: int, platform: str, messages: int) -> Iterator[list[Line]]:
    """So many messages to a platform, in the order they are written: each round is written at once, by customers who
    each write once in it; a customer writes in several rounds that follow each other."""
    chance = random.Random(f"storm {seed} {platform}")
    lines = {number: _lines(platform, number, count) for number, count in _shares(messages)}
    while left := [number for number, mine in lines.items() if mine]:
        some = chance.sample(left, min(ABREAST, len(left)))
        for _ in range(BURST):
            if together := [lines[number].pop(0) for number in some if lines[number]]:
                yield together


def _shares(messages: int) -> Iterator[tuple[int, int]]:
    for number, start in enumerate(range(0, messages, EACH), 1):
        yield number, min(EACH, messages - start)


def _lines(platform: str, customer: int, count: int) -> list[Line]:
    user = ACCOUNTS[platform].user(customer)
    return [
        Line(platform, user, number, f"在庫はありますか in-{platform}-{customer:04d}-{number:03d}")
        for number in range(1, count + 1)
    ]


def kills(seed: int, number: int, work: int) -> list[Fault]:
    """So many kill -9 of web and workers, and in the middle of them Redis wiped, spread over so much work."""
    chance = random.Random(f"storm {seed} kills {number}")
    kinds = [chance.choice(("kill web", "kill worker")) for _ in range(number)]
    kinds.insert(len(kinds) // 2, "wipe redis")
    gap = max(1, work // (len(kinds) + 1))
    return [Fault(kind, gap, chance.uniform(0, 0.3), which=chance.randrange(1000)) for kind in kinds]
