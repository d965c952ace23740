"""What a text is compared by: character pairs where no spaces are written, words where they are."""

from __future__ import annotations

from collections import defaultdict

from bots.english import STOP_WORDS, stem
from bots.japanese import without_ending
from bots.text import fold

Features = dict[str, float]

LONGEST = 400
"""Characters that are matched: a question, with room for the story around it."""

_UNIGRAM, _BIGRAM, _TRIGRAM, _WORD = 0.5, 1.0, 0.4, 1.5
_ENDING = 0.4
"""What the ending of a Japanese sentence weighs beside its subject."""
_STOP_WORD, _WORD_PAIR = 0.5, 0.5

_STOP_STEMS = frozenset(stem(word) for word in STOP_WORDS)


def features(text: str, language: str) -> Features:
    """The weighted parts of `text`, before anybody knows how rare each is."""
    folded = fold(text)[:LONGEST]
    return _grams(folded) if language == "ja" else _words(folded)


def telling(parts: Features, language: str) -> frozenset[str]:
    """Those of `parts` that say what a text is about; empty where a language has no such words marked."""
    if language == "ja":
        return frozenset()
    return frozenset(part for part in parts if " " not in part and part not in _STOP_STEMS)


def _grams(folded: str) -> Features:
    found: Features = defaultdict(float)
    for chunk in folded.split():
        if chunk.isascii():
            found[chunk] += _WORD
        else:
            _add_grams(found, chunk, _ENDING)
            _add_grams(found, without_ending(chunk), 1 - _ENDING)
    return dict(found)


def _add_grams(found: Features, chunk: str, scale: float) -> None:
    """Single characters count for kanji alone: a kana says nothing by itself."""
    for char in chunk:
        if not "ぁ" <= char <= "ゖ":
            found[char] += _UNIGRAM * scale
    for size, weight in ((2, _BIGRAM), (3, _TRIGRAM)):
        for start in range(len(chunk) - size + 1):
            found[chunk[start : start + size]] += weight * scale


def _words(folded: str) -> Features:
    found: Features = defaultdict(float)
    words = folded.split()
    stems = [stem(word) for word in words]
    weights = [_STOP_WORD if word in STOP_WORDS else 1.0 for word in words]
    for part, weight in zip(stems, weights, strict=True):
        found[part] += weight
    for place in range(len(stems) - 1):
        found[f"{stems[place]} {stems[place + 1]}"] += _WORD_PAIR * min(weights[place : place + 2])
    return dict(found)
