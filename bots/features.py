"""What a text is compared by: words, their neighbours and companions, and runs of characters.

Each kind of part is a block of its own that weighs as much as any other, so that the many character runs of
a text do not drown its few words.
"""

from __future__ import annotations

from itertools import combinations, pairwise

from bots.english import stem
from bots.kindred import kindred

LONGEST = 400
"""Characters that are matched: a question, with room for the story around it."""

_PAIRED = 20
"""Words whose companions are noted: with more, the pairs say less and cost more."""

Parts = tuple[list[str], ...]
"""The parts of a text, block by block. The first block holds what tells most of the subject."""


def parts(folded: str, language: str) -> Parts:
    """The parts of folded text; texts of one language always have the same number of blocks."""
    return _japanese(folded[:LONGEST]) if language == "ja" else _spaced(folded[:LONGEST])


def _japanese(folded: str) -> Parts:
    run = f"^{folded.replace(' ', '')}$"
    return _runs(run, 2) + 2 * kindred(folded, "ja"), list(run[1:-1]), _runs(run, 3)


def _spaced(folded: str) -> Parts:
    words = [stem(word) for word in folded.split()]
    distinct = sorted(dict.fromkeys(words[:_PAIRED]))
    neighbours = [f"{one} {other}" for one, other in pairwise(("^", *words, "$"))]
    companions = [f"{one} {other}" for one, other in combinations(distinct, 2)]
    runs = [run for word in folded.split() for size in (3, 4) for run in _runs(f" {word} ", size)]
    return words + kindred(folded, "en"), neighbours, companions, runs


def _runs(text: str, size: int) -> list[str]:
    return [text[start : start + size] for start in range(max(1, len(text) - size + 1))]
