"""`/test-questions`: what the bot is measured with before anything is published."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from app import directory
from app.api import known as shapes
from app.api.kinds import Id
from app.api.known import QuestionChange, QuestionIn, QuestionShape
from app.knowledge import Invalid, questions
from app.models import FaqEntry, LabelledQuestion
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import EDITORS, page_of, wrong

TAG = "FAQ and bot"
READ, WRITE = "knowledge:read", "knowledge:write"
HERE = "/test-questions/{question_id}"


class QuestionFilter(PageQuery):
    """Which test questions."""

    entry_id: Annotated[Id, Meta(description="Those this entry answers")] | None = None


@endpoint("GET", "/test-questions", scope=READ, tag=TAG, roles=EDITORS)
def list_test_questions(call: Call, query: QuestionFilter) -> Page[QuestionShape]:
    """The test questions, the newest first."""
    found = directory.questions(call.db, query.after, query.limit, entry_id=query.entry_id)
    return page_of(found, shapes.question)


@endpoint("GET", HERE, scope=READ, tag=TAG, roles=EDITORS)
def get_test_question(call: Call, question_id: int) -> QuestionShape:
    """One test question."""
    return shapes.question(directory.one(call.db, LabelledQuestion, question_id))


@endpoint("POST", "/test-questions", scope=WRITE, tag=TAG, status=201, roles=EDITORS)
def add_test_question(call: Call, body: QuestionIn) -> QuestionShape:
    """Keep a question with the entry that answers it.

    There is one of the same words: it is answered with 200, and what is said now holds.
    """
    _known(call, body.entry_id)
    call.status = 200 if questions.find(call.db, body.text) else 201
    try:
        made = questions.label(
            call.db, call.agent, body.text, body.entry_id, origin="imported", language=body.language or ""
        )
    except Invalid as invalid:
        raise wrong({name: (said, {}) for name, said in invalid.problems.items()}) from invalid
    call.headers["Location"] = f"/api/v1/test-questions/{made.id}"
    return shapes.question(made)


@endpoint("PATCH", HERE, scope=WRITE, tag=TAG, roles=EDITORS, matched=True)
def change_test_question(call: Call, question_id: int, body: QuestionChange) -> QuestionShape:
    """Another entry is right."""
    row = _held(call, question_id)
    _known(call, body.entry_id)
    questions.relabel(call.db, call.agent, row, body.entry_id)
    return shapes.question(row)


@endpoint("DELETE", HERE, scope=WRITE, tag=TAG, roles=EDITORS, matched=True)
def delete_test_question(call: Call, question_id: int) -> None:
    """The bot is measured with it no more."""
    questions.remove(call.db, call.agent, _held(call, question_id))


def _held(call: Call, question_id: int) -> LabelledQuestion:
    row = directory.one(call.db, LabelledQuestion, question_id, held=True)
    call.must_match(shapes.question(row))
    return row


def _known(call: Call, entry_id: int | None) -> None:
    if entry_id is not None and call.db.get(FaqEntry, entry_id) is None:
        raise wrong({"entry_id": ("This entry is gone. Choose another one.", {})})
