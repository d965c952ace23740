"""The words of a shop: what means the same, what its goods are called, and what says nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from bots.spelling import spelled
from bots.text import fold


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words that are read as others, in questions and entries alike.

    `same`: groups of words of one meaning; the first stands for all. `names`: goods and brands with their other
    spellings, the usual one first; they are never taken for a typing mistake. `stops`: what is passed over.
    """

    same: tuple[tuple[str, ...], ...] = ()
    names: tuple[tuple[str, ...], ...] = ()
    stops: tuple[str, ...] = ()


class Reading:
    """How texts of one language are read for matching: folded, in one spelling, in the shop's own words."""

    def __init__(self, lexicon: Lexicon, language: str) -> None:
        self._language = language
        instead = dict(self._pairs(lexicon))
        self._starting: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for word in sorted(instead, key=lambda one: (-len(one), one)):
            self._starting[word[0]].append((word, instead[word]))
        self.names = frozenset(
            part for group in lexicon.names for name in group for part in self._plain(name).split()
        )

    def __call__(self, text: str) -> str:
        """`text` as it is matched; as it stands where nothing but stop phrases would be left out."""
        plain = self._plain(text)
        if not self._starting:
            return plain
        return " ".join("".join(self._read(plain)).split()) or plain

    def _pairs(self, lexicon: Lexicon) -> Iterator[tuple[str, str]]:
        """A word and what is read instead. The first of a group is read as itself, so that no shorter word is found
        inside it; what is written twice counts where it stands first."""
        known = set()
        groups = (*lexicon.same, *lexicon.names, *(("", stop) for stop in lexicon.stops))
        for first, *others in groups:
            instead = self._plain(first)
            for word in filter(None, (instead, *map(self._plain, others))):
                if word not in known:
                    known.add(word)
                    yield word, instead

    def _plain(self, text: str) -> str:
        return spelled(fold(text), self._language)

    def _read(self, plain: str) -> Iterator[str]:
        place = 0
        while place < len(plain):
            found = next(
                (pair for pair in self._starting.get(plain[place], ()) if _at(plain, place, pair[0])), None
            )
            yield found[1] or " " if found else plain[place]
            place += len(found[0]) if found else 1


def _at(plain: str, place: int, word: str) -> bool:
    """Whether the word stands there. Latin words are whole: `ship` is not in `relationship`, but is in `shipは`."""
    if not plain.startswith(word, place):
        return False
    end = place + len(word)
    return not (
        (place and _latin(plain[place - 1]) and _latin(word[0]))
        or (end < len(plain) and _latin(plain[end]) and _latin(word[-1]))
    )


def _latin(char: str) -> bool:
    return char.isascii() and char.isalnum()
