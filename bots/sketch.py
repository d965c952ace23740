"""Ridge regression on sketches of the texts: for knowledge too large for its likenesses to be solved exactly.

The parts of a text are added up, with signs, in a fixed number of places that depend on nothing but the part
(Charikar et al., 2002; Weinberger et al., 2009), so that what has to be solved does not grow with the knowledge. What
it would have said of a question it had not seen follows in closed form as in :mod:`bots.ridge`.
"""

from __future__ import annotations

import numpy as np

from bots.ground import Evidence, Ground, best
from bots.space import Floats, Ints, Vector, product

PLACES, QUICK_PLACES, QUICKEST_PLACES = 2048, 1024, 768
MOST_WEIGHTS = 5_000_000
"""Entries times places, four bytes each: with many entries the places are fewer."""

_FEWEST = 256
_EACH = 8
"""Places a part is added up in: with one, two parts that meet in it could not be told apart."""

_STRICTNESS = 0.3
_TRIALS, _ENTRIES = (450, 200), (100, 40)
"""How many questions are left out, and of how many entries at least; where it should be quick, fewer."""
_MOST_LEFT_OUT = 200
"""Rows of an entry that are left out with it."""

_BLOCK = 512
"""Rows that are written out at a time."""


class Sketch:
    """Trained on all rows of a ground."""

    def __init__(self, ground: Ground, places: int = PLACES) -> None:
        self._ground = ground
        self._places = min(places, max(_FEWEST, MOST_WEIGHTS // max(ground.entries, 1)))
        beyond = np.arange(ground.width - ground.space.width, dtype=np.int64) - (1 << 40)
        self._hashed = _hashed(np.concatenate([ground.space.keys, beyond]), self._places)
        self._trust: Floats = np.reciprocal(ground.doubts)
        gram, sums = self._added_up()
        inverse: Floats = np.linalg.inv(gram)
        self._weights = inverse @ sums
        self.evidence = self._tried(inverse)

    def scores(self, vector: Vector, likeness: Floats, meaning: Floats | None = None) -> Floats:
        """For each entry, about 1 where the text is one of its questions and 0 where it is of another."""
        whole = self._ground.with_meaning(vector.columns, vector.weights, meaning)
        return product(self._sketch([whole])[0], self._weights) + self._ground.coverage.lift(
            vector.columns, vector.weights
        )

    def _sketch(self, texts: list[tuple[Ints, Floats]]) -> Floats:
        """A row for each text, of its columns and weights."""
        columns, weights = (np.concatenate(each) for each in zip(*texts, strict=True))
        first = np.repeat(np.arange(len(texts)) * self._places, [len(one) for one, _ in texts])
        signed = self._hashed[columns]
        added = np.where(signed < 0, -weights[:, None], weights[:, None]) * np.float32(_EACH**-0.5)
        places = np.abs(signed) - 1 + first[:, None]
        found = np.bincount(places.ravel(), added.ravel(), len(texts) * self._places)
        return found.astype(np.float32).reshape(len(texts), self._places)

    def _sketches(self, rows: Ints) -> Floats:
        return self._sketch([self._ground.whole(int(row)) for row in rows])

    def _added_up(self) -> tuple[Floats, Floats]:
        """The products of the places with one another, and with the entries."""
        gram = np.zeros((self._places, self._places), np.float32)
        sums = np.zeros((self._places, self._ground.entries), np.float32)
        for start in range(0, len(self._ground.rows), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(self._ground.rows)))
            trust = self._trust[rows][:, None]
            part = self._sketches(rows)
            weighed = part * np.sqrt(trust)
            gram += weighed.T @ weighed
            owners, first = np.unique(self._ground.owners[rows], return_index=True)
            sums[:, owners] += np.add.reduceat(part * trust, first).T
        gram[np.diag_indices(self._places)] += np.float32(_STRICTNESS)
        return gram, sums

    def _tried(self, inverse: Floats) -> Evidence:
        """From questions left out alone, and with their whole entry."""
        evidence = Evidence()
        (questions,) = np.nonzero(self._ground.doubts == 1)
        each = max(len(questions) // max(self._ground.entries, 1), 1)
        quick = self._places <= QUICK_PLACES
        most = min(max(_TRIALS[quick] // each, _ENTRIES[quick]), self._ground.entries)
        for owner in np.linspace(0, self._ground.entries - 1, most).astype(np.int64):
            rows = self._ground.of_entry(int(owner))
            asked = rows[self._ground.doubts[rows] == 1]
            few = np.linspace(0, len(asked) - 1, min(_TRIALS[quick] // most, len(asked))).astype(np.int64)
            self._leave_out(evidence, inverse, int(owner), asked[few])
        return evidence

    def _leave_out(self, evidence: Evidence, inverse: Floats, owner: int, chosen: Ints) -> None:
        ground, whole = self._ground, self._ground.space.spread
        rows = ground.of_entry(owner)[:_MOST_LEFT_OUT]
        sketches = self._sketches(rows)
        said = sketches @ self._weights
        leaning = (sketches @ inverse) @ sketches.T * self._trust[rows]
        away = np.linalg.solve(np.eye(len(rows), dtype=np.float32) - leaning, said)
        away[:, owner] = -np.inf
        without = whole - ground.spread(ground.of_entry(owner))
        for row in chosen[chosen <= rows[-1]]:
            place = int(row - rows[0])
            likeness = ground.likeness(row)
            likeness[row] = 0
            nearest, lift = ground.nearest(likeness), ground.lift(int(row))
            if len(rows) > 1:
                own = leaning[place, place]
                scores = said[place] / (1 - own)
                scores[owner] -= own / (1 - own)
                known = ground.known(row, whole - ground.spread(np.array([row])))
                top, signals = best(scores + lift, nearest, known)
                evidence.inside.append((signals, top == owner))
            if ground.entries > 1:
                known = ground.known(row, without)
                evidence.outside.append(best(away[place] + lift, nearest, known)[1])


def _hashed(keys: Ints, places: int) -> Ints:
    """For each part, the places it is added up in, counted from 1; negative where it is taken away."""
    mixed = keys.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15)
    mixed = mixed + np.arange(1, _EACH + 1, dtype=np.uint64) * np.uint64(0xBF58476D1CE4E5B9)
    for shift, factor in ((31, 0x94D049BB133111EB), (29, 0xBF58476D1CE4E5B9)):
        mixed = (mixed ^ mixed >> np.uint64(shift)) * np.uint64(factor)
    mixed ^= mixed >> np.uint64(32)
    found = (mixed % np.uint64(places)).astype(np.int16) + 1
    return np.where(mixed >> np.uint64(40) & np.uint64(1), -found, found).astype(np.int16)
