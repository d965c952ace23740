"""The entries of one language, ready to be searched."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bots.coverage import Coverage
from bots.embedder import Embedder
from bots.english import stem
from bots.entry import Entry
from bots.everyday import everyday, says_nothing
from bots.features import LONGEST, parts
from bots.ground import Ground, best
from bots.lexicon import Lexicon, Reading
from bots.machine import MOST_CORRECTIONS, MOST_WEIGHTS, Machine
from bots.meaning import Meanings
from bots.memory import give_back
from bots.negation import Stance, all_opposed, denies, stance
from bots.ridge import MOST_ROWS, Ridge
from bots.sketch import QUICK_PLACES, QUICKEST_PLACES, Sketch
from bots.space import Bag, Flags, Floats, Ints, Postings, Space, bag
from bots.sureness import Sureness
from bots.text import fold

_FINALISTS = 30
_ANSWER_DOUBT = 4.0
"""How much less an answer is relied on than a question: it says more than what it answers."""
_ANSWER_READ = 4 * LONGEST
_MANY = 5000
_QUICK, _LARGE = 1000, 8000
"""Rows for which the exact model is quick, too; and beyond which a sketch has to be smaller to be so."""
_FEW = 3
"""Texts an entry with which everyday phrases count half: they show by themselves what is frequent."""
_SOME = 10
"""Texts with which they count half where there is but one entry, or two: nothing is frequent yet."""
_SAME = 0.35
"""What is left of the lead of an entry where the next holds as much of the question's subject."""
_OPPOSITE, _HARDLY = 2.0, 0.25
"""How far an entry that is asked the opposite falls back, and what is left of its probability if it is the best."""
_COMPARED, _COMPARED_QUESTIONS = 5, 100
_SHORTEST_TYPO, _MOST_TYPOS, _TYPO_LIKENESS = 4, 4, 0.75


