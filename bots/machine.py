"""A linear support vector machine, one entry against the rest, for knowledge with many questions an entry.

Dual coordinate descent (Hsieh et al., 2008) with squared hinge loss, for all entries at once: each step sees
one question and corrects the entries it is not clear for.
"""

from __future__ import annotations

import numpy as np

from bots.ground import MOST_TRIALS, Evidence, Ground, best
from bots.space import Flags, Floats, Ints, Vector, product

MOST_WEIGHTS = 30_000_000
"""Entries times parts, four bytes each."""

MOST_CORRECTIONS = 3_000_000
"""Entries times questions: what a round of training looks at."""

_COST = 3.0
_ROUNDS, _TRIAL_ROUNDS = 6, 3
_SEED = 7
_CLEAR = 1e-3
_REST = 2
"""Rounds for which a question that changed nothing is passed over."""
_PARTS, _QUESTIONS_LEFT_OUT = 6, 0.1
_AFFORDED = 1_000_000
"""Corrections for which there is time in the trials. Each part of the entries is left out in turn, or the first
few."""


class Machine:
    """Trained on all rows of a ground; tried by one trained without some entries and questions."""

    def __init__(self, ground: Ground) -> None:
        self._ground, self._coverage = ground, ground.coverage
        self.evidence = _evidence(ground)
        self._weights = _trained(ground, np.arange(len(ground.rows)), _ROUNDS)

    def scores(self, vector: Vector, likeness: Floats, meaning: Floats | None = None) -> Floats:
        """For each entry, above 0 where the text is rather one of its questions."""
        columns, values = self._ground.with_meaning(vector.columns, vector.weights, meaning)
        margins = product(values, self._weights[columns])
        return margins + self._coverage.lift(vector.columns, vector.weights)


def _trained(ground: Ground, chosen: Ints, rounds: int) -> Floats:
    weights = np.zeros((ground.width, ground.entries), np.float32)
    alphas = np.zeros((len(chosen), ground.entries), np.float32)
    resting = np.zeros(len(chosen), np.int8)
    order = np.random.default_rng(_SEED)
    for _ in range(rounds):
        for place in order.permutation(len(chosen)):
            if resting[place]:
                resting[place] -= 1
                continue
            row = chosen[place]
            if not _learn(weights, *ground.whole(int(row)), alphas[place], int(ground.owners[row])):
                resting[place] = _REST
    return weights


def _learn(weights: Floats, columns: Ints, values: Floats, alpha: Floats, owner: int) -> bool:
    """Correct the entries for one question; whether there was anything to correct."""
    present = weights[columns]
    slack = -product(values, present)
    slack[owner] = -slack[owner]
    spare = np.float32(1 / (2 * _COST))
    step = np.maximum(alpha - (slack - 1 + spare * alpha) / (values @ values + spare), 0) - alpha
    (touched,) = np.nonzero(np.abs(step) > _CLEAR)
    if not len(touched):
        return False
    alpha[touched] += step[touched]
    signs = np.where(touched == owner, step[touched], -step[touched])
    weights[columns[:, None], touched] = present[:, touched] + np.outer(values, signs)
    return True


def _evidence(ground: Ground) -> Evidence:
    """From machines of fewer rounds that lack some entries, and some questions of the others."""
    evidence = Evidence()
    chance = np.random.default_rng(_SEED)
    part = chance.permutation(ground.entries) % _PARTS
    cost = len(ground.rows) * ground.entries
    for left_out in range(min(max(_AFFORDED // cost, 1), _PARTS)):
        asked = chance.random(len(ground.rows)) < _QUESTIONS_LEFT_OUT
        _try(evidence, ground, part == left_out, asked & (ground.doubts == 1))
    return evidence


def _try(evidence: Evidence, ground: Ground, without: Flags, asked: Flags) -> None:
    outside = without[ground.owners]
    left_out = outside | asked
    (chosen,) = np.nonzero(~left_out)
    weights = _trained(ground, chosen, _TRIAL_ROUNDS)
    spread = ground.spread(chosen)
    (tried,) = np.nonzero(left_out & (ground.doubts == 1))
    for row in np.random.default_rng(_SEED).permutation(tried)[:MOST_TRIALS]:
        columns, values = ground.whole(int(row))
        scores = product(values, weights[columns]) + ground.lift(int(row))
        scores[without] = -np.inf
        likeness = ground.likeness(row)
        likeness[left_out] = 0
        top, signals = best(scores, ground.nearest(likeness), ground.known(row, spread))
        if outside[row]:
            evidence.outside.append(signals)
        else:
            evidence.inside.append((signals, top == ground.owners[row]))
