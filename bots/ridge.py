"""Kernel ridge regression: which entry a question belongs to, from its likeness to every known question.

It is solved exactly, so what the model would have said of a question it had not seen follows in closed form
(leave-one-out; Rifkin and Lippert, 2007), and so for all questions of an entry at once.
"""

from __future__ import annotations

import numpy as np

from bots.ground import Evidence, Ground, best
from bots.space import Floats, Ints, Vector, product

MOST_ROWS = 2500
"""More take too long to solve, and enough of them leave a linear machine little to gain by it."""

_STRICTNESS = 0.3
"""What is added to each question's likeness to itself. Chosen on development questions of two languages."""


class Ridge:
    """Trained on all rows of a ground."""

    def __init__(self, ground: Ground) -> None:
        self._coverage = ground.coverage
        kernel = np.stack([ground.likeness(row) for row in range(len(ground.rows))])
        labels = np.zeros((len(ground.rows), ground.entries), np.float32)
        labels[np.arange(len(labels)), ground.owners] = 1
        inverse: Floats = np.linalg.inv(kernel + np.diag(np.float32(_STRICTNESS) * ground.doubts))
        self._shares = inverse @ labels
        self.evidence = _Trials(ground, kernel, inverse, labels, self._shares).evidence()

    def scores(self, vector: Vector, likeness: Floats, meaning: Floats | None = None) -> Floats:
        """For each entry, about 1 where the text is one of its questions and 0 where it is of another."""
        return product(likeness, self._shares) + self._coverage.lift(vector.columns, vector.weights)


class _Trials:
    """The same model without some of its rows."""

    def __init__(
        self, ground: Ground, kernel: Floats, inverse: Floats, labels: Floats, shares: Floats
    ) -> None:
        self._ground = ground
        self._kernel = kernel
        self._inverse = inverse
        self._labels = labels
        self._shares = shares

    def evidence(self) -> Evidence:
        evidence = Evidence()
        tried = self._ground.tried()
        whole = self._ground.space.spread
        for owner in np.unique(self._ground.owners[tried]):
            rows = self._ground.of_entry(int(owner))
            questions = tried[self._ground.owners[tried] == owner]
            self._leave_out(evidence, rows, questions, whole - self._ground.spread(rows))
            if len(rows) > 1:
                self._leave_out_each(evidence, questions)
        return evidence

    def _leave_out_each(self, evidence: Evidence, questions: Ints) -> None:
        """Each question alone: its entry has others."""
        for row in questions:
            scores = self._labels[row] - self._shares[row] / self._inverse[row, row] + self._ground.lift(row)
            likeness = self._kernel[row].copy()
            likeness[row] = 0
            spread = self._ground.space.spread - self._ground.spread(np.array([row]))
            known = self._ground.known(row, spread)
            top, signals = best(scores, self._ground.nearest(likeness), known)
            evidence.inside.append((signals, top == self._ground.owners[row]))

    def _leave_out(self, evidence: Evidence, rows: Ints, questions: Ints, spread: Ints) -> None:
        """All rows of an entry: nothing answers its questions any more."""
        own = self._inverse[np.ix_(rows, rows)]
        without = self._labels[rows] - np.linalg.solve(own, self._shares[rows])
        without[:, self._ground.owners[rows[0]]] = -np.inf
        for row in questions:
            likeness = self._kernel[row].copy()
            likeness[rows] = 0
            known = self._ground.known(row, spread)
            if self._ground.entries > 1:
                nearest = self._ground.nearest(likeness)
                scores = without[row - rows[0]] + self._ground.lift(row)
                evidence.outside.append(best(scores, nearest, known)[1])
