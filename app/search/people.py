"""Customers by how they are known: words of theirs, or a telephone number as somebody types it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from app import canonical
from app.config import settings
from app.models import Identity
from app.search import store
from app.text import Phrase, phrase

_ENDING = "tel"  # so begins the token of a number read from its end
_RUN = re.compile(r"(?<![\w@.])[+(]?\d[\d\s()./‐‑‒–—―−ー-]*\d(?![\w@])")
_SHORTEST = 4  # digits of the end of a number


def asked_for(typed: str) -> store.Match:
    """Customers of whom all of these words are true. A number is found however it is written (03-1234-5678, ０３１２…,
    +81 3 1234 5678), and by its last digits, four at least."""
    typed = unicodedata.normalize("NFKC", typed)
    words: list[Phrase] = []
    either: list[tuple[Phrase, ...]] = []
    for piece, number in _pieces(typed):
        if number:
            either.append(tuple(_spelled(piece, number)))
        else:
            for word in piece.split():
                ways = tuple(_ways(word))
                words += ways if len(ways) == 1 else []
                either += [ways] if len(ways) > 1 else []
    return store.Match(tuple(words), either=tuple(either))


def spellings(identity: Identity) -> list[str]:
    """An address as people type it; of a number as well its digits, with the country and without, and its end."""
    digits = re.sub(r"\D", "", identity.address)
    if not re.fullmatch(r"\+?[\d\s()-]{9,20}", identity.address):
        return [identity.address]
    national = re.sub(r"\D", "", canonical.shown(f"+{digits}", settings().country))
    own = canonical.shown(f"+{digits}", settings().country)
    return list(dict.fromkeys([identity.address, digits, own, national, _backwards(national)]))


def _pieces(typed: str) -> Iterator[tuple[str, str]]:
    """The text in pieces, each with the number in E.164 that it is, or ""."""
    at = 0
    for found in _RUN.finditer(typed):
        if number := canonical.phone(found.group(), settings().country):
            yield typed[at : found.start()], ""
            yield found.group(), number
            at = found.end()
    yield typed[at:], ""


def _spelled(piece: str, number: str) -> Iterator[Phrase]:
    yield Phrase((number[1:],), False)
    if written := phrase(piece):
        yield written


def _ways(word: str) -> Iterator[Phrase]:
    if written := phrase(word):
        yield written
    digits = re.sub(r"[^\w]|_", "", word)
    if digits.isascii() and digits.isdecimal() and len(digits) >= _SHORTEST:
        yield Phrase((_backwards(digits),), True)


def _backwards(digits: str) -> str:
    return f"{_ENDING}{digits[::-1]}"
