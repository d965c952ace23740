"""The draft measured beside what is published, with labelled questions; and publishing, which asks for it first."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

import bots
from app.bot import answers, situations
from app.db import reading, transaction
from app.knowledge import questions, versions
from app.models import Agent, KnowledgeRun, KnowledgeVersion, LabelledQuestion
from app.proving import runs
from app.proving.figures import SHOWN, Case, Told, case_of, curve, figures, harm

CONSIDERED = 5


class Stopped(versions.Refused):
    """Publishing would harm; `why` are sentences and their values."""

    def __init__(self, why: Sequence[tuple[str, dict[str, int]]]) -> None:
        super().__init__("The draft does worse than the published version. Nothing was published.")
        self.why = list(why)


def key(db: Session) -> str:
    """What an evaluation is of: the draft, the version beside it, and the questions."""
    draft, asked = (
        versions.fingerprint(versions.draft(db)),
        questions.fingerprint(questions.all_questions(db)),
    )
    return hashlib.sha256(f"{draft} {versions.number(db)} {asked}".encode()).hexdigest()[:32]


def begin(db: Session, agent: Agent, publication: dict[str, str] | None = None) -> KnowledgeRun:
    """Ask for an evaluation; with `publication` (reason, seen, overruled) it publishes when it is done."""
    return runs.begin(db, agent, runs.EVALUATION, {"publication": publication} if publication else {})


def publish(
    db: Session, agent: Agent, reason: str, *, seen: str = "", overruled: str = ""
) -> KnowledgeVersion | KnowledgeRun:
    """Publish what has been measured and does no harm; what was not measured yet is, and published then: its run.

    `overruled` is why it is published even so. Raises :class:`Stopped` and `versions.Refused`.
    """
    if not questions.some(db) or not versions.number(db):
        return versions.publish(db, agent, reason, seen=seen)
    run = runs.latest(db, runs.EVALUATION)
    if run is None or run.draft != key(db) or run.state != "done":
        versions.publishable(db, agent, seen)
        return begin(db, agent, {"reason": reason, "seen": seen, "overruled": overruled})
    return _judged(db, agent, run.result, reason, seen, overruled)


def _judged(
    db: Session, agent: Agent, result: dict[str, Any], reason: str, seen: str, overruled: str
) -> KnowledgeVersion:
    why = harm(result["draft"], result["published"])
    if why and not overruled.strip():
        raise Stopped(why)
    kept = {name: result["draft"][name] for name in (*SHOWN, "questions", "right", "wrong")}
    return versions.publish(db, agent, reason, seen=seen, figures=kept, overruled=overruled if why else "")


@runs.work_of(runs.EVALUATION)
def evaluate(id: int) -> dict[str, Any]:
    """Measure; the result is both sides' figures and curves, and every case."""
    with reading() as db:
        asked = questions.all_questions(db)
        draft, published = answers.draft_book(db, exact=True), answers.book(db, exact=True)
        of, version, day = key(db), versions.number(db), situations.today(db)
    with transaction() as db:
        run = db.get_one(KnowledgeRun, id)
        run.draft, run.version, run.total = of, version, len(asked)
    cases = [case(one, draft, published, day) for one in runs.told(id, asked)]
    result = {
        **{side: figures(cases, side) for side in ("draft", "published")},
        "curves": {side: curve(cases, side) for side in ("draft", "published")},
        "threshold": draft.settings.threshold_answer,
        "threshold_published": published.settings.threshold_answer,
        "cases": [asdict(one) for one in cases],
    }
    return result | _published(id, result)


def _published(id: int, result: dict[str, Any]) -> dict[str, Any]:
    """What became of the publication that waited for it."""
    with transaction() as db:
        run = db.get_one(KnowledgeRun, id)
        wish, agent = run.wanted.get("publication"), db.get(Agent, run.agent_id)
        if not wish or agent is None:
            return {}
        try:
            if run.draft != key(db):
                raise versions.Refused("The draft was changed meanwhile. Look at it once more, then publish.")
            made = _judged(db, agent, result, wish["reason"], wish["seen"], wish["overruled"])
        except Stopped:
            return {"stopped": True}
        except versions.Refused as refused:
            return {"refused": refused.sentence}
        return {"number": made.number}


def case(question: LabelledQuestion, draft: bots.Book, published: bots.Book, day: date) -> Case:
    """A question, and what both books make of it on that day."""
    asked = bots.Question(question.text, question.language, situation=bots.Situation(on=day))
    label = question.entry_id
    known = draft.entry(label) or published.entry(label) if label is not None else None
    if known is None or not known.on(day):
        label = None  # its entry is gone, or holds on other days: nothing is right but silence
    sides = [_told(bots.look_up(asked, book)) for book in (draft, published)]
    return Case(question.id, question.text, label, *sides)


def _told(found: bots.Found) -> Told:
    return Told(
        found.answer.entry.id if found.answer else None,
        found.ahead.entry.id if found.ahead else None,
        found.ahead.score if found.ahead else 0.0,
        tuple((one.entry.id, one.entry.title, one.score) for one in found.matches[:CONSIDERED]),
    )


def cases_of(run: KnowledgeRun) -> list[Case]:
    """The cases of an evaluation that is done."""
    return [case_of(row) for row in run.result.get("cases", ())]
