"""How likely the entry found is the right one: a probability, learned from the knowledge itself.

Questions left out of the knowledge show how the right entry looks when it is there, and entries left out
show how the best of the others looks when it is not. A logistic curve tells the two apart; where there is
little to learn from, it stays near the curve that held for development questions of two languages.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from bots.ground import Evidence, Signals

Doubles = npt.NDArray[np.float64]

_USUAL = np.array([-2.4, 0.6, 0.65, 0.05, 0.8])
"""What each signal usually counts where questions that were left out showed how the right entry looks."""
_UNTRIED = np.array([-1.45, 0.5, 1.35, 0.2, 0.9])
_MORE_ENTRIES, _FEW_ENTRIES, _MANY_ENTRIES = np.array([-0.3, 0.0, -0.45, 0.0, 0.0]), 8, 64
"""Where none could be left out, since each entry has one: the same among few entries, and what it is more or less among
e times as many. The more there are, the likelier a wrong one is near."""
_STIFFNESS = np.array([2.0, 10.0, 10.0, 10.0, 4.0])
"""How many trials' worth of evidence it takes to move each number of the usual curve."""
_USUAL_SCORE, _USUAL_NEAREST = (0.25, 0.12), (0.25, 0.1)
_LIFTED = (0.25, 0.06)
"""By how much of the lift the scores of wrong entries are usually higher, and vary more."""
_FEW = 10
_MOST = 600
_STEPS = 200


class Sureness:
    """The curve of one knowledge."""

    def __init__(self, evidence: Evidence, lift: float = 0.0, entries: int = _MANY_ENTRIES) -> None:
        """Learn from what was left out of so many entries whose scores answers lift by so much at the most."""
        inside, outside = evidence.inside, evidence.outside
        usual = tuple(one + lift * more for one, more in zip(_USUAL_SCORE, _LIFTED, strict=True))
        self._score = _spread([one.score for one in outside], (usual[0], usual[1]))
        self._nearest = _spread([one.nearest for one in outside], _USUAL_NEAREST)
        self._curve = _USUAL if inside else _untried(entries)
        if inside and outside:
            cases = np.array([self._case(one) for one in (*(one for one, _ in inside), *outside)])
            right = np.array([*(was_right for _, was_right in inside), *(False for _ in outside)], float)
            much = min(len(inside), _MOST)
            weights = np.repeat([much / len(inside), much / len(outside)], [len(inside), len(outside)])
            self._curve = _fitted(cases, right, weights)

    @property
    def scale(self) -> float:
        """How much the scores of wrong entries vary."""
        return self._score[1]

    def probability(self, signals: Signals) -> float:
        """How likely the best entry is right, from 0 to 1, where half of the questions have an entry."""
        return float(_logistic(self._case(signals) @ self._curve))

    def _case(self, signals: Signals) -> Doubles:
        (middle, width), (usual, span) = self._score, self._nearest
        score = min((signals.score - middle) / width, 6.0)
        nearest = min((signals.nearest - usual) / span, 6.0)
        return np.array([1.0, score, min(signals.lead / width, 6.0), nearest, signals.known])


def _untried(entries: int) -> Doubles:
    among = float(np.log(min(max(entries, _FEW_ENTRIES), _MANY_ENTRIES) / _FEW_ENTRIES))
    curve: Doubles = _UNTRIED + among * _MORE_ENTRIES
    return curve


def _spread(values: Sequence[float], usual: tuple[float, float]) -> tuple[float, float]:
    """Mean and deviation, drawn towards the usual ones where there are few values."""
    count = len(values)
    mean = (sum(values) + _FEW * usual[0]) / (count + _FEW)
    squares = sum((value - mean) ** 2 for value in values) + _FEW * usual[1] ** 2
    return mean, max(float(np.sqrt(squares / (count + _FEW))), 1e-3)


def _fitted(cases: Doubles, right: Doubles, weights: Doubles) -> Doubles:
    """Logistic regression drawn towards the usual curve. The bound on the curvature (Böhning, 1992) makes
    every step an improvement."""
    bend = np.linalg.inv((cases.T * weights) @ cases / 4 + np.diag(_STIFFNESS))
    curve = _USUAL
    for _ in range(_STEPS):
        missed = weights * (right - _logistic(cases @ curve))
        curve = curve + bend @ (cases.T @ missed - _STIFFNESS * (curve - _USUAL))
    return curve


def _logistic(values: Doubles) -> Doubles:
    return 1 / (1 + np.exp(-np.clip(values, -30, 30)))
