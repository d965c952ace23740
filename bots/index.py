"""Which entries a question resembles: postings over the questions and over whole entries.

Two views are kept because each sees what the other misses. A single question of an entry may be nearly
what the customer typed; and the questions of an entry together show which words are its own.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from bots.english import stem
from bots.entry import Entry
from bots.features import LONGEST, Features, features, telling
from bots.text import fold

_MOST_PARTS = 64
_MOST_POSTINGS = 6_000
"""What one question may cost. Its rarest parts are followed first, so what is cut tells least."""
_FINALISTS = 30
_SHORTEST_TYPO, _MOST_TYPOS, _TYPO_LIKENESS = 4, 4, 0.75


@dataclass(frozen=True, slots=True)
class Likeness:
    """How an entry resembles a question; every number runs from 0 to 1.

    `words`: the best question of the entry by weighted parts; `spelling`: by edit distance;
    `subject`: the entry as a whole; `share`: its part of all the likeness found.
    `telling`: they share more than words anybody uses; `exact`: the customer typed one of its questions.
    """

    entry: Entry
    question: str
    words: float
    spelling: float
    subject: float
    share: float
    telling: bool
    exact: bool


class _Postings:
    """From a part of a text to the documents that have it, with normalised weights."""

    def __init__(self, documents: Sequence[Mapping[str, float]]) -> None:
        self._size = len(documents)
        self._lists: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, document in enumerate(documents):
            for part, weight in _normal(document).items():
                self._lists[part].append((number, weight))

    def cosines(self, query: Mapping[str, float]) -> list[float]:
        """The likeness of every document, by number; the parts of `query` come heaviest first."""
        found = [0.0] * self._size
        left = _MOST_POSTINGS
        for part, weight in query.items():
            postings = self._lists.get(part, ())
            left -= len(postings)
            if left < 0:
                break
            for number, other in postings:
                found[number] += weight * other
        return found


class Index:
    """The entries of one language, ready to be searched."""

    def __init__(self, entries: Iterable[Entry], language: str) -> None:
        self._language = language
        self._entries = tuple(entries)
        self._phrases = [
            (owner, phrase)
            for owner, entry in enumerate(self._entries)
            for phrase in dict.fromkeys((entry.title, *entry.questions))
        ]
        self._folded = [fold(phrase) for _, phrase in self._phrases]
        self._build([features(phrase, language) for _, phrase in self._phrases])

    def search(self, text: str) -> list[Likeness]:
        """The entries that resemble `text` at all, in no particular order."""
        folded = self._mended(fold(text)[:LONGEST])
        query = self._weighed(features(folded, self._language))
        by_entry = self._by_entry.cosines(query)
        finalists = _largest(self._by_phrase.cosines(query), _FINALISTS)
        total = sum(cosine**2 for _, cosine in finalists) or 1.0
        groups: dict[int, list[tuple[int, float]]] = defaultdict(list)
        for number, cosine in finalists:
            groups[self._phrases[number][0]].append((number, cosine))
        return [
            self._likeness(owner, group, folded, query, by_entry[owner], total)
            for owner, group in groups.items()
        ]

    def _build(self, documents: list[Features]) -> None:
        self._rarity = self._rarities(documents)
        self._unseen = max(self._rarity.values(), default=1.0)
        weighed = [self._weigh(document) for document in documents]
        self._by_phrase = _Postings(weighed)
        subjects: list[Features] = [defaultdict(float) for _ in self._entries]
        for (owner, _), document in zip(self._phrases, weighed, strict=True):
            for part, weight in _normal(document).items():
                subjects[owner][part] += weight
        self._by_entry = _Postings(subjects)
        self._parts = [frozenset(subject) for subject in subjects]
        self._vocabulary = list(dict.fromkeys(word for phrase in self._folded for word in phrase.split()))

    def _rarities(self, documents: list[Features]) -> Features:
        """Rare among the questions; in Japanese also rare among entries, or sentence endings would rule."""
        among_phrases = Counter(part for document in documents for part in document)
        pairs = {
            (part, owner)
            for (owner, _), document in zip(self._phrases, documents, strict=True)
            for part in document
        }
        among_entries = Counter(part for part, _ in pairs)
        return {
            part: math.log(1 + len(documents) / count) * self._among_entries(among_entries[part])
            for part, count in among_phrases.items()
        }

    def _among_entries(self, count: int) -> float:
        return math.log(1 + len(self._entries) / count) if self._language == "ja" else 1.0

    def _weigh(self, document: Features) -> Features:
        return {
            part: (1 + math.log(count) if count > 1 else count) * self._rarity.get(part, self._unseen)
            for part, count in document.items()
        }

    def _weighed(self, document: Features) -> Features:
        """The question's parts, heaviest first, of length 1; unknown words count as missed."""
        normal = _normal(self._weigh(document))
        return dict(heapq.nlargest(_MOST_PARTS, normal.items(), key=itemgetter(1)))

    def _mended(self, folded: str) -> str:
        """Words nobody knows are read as the nearest known one: customers mistype."""
        if self._language == "ja":
            return folded
        left = _MOST_TYPOS
        words = folded.split()
        for place, word in enumerate(words):
            if left and len(word) >= _SHORTEST_TYPO and stem(word) not in self._rarity:
                words[place] = self._nearest(word)
                left -= 1
        return " ".join(words)

    def _nearest(self, word: str) -> str:
        near = process.extractOne(
            word, self._vocabulary, scorer=OSA.normalized_similarity, score_cutoff=_TYPO_LIKENESS
        )
        return near[0] if near else word

    def _likeness(
        self,
        owner: int,
        group: list[tuple[int, float]],
        folded: str,
        query: Features,
        subject: float,
        total: float,
    ) -> Likeness:
        subjects = telling(query, self._language)
        spellings = [self._spelling(folded, self._folded[number]) for number, _ in group]
        return Likeness(
            entry=self._entries[owner],
            question=self._phrases[group[0][0]][1],
            words=group[0][1],
            spelling=max(spellings),
            subject=subject,
            share=sum(cosine**2 for _, cosine in group) / total,
            telling=not subjects or not subjects.isdisjoint(self._parts[owner]),
            exact=any(self._folded[number] == folded for number, _ in group),
        )

    def _spelling(self, one: str, other: str) -> float:
        compare = fuzz.ratio if self._language == "ja" else fuzz.token_set_ratio
        return compare(one, other[:LONGEST]) / 100


def _normal(document: Mapping[str, float]) -> Features:
    length = math.sqrt(sum(weight * weight for weight in document.values())) or 1.0
    return {part: weight / length for part, weight in document.items()}


def _largest(cosines: Sequence[float], count: int) -> list[tuple[int, float]]:
    """The numbers of the `count` likest documents with their likeness, best first."""
    best = heapq.nlargest(count, range(len(cosines)), key=cosines.__getitem__)
    return [(number, cosines[number]) for number in best if cosines[number] > 0]
