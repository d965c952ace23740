"""How good the bot's decisions over labelled questions were, in the figures the field uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

_BINS = 10
_CONFUSIONS = 20


@dataclass(frozen=True, slots=True)
class Predicted:
    """What was decided about one question: `id` is the entry answered with, None a refusal.

    `confidence` (0 to 1) is how likely the first of `ranking` is to be right; `label` is what was right.
    """

    text: str
    label: str | None
    id: str | None
    confidence: float
    ranking: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Measures:
    """Shares from 0 to 1; None where there was nothing to take a share of.

    `top1`, `top3`, `mrr`: where the right entry ranks, over the questions that have one. `answered`: share of
    all questions; `answered_in_scope`: of those that have an entry. `right_in_scope`: of those, answered
    rightly. `precision`: of the answers given, the right ones. `refused_out_of_scope`: of the questions no
    entry answers, those left unanswered. `calibration_error`: expected calibration error over ten bins.
    `confusions`: right id or None, id answered with, how often.
    """

    questions: int
    in_scope: int
    out_of_scope: int
    top1: float | None
    top3: float | None
    mrr: float | None
    precision: float | None
    answered: float | None
    answered_in_scope: float | None
    right_in_scope: float | None
    refused_out_of_scope: float | None
    calibration_error: float | None
    confusions: tuple[tuple[str | None, str, int], ...]


def measure(predictions: Sequence[Predicted]) -> Measures:
    """The figures over `predictions`."""
    inside = [one for one in predictions if one.label is not None]
    outside = [one for one in predictions if one.label is None]
    answers = [one for one in predictions if one.id is not None]
    wrong = Counter((one.label, one.id) for one in answers if one.id is not None and one.id != one.label)
    return Measures(
        questions=len(predictions),
        in_scope=len(inside),
        out_of_scope=len(outside),
        top1=_mean(inside, lambda one: one.label in one.ranking[:1]),
        top3=_mean(inside, lambda one: one.label in one.ranking[:3]),
        mrr=_mean(inside, _reciprocal_rank),
        precision=_mean(answers, lambda one: one.id == one.label),
        answered=_mean(predictions, lambda one: one.id is not None),
        answered_in_scope=_mean(inside, lambda one: one.id is not None),
        right_in_scope=_mean(inside, lambda one: one.id == one.label),
        refused_out_of_scope=_mean(outside, lambda one: one.id is None),
        calibration_error=_calibration_error(predictions),
        confusions=tuple((label, given, times) for (label, given), times in wrong.most_common(_CONFUSIONS)),
    )


def _mean(cases: Sequence[Predicted], value: Callable[[Predicted], float]) -> float | None:
    return sum(value(one) for one in cases) / len(cases) if cases else None


def _reciprocal_rank(one: Predicted) -> float:
    return 1 / (1 + one.ranking.index(one.label)) if one.label in one.ranking else 0.0


def _calibration_error(predictions: Sequence[Predicted]) -> float | None:
    """How far confidence and the share of right first entries lie apart, bin by bin, weighed by their sizes."""
    bins: list[list[Predicted]] = [[] for _ in range(_BINS)]
    for one in predictions:
        bins[min(int(one.confidence * _BINS), _BINS - 1)].append(one)
    apart = (abs(sum(one.confidence - _is_right(one) for one in group)) for group in bins)
    return sum(apart) / len(predictions) if predictions else None


def _is_right(one: Predicted) -> bool:
    return one.label is not None and one.label in one.ranking[:1]
