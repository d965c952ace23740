"""Labelled questions: what customers ask, with the entry that answers it, or that none does. The bot is measured with
them; it does not learn from them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.db import insert_if_new
from app.events import record
from app.knowledge.writing import Invalid, all_entries
from app.models import Agent, FaqEntry, LabelledQuestion
from app.text import clean, fold, one_line
from bots.language import guess
from bots.text import fold as plain

LONGEST = 2000  # characters of a question
MOST = 5000  # questions kept
ORIGINS = ("written", "imported", "thread", "tried", "replay")


@dataclass(frozen=True, slots=True)
class Read:
    """How many questions came from a file, and the lines that could not be used: (number, English sentence)."""

    taken: int
    refused: tuple[tuple[int, str], ...]


def label(
    db: Session, agent: Agent, text: str, entry_id: int | None, *, origin: str, language: str = ""
) -> LabelledQuestion:
    """Keep a question with the entry that answers it (None: none does); said again, the later word holds.

    Raises :class:`Invalid`.
    """
    asked = clean(text).strip()[:LONGEST]
    if not asked:
        raise Invalid({"text": "Write the question."})
    if entry_id is not None and db.get(FaqEntry, entry_id) is None:
        raise Invalid({"entry": "This entry is gone. Choose another one."})
    key = _key(asked)
    row = db.scalar(select(LabelledQuestion).where(LabelledQuestion.key == key))
    if row is None:
        row = LabelledQuestion(key=key, text=asked, language="", origin=origin)
        row.language = language if language in ("ja", "en") else _spoken(asked)
        row.agent_id, row.entry_id = agent.id, entry_id
        if not insert_if_new(db, row):
            row = db.scalars(select(LabelledQuestion).where(LabelledQuestion.key == key)).one()
    relabel(db, agent, row, entry_id)
    return row


def unreachable(row: LabelledQuestion, language: str | None) -> bool:
    """Whether an entry in this language (None: there is none) cannot be found by who asks the question: the bot looks
    among the entries of the language it hears."""
    return language is not None and bool(row.language) and row.language != language


def find(db: Session, text: str) -> LabelledQuestion | None:
    """The test question with these words, however they are spelled."""
    return find_all(db, [text]).get(text)


def find_all(db: Session, texts: Sequence[str]) -> dict[str, LabelledQuestion]:
    """The test questions with these words, as far as there are any."""
    keys = {text: _key(clean(text).strip()[:LONGEST]) for text in texts}
    rows = db.scalars(select(LabelledQuestion).where(LabelledQuestion.key.in_(set(keys.values()))))
    found = {row.key: row for row in rows}
    return {text: found[key] for text, key in keys.items() if key in found}


def relabel(db: Session, agent: Agent, row: LabelledQuestion, entry_id: int | None) -> None:
    """Another entry is right, be it there or not."""
    row.entry_id, row.agent_id = entry_id, agent.id
    db.flush()
    record(db, "knowledge.question", agent=agent, question_id=row.id, entry_id=entry_id)


def remove(db: Session, agent: Agent, row: LabelledQuestion) -> None:
    """It is measured with no more."""
    record(db, "knowledge.question_removed", agent=agent, question_id=row.id)
    db.delete(row)
    db.flush()


def all_questions(db: Session, limit: int = MOST) -> Sequence[LabelledQuestion]:
    """Every question, the newest first."""
    return db.scalars(select(LabelledQuestion).order_by(LabelledQuestion.id.desc()).limit(limit)).all()


def some(db: Session) -> bool:
    """Whether there is anything to measure with."""
    return db.scalar(select(LabelledQuestion.id).limit(1)) is not None


def fingerprint(rows: Iterable[LabelledQuestion]) -> str:
    """The same for the same questions with the same labels."""
    told = sorted((row.key, row.entry_id or 0) for row in rows)
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def read(db: Session, agent: Agent, text: str) -> Read:
    """Take in questions from the lines of a file: ``{"text", "id" or null}`` as `madoguchi bot eval` reads them, or
    ``question <tab> title or number of the entry``. An entry is meant by its number or title."""
    entries = all_entries(db)
    known = {str(one.id): one.id for one in entries} | {plain(one.title): one.id for one in reversed(entries)}
    taken, refused = 0, []
    for number, line in enumerate(text.lstrip("\ufeff").split("\n"), 1):
        if not line.strip():
            continue
        if taken >= MOST:
            refused.append(
                (number, "There are more questions than can be measured with; the rest was left out.")
            )
            break
        try:
            asked, about, language = _line(line)
            found = known.get(about) or known.get(plain(about)) if about else None
            if about and found is None:
                raise Invalid({"entry": "No entry has this number or title."})
            label(db, agent, asked, found, origin="imported", language=language)
            taken += 1
        except Invalid as invalid:
            refused.append((number, next(iter(invalid.problems.values()))))
    return Read(taken, tuple(refused[:50]))


def forget(db: Session, agent: Agent) -> None:
    """Take all of them away."""
    db.execute(delete(LabelledQuestion))
    record(db, "knowledge.question_removed", agent=agent, question_id=0)


def _line(line: str) -> tuple[str, str, str]:
    """The question of a line, what names its entry ("": none answers it), and its language, where it is told."""
    if not line.lstrip().startswith("{"):
        asked, _, about = line.rstrip("\r").partition("\t")
        return asked.strip(), about.strip(), ""
    try:
        told = json.loads(line)
    except (ValueError, RecursionError):
        raise Invalid({"text": "This line is no JSON."}) from None
    asked, about = told.get("text"), told.get("id")
    if not isinstance(asked, str) or not (about is None or type(about) in (str, int)):
        raise Invalid({"text": "A question has a “text”, and an “id” that is a text, a number or null."})
    return asked, "" if about is None else one_line(str(about)), str(told.get("lang") or "")


def _key(text: str) -> str:
    folded = fold(text) or text
    return hashlib.sha256(folded.encode("utf-8", "surrogatepass")).hexdigest()


def _spoken(text: str) -> str:
    return guess(text, None, ("ja", "en")).language
