"""Questions that stand in several entries of the draft: the bot cannot tell which of them is meant, and asks back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.knowledge.items import same_words
from app.knowledge.writing import all_entries
from app.models import Channel, FaqEntry
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
    kinds = dict(db.execute(select(Channel.key, Channel.kind)).all())
    return list(_pairs((found.values() for found in asked.values()), kinds))


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


def _pairs(groups: Iterable[Iterable[tuple[str, FaqEntry]]], kinds: Mapping[str, str]) -> Iterator[Double]:
    told = set()
    for group in groups:
        for (words, one), (_, other) in combinations(group, 2):
            if (one.id, other.id) not in told and _meet(one, other, kinds):
                told.add((one.id, other.id))
                yield Double(words, (one, other), same_words(one.answer, other.answer))


def _meet(one: FaqEntry, other: FaqEntry, kinds: Mapping[str, str]) -> bool:
    """Whether there may be a day and a place at which both hold; `kinds` of the channels, by their keys."""
    begins, ends = max(one.valid_from, other.valid_from), [one.valid_until, other.valid_until]
    if any(end and begins > end for end in ends):
        return False
    mine, theirs = (_places(entry, kinds) for entry in (one, other))
    return not mine or not theirs or any(_overlap(a, b) for a in mine for b in theirs)


def _places(entry: FaqEntry, kinds: Mapping[str, str]) -> set[tuple[str, str]]:
    """Where it holds, as kinds with the key of a channel, or "" for all of them; none: everywhere."""
    return {(kind, "") for kind in entry.kinds} | {(kinds.get(key, ""), key) for key in entry.channels}


def _overlap(one: tuple[str, str], other: tuple[str, str]) -> bool:
    return one == other or (one[0] == other[0] and "" in (one[1], other[1]))
