"""Which entry would have been right, said beside an answer of the bot or a try of it ("wrong answer?"). It becomes a
test question; the entries themselves are edited elsewhere."""

from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge, queries
from app.db import reading, transaction
from app.knowledge import questions
from app.models import Decision, Message
from app.web.knowledge import EDITORS
from app.web.pages import errors_of, partial, path_id, require_role, text, with_form
from app.web.proving import entry_given, titles_of

TRIED = "/settings/knowledge/questions/tried"


def choose(request: Request) -> Response:
    """The entries that may have been right, below "why"."""
    with reading() as db:
        message, _ = queries.message_for(db, request.state.viewer, path_id(request))
        return _choice(request, db, message)


def _choice(request: Request, db: Session, message: Message, problem: str = "") -> Response:
    decision = _decision(db, message)
    considered = decision.detail.get("considered", ()) if decision else ()
    return partial(
        request,
        "inbox/_correct.html",
        status=422 if problem else 200,
        question=_asked(decision),
        action=f"/messages/{message.id}/correction",
        considered=[(one["entry_id"], one["title"]) for one in considered],
        given=decision.entry_id if decision else None,
        titles=titles_of(db),
        problem=problem,
    )


def _decision(db: Session, message: Message) -> Decision | None:
    of = or_(Decision.reply_id == message.id, Decision.message_id == message.id)
    return db.scalars(select(Decision).where(of).limit(1)).first()


def _asked(decision: Decision | None) -> str:
    return str(decision.detail.get("question", "")) if decision else ""


def correct(request: Request, form: FormData) -> Response:
    """Which entry is right for what the customer asked."""
    viewer = request.state.viewer
    with reading() as db:
        message, _ = queries.message_for(db, viewer, path_id(request))
        asked = _asked(_decision(db, message))
    try:
        with transaction() as db:
            row = questions.label(db, viewer, asked, entry_given(form), origin="thread")
            return _kept(request, db, row.entry_id)
    except knowledge.Invalid as invalid:
        problem = next(iter(errors_of(invalid.problems, request).values()))
        with reading() as db:
            return _choice(request, db, message, problem)


def correct_try(request: Request, form: FormData) -> Response:
    """The same for what was typed in the settings."""
    require_role(request, *EDITORS)
    values: dict[str, Any] = {"entry_id": None, "titles": {}}
    try:
        with transaction() as db:
            row = questions.label(
                db, request.state.viewer, text(form, "text"), entry_given(form), origin="tried"
            )
            return _kept(request, db, row.entry_id)
    except knowledge.Invalid as invalid:
        problem = next(iter(errors_of(invalid.problems, request).values()))
        return partial(request, "inbox/_corrected.html", status=422, problem=problem, **values)


def _kept(request: Request, db: Session, entry_id: int | None) -> Response:
    return partial(request, "inbox/_corrected.html", problem="", entry_id=entry_id, titles=titles_of(db))


routes = [
    Route("/messages/{id:int}/correction", choose, methods=["GET"]),
    Route("/messages/{id:int}/correction", with_form(correct), methods=["POST"]),
    Route(TRIED, with_form(correct_try), methods=["POST"]),
]
