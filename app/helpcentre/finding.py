"""Entries for words that are typed: what the bot takes them for, then those that say the very words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from weakref import WeakKeyDictionary

import bots
from bots.text import fold

LONGEST = 200  # characters that are looked for

_PLACES: WeakKeyDictionary[bots.Book, Sequence[tuple[bots.Entry, Sequence[str]]]] = WeakKeyDictionary()


def find(
    book: bots.Book,
    typed: str,
    language: str,
    shows: Callable[[bots.Entry], bool],
    most: int,
    *,
    within: bool = True,
) -> Sequence[bots.Entry]:
    """At most so many entries, the likeliest first. `within`: also those that only say the words in their answer."""
    words = fold(typed[:LONGEST]).split()
    if not words:
        return []
    least = book.settings.threshold_ask
    likely = [match.entry for match in book.search(" ".join(words), language) if match.score >= least]
    saying = _saying(book, words, language, within)
    found = {one.id: one for one in (*likely, *saying) if shows(one)}
    return list(found.values())[:most]


def _saying(book: bots.Book, words: Sequence[str], language: str, within: bool) -> Sequence[bots.Entry]:
    """Entries that hold every word: in the title first, then in a question, then in the answer."""
    ranked = []
    for entry, places in _places(book):
        if entry.language != language:
            continue
        told = ""
        for rank, place in enumerate(places if within else places[:-1]):
            told = f"{told} {place}"
            if all(word in told for word in words):
                ranked.append((rank, entry))
                break
    return [entry for _rank, entry in sorted(ranked, key=lambda one: one[0])]


def _places(book: bots.Book) -> Sequence[tuple[bots.Entry, Sequence[str]]]:
    """Each entry with the words of its title, of its questions and tags, and of its answer, folded once a book."""
    found = _PLACES.get(book)
    if found is None:
        found = _PLACES[book] = [
            (one, (fold(one.title), fold(" ".join((*one.questions, *one.tags))), fold(one.answer)))
            for one in book.entries
        ]
    return found
