"""The draft with the sentence model and without it, on the same questions: what the model is switched on by."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from app import knowledge, meaning
from app.bot import answers, situations
from app.db import reading, transaction
from app.knowledge import questions, versions
from app.models import Agent, KnowledgeRun
from app.proving import runs
from app.proving.evaluating import case
from app.proving.figures import figures
from app.proving.gains import Gain, gain

SIDES = {"published": "without", "draft": "with"}


class Unproved(Exception):
    """The model was not measured with this draft, or is not measurably better: an English sentence."""


def key(db: Session, model: str) -> str:
    """What a comparison is of: the draft without regard to the model, the questions, and the model."""
    draft = versions.fingerprint(_with(versions.draft(db), ""))
    asked = questions.fingerprint(questions.all_questions(db))
    return hashlib.sha256(f"{draft} {asked} {model}".encode()).hexdigest()[:32]


def begin(db: Session, agent: Agent) -> KnowledgeRun:
    """Ask for a comparison."""
    return runs.begin(db, agent, runs.MODEL)


@runs.work_of(runs.MODEL)
def compare(id: int) -> dict[str, Any]:
    """Ask both; the result is the figures of both sides, and what the model wins and loses."""
    model = meaning.present()
    if model is None:
        return {"missing": True}
    with reading() as db:
        asked, content, of = questions.all_questions(db), versions.draft(db), key(db, model.name)
        version, day = versions.number(db), situations.today(db)
    draft, published = (answers.build(_with(content, name), version) for name in (model.name, ""))
    with transaction() as db:
        run = db.get_one(KnowledgeRun, id)
        run.draft, run.version, run.total = of, version, len(asked)
    cases = [case(one, draft, published, day) for one in runs.told(id, asked)]
    found = gain((one.label, one.published.id, one.draft.id) for one in cases)
    return {
        "model": model.name,
        **{name: figures(cases, side) for side, name in SIDES.items()},
        "gain": [found.won, found.lost, found.wrong_before, found.wrong_after],
    }


def gain_of(result: Mapping[str, Any]) -> Gain | None:
    """What a comparison that is done found."""
    return Gain(*result["gain"]) if result.get("gain") else None


def switch_on(db: Session, agent: Agent) -> None:
    """Have the draft use the model of this process, which was measured to be better. Raises :class:`Unproved`."""
    model = meaning.present()
    run = runs.latest(db, runs.MODEL)
    if model is None or run is None or run.state != "done" or run.draft != key(db, model.name):
        raise Unproved("Compare first: the draft, the questions or the model were changed since.")
    found = gain_of(run.result)
    if found is None or not found.shown:
        raise Unproved("The model is not measurably better for your questions.")
    knowledge.set_embeddings(db, agent, model.name)


def switch_off(db: Session, agent: Agent) -> None:
    """Have the draft go by words alone."""
    knowledge.set_embeddings(db, agent, "")


def _with(content: versions.Content, model: str) -> versions.Content:
    settings: dict[str, Any] = dict(content.get((knowledge.SETTINGS, 0), {}))
    settings.pop("embeddings", None)
    if model:
        settings["embeddings"] = model
    rest = {each: data for each, data in content.items() if each != (knowledge.SETTINGS, 0)}
    return {**rest, (knowledge.SETTINGS, 0): settings} if settings else rest