Taught = tuple[str, tuple[str, ...], str]
"""What an entry teaches: its title, its questions, its answer."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """An entry that may be meant: the nearest of its questions, how likely it is the right entry (0 to 1),
    and whether the customer typed one of its questions."""

    entry: Entry
    question: str
    probability: float
    exact: bool


class Index:
    """Searches the entries of one language by their questions and answers."""

    def __init__(
        self,
        entries: Iterable[Entry],
        language: str,
        lexicon: Lexicon | None = None,
        embedder: Embedder | None = None,
        before: Index | None = None,
        quick: bool = False,
    ) -> None:
        """Learn. Of one made `before` in the same words, what was read of a text is taken over: the same would be read
        again. Where it should be `quick`, knowledge that takes long is learned less exactly (`is_quick`)."""
        self._language = language
        self._reading = Reading(lexicon or Lexicon(), language)
        self._entries = tuple(entries)
        rows = [[*_rows(entry)] for entry in self._entries]
        self._phrases = [phrase for each in rows for phrase, _ in each]
        doubts = np.array([doubt for each in rows for _, doubt in each], np.float32)
        owners = np.repeat(np.arange(len(rows)), [len(each) for each in rows])
        known = before.read() if before else {}
        self.folded: list[str] = [
            before.folded[known[phrase]] if before and phrase in known else self._reading(phrase)
            for phrase in self._phrases
        ]
        self._learn_words(owners, doubts == 1)
        denied = before.denied() if before else {}
        self._denying = {
            owner
            for owner, entry in enumerate(self._entries)
            if denied.get(_taught(entry)) or (_taught(entry) not in denied and _is_denied(entry))
        }
        """Entries that are about what is not wanted or did not happen: at least half of their questions say so."""
        self._known_stances: dict[int, tuple[Stance, ...]] = {}
        self._space = Space(
            (
                before.bag(known[phrase]) if before and phrase in known else bag(parts(text, language))
                for phrase, text in zip(self._phrases, self.folded, strict=True)
            ),
            everyday(language),
            len(doubts) / (len(doubts) + _FEW * len(rows) + _SOME),
        )
        self._ground = Ground(
            self._space,
            self._space.rows,
            Postings(self._space.rows, self._space.width),
            owners,
            doubts,
            np.searchsorted(owners, np.arange(len(rows))),
            Coverage(self._space.rows, self._space.width, owners, doubts > 1),
            Meanings(embedder, self._phrases) if embedder else None,
        )
        self._model = _quick_model(self._ground) if quick else _model(self._ground)
        self.is_quick = quick and len(doubts) > _QUICK
        self._sureness = Sureness(self._model.evidence, self._ground.coverage.worth, len(rows))
        if len(doubts) > _MANY:
            give_back()

    def _learn_words(self, owners: Ints, questions: Flags) -> None:
        """What is known of the words themselves: `questions` tells which rows are none of an answer."""
        asked = [(self.folded[row], int(owners[row])) for row in np.flatnonzero(questions)]
        self._exact: dict[str, set[int]] = defaultdict(set)
        for text, owner in asked:
            self._exact[text].add(owner)
        japanese = self._language == "ja"
        self._words = [] if japanese else sorted({word for text in self.folded for word in text.split()})
        self._stems = {stem(word) for word in self._words}
        self._small_talk = any(says_nothing(text, self._language) for text in self._exact)
        """Whether an entry is asked by everyday phrases alone (`where are you from`): others may be, too."""

    def read(self) -> dict[str, int]:
        """Its texts and the row of each."""
        return {phrase: row for row, phrase in enumerate(self._phrases)}

    def denied(self) -> dict[Taught, bool]:
        """What its entries teach, and whether they are about what is not wanted."""
        return {_taught(entry): owner in self._denying for owner, entry in enumerate(self._entries)}

    def bag(self, row: int) -> Bag:
        """The parts of a row."""
        return self._space.bag(row)

    def learned_of(
        self, entries: tuple[Entry, ...], embedder: Embedder | None = None, quick: bool = False
    ) -> bool:
        """Whether these entries would teach the very same: what they are asked by and answer is the same."""
        if self.is_quick and not quick:
            return False
        meanings = self._ground.meanings
        if (embedder.name if embedder else "") != (meanings.name if meanings else ""):
            return False
        return [_taught(entry) for entry in entries] == [_taught(entry) for entry in self._entries]

    def of(self, entries: tuple[Entry, ...]) -> Index:
        """The same for `entries`, which teach nothing else."""
        found = copy(self)
        found._entries = entries
        return found

    def search(self, text: str, said: str = "") -> list[Likeness]:
        """The entries that resemble `text` at all, the likest first. `said` is the message it is the matter of."""
        folded = self._reading(text[: 2 * LONGEST])[:LONGEST]
        exact = self._exact.get(folded, set())
        if not (exact or self._small_talk) and says_nothing(folded, self._language):
            return []
        vector = self._space.vector(parts(self._mended(folded), self._language))
        if not len(vector.columns):
            return []
        likeness = self._ground.postings.likeness(vector.columns, vector.weights)
        meaning = None
        if meanings := self._ground.meanings:
            meaning = meanings.of((said or text)[: 2 * LONGEST])
            likeness = meanings.joined(likeness, meaning)
        scores = self._model.scores(vector, likeness, meaning)
        opposite = [] if exact else self._opposite(said or text, scores)
        scores[opposite] -= _OPPOSITE * self._sureness.scale
        if exact:
            scores[list(exact)] = scores.max() + 1
        top, signals = best(scores, self._ground.nearest(likeness), vector.known)
        sure = 1.0 / len(exact) if exact else self._sureness.probability(signals)
        sure *= _HARDLY if top in opposite else 1.0
        owners = _largest(scores, _FINALISTS)
        beside = [self._beside(scores[owner] - scores[top]) for owner in owners]
        if len(owners) > 1 and not exact and self._alike(vector.columns, owners[0], owners[1]):
            beside[1] = max(beside[1], beside[1] ** _SAME)
        return [
            self._likeness(owner, sure * part, likeness, exact)
            for owner, part in zip(owners, beside, strict=True)
        ]

    def _opposite(self, said: str, scores: Floats) -> list[int]:
        """Those of the likest entries that are asked the opposite of what was said."""
        asked = stance(said, self._language)
        if not self._denying and not (asked.refused or asked.missing):
            return []
        return [
            owner
            for owner in _largest(scores, _COMPARED)
            if (owner in self._denying or asked.refused or asked.missing)
            and all_opposed(asked, self._stances(owner))
        ]

    def _stances(self, owner: int) -> tuple[Stance, ...]:
        if owner not in self._known_stances:
            phrases = list(_asked(self._entries[owner]))[:_COMPARED_QUESTIONS]
            self._known_stances[owner] = tuple(stance(phrase, self._language) for phrase in phrases)
        return self._known_stances[owner]

    def _alike(self, columns: Ints, one: int, other: int) -> bool:
        """Whether nothing in the subject of the text tells the first entry from the second."""
        return self._ground.share(columns, other) >= self._ground.share(columns, one)

    def _likeness(self, owner: int, probability: float, likeness: Floats, exact: set[int]) -> Likeness:
        rows = self._ground.of_entry(owner)
        rows = rows[self._ground.doubts[rows] == 1]
        question = self._phrases[rows[likeness[rows].argmax()]]
        return Likeness(self._entries[owner], question, probability, owner in exact)

    def _beside(self, behind: float) -> float:
        """What is left of the best entry's probability for one that is so far behind it."""
        return float(np.exp(behind / self._sureness.scale))

    def _mended(self, folded: str) -> str:
        """Words nobody knows are read as the nearest known one: customers mistype."""
        if self._language == "ja":
            return folded
        left = _MOST_TYPOS
        words = folded.split()
        for place, word in enumerate(words):
            if left and len(word) >= _SHORTEST_TYPO and not self._is_known(word):
                words[place] = self._nearest_word(word)
                left -= 1
        return " ".join(words)

    def _is_known(self, word: str) -> bool:
        return stem(word) in self._stems or word in self._reading.names

    def _nearest_word(self, word: str) -> str:
        near = process.extractOne(
            word, self._words, scorer=OSA.normalized_similarity, score_cutoff=_TYPO_LIKENESS
        )
        return near[0] if near else word


