"""Records of a list that are one person: candidates, a model learnt from them, and pairs with their reasons."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from app.matching.blocking import candidates
from app.matching.comparing import compare
from app.matching.model import Sighting, learn, sighting
from app.matching.rarity import rarity
from app.matching.reasons import Reason, reasons
from app.matching.record import Record
from app.matching.weights import weights

LIKELY = 0.5  # from here on it is likelier that two records are one person than that they are not
_RANDOM = 20_000  # pairs picked without looking, to learn what strangers have in common
_TELL = 2_000  # pairs between two words about the progress

Step = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Match:
    """Two records that may be one person: `one` sorts before `other`."""

    one: Record
    other: Record
    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Linked:
    """The matches, best first; how many pairs were compared, and how many blocks were too big to be."""

    matches: list[Match]
    compared: int
    skipped: int


def link(records: Sequence[Record], threshold: float = LIKELY, step: Step | None = None) -> Linked:
    """The pairs of `records` (their ids differ) that are one person with a probability of at least `threshold`.

    The order of the records makes no difference.
    """
    ordered = sorted(records, key=lambda record: record.id)
    said, rare = weights(ordered), rarity(ordered)
    looked_at = candidates(ordered)

    def seen(one: int, other: int) -> Sighting:
        return sighting(compare(ordered[one], ordered[other], said), rare)

    pairs = [seen(*pair) for pair in _told(looked_at.pairs, step)]
    learnt = learn(pairs, (seen(*pair) for pair in _random(len(ordered))), len(ordered), rare)
    matches = []
    for (at, beside), pair in zip(looked_at.pairs, pairs, strict=True):
        score = learnt.classes(pair)[0]
        if score >= threshold:
            one, other = ordered[at], ordered[beside]
            matches.append(Match(one, other, score, reasons(compare(one, other, said), one, other)))
    matches.sort(key=lambda match: (-round(match.score, 4), match.one.id, match.other.id))
    return Linked(matches, len(pairs), looked_at.skipped)


def _told(pairs: Sequence[tuple[int, int]], step: Step | None) -> Iterator[tuple[int, int]]:
    for n, pair in enumerate(pairs):
        if step is not None and n % _TELL == 0:
            step("pairs", n, len(pairs))
        yield pair


def _random(n: int) -> list[tuple[int, int]]:
    """Pairs of n records, as if picked by chance but always the same: all of them if there are few."""
    if n * (n - 1) // 2 <= _RANDOM:
        return [(one, other) for one in range(n) for other in range(one + 1, n)]
    state, found = 1, []
    for _ in range(_RANDOM):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        one = (state >> 33) % n
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        other = (one + 1 + (state >> 33) % (n - 1)) % n
        found.append((min(one, other), max(one, other)))
    return found
