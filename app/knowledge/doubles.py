"""Questions that stand in several entries of the draft: the bot cannot tell which of them is meant, and asks back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy.orm import Session

from app.knowledge.items import same_words
from app.knowledge.writing import all_entries
from app.models import FaqEntry
from bots.text import fold


@dataclass(frozen=True, slots=True)
class Double:
    """A `question` that two entries share. `same`: so is their answer; else they contradict each other."""

    question: str
    entries: tuple[FaqEntry, FaqEntry]
    same: bool


def doubles(db: Session) -> list[Double]:
    """Each two entries that may answer the same customer, with the first question that both have."""
    asked: defaultdict[tuple[str, str], dict[int, tuple[str, FaqEntry]]] = defaultdict(dict)
    for entry in all_entries(db):
        for words in _phrases(entry) if entry.enabled else ():
            if folded := fold(words):
                asked[entry.language, folded].setdefault(entry.id, (words, entry))
    return list(_pairs(found.values() for found in asked.values()))


def of(db: Session, entry: FaqEntry) -> list[Double]:
    """Those of one entry, which comes first in each."""
    found = [one for one in doubles(db) if entry.id in {one.entries[0].id, one.entries[1].id}]
    return [
        one if one.entries[0].id == entry.id else Double(one.question, one.entries[::-1], one.same)
        for one in found
    ]


def _phrases(entry: FaqEntry) -> Sequence[str]:
    """What an entry is found by; its title is matched like a question."""
    return [*entry.questions, entry.title]


def _pairs(groups: Iterable[Iterable[tuple[str, FaqEntry]]]) -> Iterator[Double]:
    told = set()
    for group in groups:
        for (words, one), (_, other) in combinations(group, 2):
            if (one.id, other.id) not in told and _meet(one, other):
                told.add((one.id, other.id))
                yield Double(words, (one, other), same_words(one.answer, other.answer))


def _meet(one: FaqEntry, other: FaqEntry) -> bool:
    """Whether there may be a day and a place at which both hold."""
    begins, ends = max(one.valid_from, other.valid_from), [one.valid_until, other.valid_until]
    days = all(not end or begins <= end for end in ends)
    mine, theirs = (({*e.kinds}, {*e.channels}) for e in (one, other))
    apart = [bool(a) and bool(b) and not a & b for a, b in zip(mine, theirs, strict=True)]
    return days and not any(apart)
