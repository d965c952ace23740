"""What the FAQ has for a text, as the rest of the bot sees it: entries with a score from 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bots.entry import Entry

if TYPE_CHECKING:
    from bots.index import Index, Likeness

EXACT = 100.0
"""The score of an entry when the message is one of its questions, and of no other."""


@dataclass(frozen=True, slots=True)
class Match:
    """An entry, the question of it that came nearest, and how sure the bot is, from 0 to 100."""

    entry: Entry
    question: str
    score: float


def match(index: Index, text: str, said: str = "") -> tuple[Match, ...]:
    """The entries that may answer `text`, the matter of the message `said`, the surest first."""
    return tuple(Match(found.entry, found.question, _score(found)) for found in index.search(text, said))


def _score(found: Likeness) -> float:
    score = round(EXACT * found.probability, 1)
    return score if found.exact else min(score, EXACT - 0.1)
