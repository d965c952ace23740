"""What an agent is asked before a message goes out that cannot be taken back: the wrong person, a forgotten file."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rapidfuzz.distance import OSA

from channels.base import Participant

MANY = 10  # recipients
PROMISED = re.compile(r"添付|同封|別添|\battach(?:ed|ment|ments|ing)?\b|\benclosed?\b", re.IGNORECASE)
USUAL = {
    *("gmail.com", "yahoo.co.jp", "icloud.com", "outlook.com", "outlook.jp", "hotmail.com", "hotmail.co.jp"),
    *("docomo.ne.jp", "ezweb.ne.jp", "au.com", "softbank.ne.jp", "i.softbank.jp", "ymobile.ne.jp"),
}


@dataclass(frozen=True)
class Letter:
    """A message that is about to be sent. `known`: addresses seen in this conversation; `ours`: the address it goes
    from; `expected`: who is waiting for it, "" if nobody is; `limit`: bytes of all files together, 0 for none."""

    text: str
    to: str
    others: Sequence[Participant] = ()
    sizes: Sequence[int] = ()
    known: Collection[str] = ()
    ours: str = ""
    expected: str = ""
    limit: int = 0


@dataclass(frozen=True)
class Doubt:
    """A sentence (English message id) with its values."""

    sentence: str
    values: dict[str, Any] = field(default_factory=dict)


def doubts(letter: Letter) -> list[Doubt]:
    """What to ask before this goes out; the gravest first."""
    return [*_other_recipient(letter), *_near_misses(letter), *_crowd(letter), *_files(letter)]


def _other_recipient(letter: Letter) -> Iterable[Doubt]:
    expected, to = letter.expected.lower(), letter.to.lower()
    if expected and expected not in {to, *(one.address.lower() for one in letter.others)}:
        yield Doubt(
            "The last mail came from %(last)s, but this answer goes to %(to)s.",
            {"last": letter.expected, "to": letter.to},
        )


def _near_misses(letter: Letter) -> Iterable[Doubt]:
    known = {one.lower() for one in (*letter.known, letter.to)}
    domains = {_domain(one) for one in (*known, letter.ours) if one} | USUAL
    for one in letter.others:
        like = near_miss(_domain(one.address), domains) if one.address.lower() not in known else ""
        if like:
            yield Doubt(
                "%(address)s is new in this conversation, and its domain looks like %(like)s. Is it mistyped?",
                {"address": one.address, "like": like},
            )


def near_miss(domain: str, known: Collection[str]) -> str:
    """The known domain that this one was probably meant to be, or ""."""
    if not domain or domain in known:
        return ""
    close = [(OSA.distance(domain, one), one) for one in known if len(one) > 5]
    distance, like = min(close, default=(99, ""))
    return like if distance <= (1 if len(domain) < 9 else 2) else ""


def _crowd(letter: Letter) -> Iterable[Doubt]:
    count = 1 + len(letter.others)
    if count > MANY:
        yield Doubt(
            "This goes to %(n)s people, and all but those in Bcc see each other's address.", {"n": count}
        )


def _files(letter: Letter) -> Iterable[Doubt]:
    own = "\n".join(line for line in letter.text.splitlines() if not line.lstrip().startswith((">", "＞")))
    if not letter.sizes and PROMISED.search(own):
        yield Doubt("You wrote about an attachment, but there is none.")
    if letter.limit and sum(letter.sizes) > letter.limit:
        yield Doubt(
            "The files are %(size)s MB together. Most mail servers refuse more than %(limit)s MB.",
            {"size": -(-sum(letter.sizes) // 1_000_000), "limit": letter.limit // 1_000_000},
        )


def _domain(address: str) -> str:
    return address.lower().rpartition("@")[2]
