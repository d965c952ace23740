"""What the FAQ has for a text, as the rest of the bot sees it: entries with a score from 0 to 100."""

from __future__ import annotations

from dataclasses import dataclass

from bots.entry import Entry
from bots.index import Index


@dataclass(frozen=True, slots=True)
class Match:
    """An entry, the question of it that came nearest, and how sure the bot is, from 0 to 100."""

    entry: Entry
    question: str
    score: float


def match(index: Index, text: str) -> tuple[Match, ...]:
    """The entries that may answer `text`, the surest first."""
    return tuple(
        Match(found.entry, found.question, round(100 * found.probability, 1)) for found in index.search(text)
    )
