"""How sure the bot is that an entry answers a question: one number from 0 to 100."""

from __future__ import annotations

import math
from dataclasses import dataclass

from bots.entry import Entry
from bots.index import Index, Likeness

_WORDS, _SPELLING, _SUBJECT = 0.4, 0.2, 0.4
_SHARE = 0.3
_START, _BY_SUBJECT, _BY_LEAD = -2.36, 6.6, 10.6
"""A logistic curve fitted to real questions of two languages, with 3 to 200 questions an entry and a third
of the messages outside the FAQ: a score of 70 was right about nine times in ten."""
_EXACT = 100.0


@dataclass(frozen=True, slots=True)
class Match:
    """An entry, the question of it that came nearest, and how sure the bot is, from 0 to 100."""

    entry: Entry
    question: str
    score: float


def match(index: Index, text: str) -> tuple[Match, ...]:
    """The entries that may answer `text`, the surest first.

    What shares nothing but everyday words (`what`, `my`) is no answer, though it makes others less sure.
    """
    found = sorted(
        ((_closeness(likeness), likeness) for likeness in index.search(text)),
        key=lambda pair: (-pair[1].exact, -pair[0], pair[1].entry.id),
    )
    leads = _leads([closeness for closeness, _ in found])
    return tuple(
        Match(likeness.entry, likeness.question, _score(likeness, lead))
        for (_, likeness), lead in zip(found, leads, strict=True)
        if likeness.telling or likeness.exact
    )


def _closeness(likeness: Likeness) -> float:
    parts = _WORDS * likeness.words + _SPELLING * likeness.spelling + _SUBJECT * likeness.subject
    return parts * (1 - _SHARE + _SHARE * likeness.share)


def _leads(closeness: list[float]) -> list[float]:
    """How far each is ahead of the best of the others; negative for all that are behind."""
    return [
        own - max((other for place, other in enumerate(closeness) if place != number), default=0.0)
        for number, own in enumerate(closeness)
    ]


def _score(likeness: Likeness, lead: float) -> float:
    if likeness.exact:
        return _EXACT
    sureness = _START + _BY_SUBJECT * likeness.subject + _BY_LEAD * lead
    return round(100 / (1 + math.exp(-sureness)), 1)
