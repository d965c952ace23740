"""The nearest question: for knowledge too large for anything to be trained on it."""

from __future__ import annotations

import numpy as np

from bots.ground import Evidence, Ground, best
from bots.space import Floats, Vector

_TRIALS = 300


class Nearest:
    """Scores each entry by the likest of its rows, and what all of them hold."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self.evidence = self._tried()

    def scores(self, vector: Vector, likeness: Floats, meaning: Floats | None = None) -> Floats:
        """The likeness of the nearest row of each entry, and what it gains by all of them."""
        return self._ground.nearest(likeness) + self._ground.coverage.lift(vector.columns, vector.weights)

    def _tried(self) -> Evidence:
        evidence = Evidence()
        tried = self._ground.tried()
        whole = self._ground.space.spread
        for row in tried[np.linspace(0, len(tried) - 1, _TRIALS).astype(np.int64)]:
            owner = int(self._ground.owners[row])
            rows = self._ground.of_entry(owner)
            likeness = self._ground.likeness(row)
            likeness[row] = 0
            nearest = self._ground.nearest(likeness)
            scores = nearest + self._ground.lift(int(row))
            if len(rows) > 1:
                known = self._ground.known(row, whole - self._ground.spread(np.array([row])))
                top, signals = best(scores, nearest, known)
                evidence.inside.append((signals, top == owner))
            scores[owner] = -np.inf
            nearest[owner] = -np.inf
            known = self._ground.known(row, whole - self._ground.spread(rows))
            evidence.outside.append(best(scores, nearest, known)[1])
        return evidence