def _rows(entry: Entry) -> Iterator[tuple[str, float]]:
    for phrase in _asked(entry):
        yield phrase, 1.0
    for place in range(0, min(len(entry.answer), _ANSWER_READ), LONGEST):
        if fold(piece := entry.answer[place : place + LONGEST]):
            yield piece, _ANSWER_DOUBT


def _asked(entry: Entry) -> Iterable[str]:
    return dict.fromkeys((entry.title, *entry.questions))


def _is_denied(entry: Entry) -> bool:
    return 2 * sum(denies(phrase, entry.language) for phrase in _asked(entry)) >= len(entry.questions)


def _taught(entry: Entry) -> Taught:
    return entry.title, entry.questions, entry.answer


def _model(ground: Ground) -> Ridge | Machine | Sketch:
    """The most exact model that the size of the knowledge allows."""
    if len(ground.rows) <= MOST_ROWS:
        return Ridge(ground)
    corrections, weights = len(ground.rows) * ground.entries, ground.width * ground.entries
    fits = corrections <= MOST_CORRECTIONS and weights <= MOST_WEIGHTS
    return Machine(ground) if fits else Sketch(ground)


def _quick_model(ground: Ground) -> Ridge | Sketch:
    """The most exact model that takes no longer than an edit may."""
    if len(ground.rows) <= _QUICK:
        return Ridge(ground)
    return Sketch(ground, QUICK_PLACES if len(ground.rows) <= _LARGE else QUICKEST_PLACES)


def _largest(scores: Floats, count: int) -> list[int]:
    """The numbers of the highest scores, the highest first; of equal ones the first."""
    return [int(number) for number in np.argsort(-scores, kind="stable")[:count]]
