"""Figures of the draft beside the published version, the curve of a threshold, and whether publishing would harm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from bots.measures import Predicted, measure

THRESHOLDS = range(0, 101, 2)
SHOWN = (
    "top1",
    "top3",
    "precision",
    "answered",
    "right_in_scope",
    "refused_out_of_scope",
    "calibration_error",
)


@dataclass(frozen=True, slots=True)
class Told:
    """What one book made of one question: `id` answered with (None: nothing); the best match that stands alone and how
    sure it is (`ahead`, `score` 0 to 100); what was considered, (entry, title, score), the surest first."""

    id: int | None
    ahead: int | None
    score: float
    considered: tuple[tuple[int, str, float], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled question and what both books made of it. `label`: the entry that is right; None: none is."""

    question_id: int
    text: str
    label: int | None
    draft: Told
    published: Told


def figures(cases: Sequence[Case], side: str) -> dict[str, Any]:
    """The measures over one side (`draft` or `published`), with how many were right and wrong."""
    told = [(case, getattr(case, side)) for case in cases]
    measured = asdict(measure([_predicted(case, one) for case, one in told]))
    return {
        **{name: value for name, value in measured.items() if name != "confusions"},
        "confusions": [list(each) for each in measured["confusions"]],
        "right": sum(is_right(case, one) for case, one in told),
        "wrong": sum(is_wrong(case, one) for case, one in told),
    }


def is_right(case: Case, told: Told) -> bool:
    """Answered with the right entry, or rightly left unanswered."""
    return told.id == case.label


def is_wrong(case: Case, told: Told) -> bool:
    """Answered, and not with the right entry: worse than no answer."""
    return told.id is not None and told.id != case.label


def curve(cases: Sequence[Case], side: str) -> list[dict[str, Any]]:
    """What each threshold would give: share answered, and of those the share that is right (None: none answered)."""
    points = []
    for threshold in THRESHOLDS:
        given = [
            (case, told)
            for case in cases
            for told in [getattr(case, side)]
            if told.ahead is not None and told.score >= threshold
        ]
        right = sum(told.ahead == case.label for case, told in given)
        points.append(
            {
                "at": threshold,
                "answered": len(given) / len(cases) if cases else 0.0,
                "precision": right / len(given) if given else None,
                "wrong": len(given) - right,
            }
        )
    return points


def harm(draft: dict[str, Any], published: dict[str, Any]) -> list[tuple[str, dict[str, int]]]:
    """Why the draft should not be published: sentences and their values. Nothing: it is at least as good."""
    found = []
    if draft["right"] < published["right"]:
        values = {"draft": draft["right"], "published": published["right"], "all": draft["questions"]}
        found.append(
            (
                "Of %(all)s test questions it handles %(draft)s rightly; the published version %(published)s.",
                values,
            )
        )
    if draft["wrong"] > published["wrong"]:
        values = {"draft": draft["wrong"], "published": published["wrong"], "all": draft["questions"]}
        found.append(
            (
                "It answers %(draft)s of %(all)s test questions wrongly; the published version %(published)s.",
                values,
            )
        )
    return found


def case_of(row: dict[str, Any]) -> Case:
    """A case as it is stored in a run."""
    sides = {
        side: Told(
            row[side]["id"],
            row[side]["ahead"],
            row[side]["score"],
            tuple((int(id), str(title), float(score)) for id, title, score in row[side]["considered"]),
        )
        for side in ("draft", "published")
    }
    return Case(row["question_id"], row["text"], row["label"], **sides)


def _predicted(case: Case, told: Told) -> Predicted:
    ranking = tuple(str(id) for id, _, _ in told.considered)
    confidence = told.considered[0][2] / 100 if told.considered else 0.0
    return Predicted(case.text, _name(case.label), _name(told.id), confidence, ranking)


def _name(id: int | None) -> str | None:
    return None if id is None else str(id)
