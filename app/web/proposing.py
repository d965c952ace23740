"""Entries proposed from what the bot did not answer well: gathered, looked at, taken into the draft or dismissed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import knowledge
from app.db import reading, transaction
from app.learning import proposing, showing
from app.models import FaqEntry, Proposal
from app.models.proposal import DISMISSED, OPEN, TAKEN
from app.proving import runs
from app.queries import NotFound
from app.web.knowledge import EDITORS
from app.web.pages import done, errors_of, number, page, path_id, require_role, text, with_form, words
from app.web.proving import titles_of

HERE = "/settings/knowledge/proposals"
SHOWN = 30
VIEWS = (OPEN, TAKEN, DISMISSED)
FIELDS = ("title", "questions", "answer")


def show(request: Request) -> Response:
    """What is proposed, was taken or dismissed (``?view=``)."""
    require_role(request, *EDITORS)
    with reading() as db:
        return _page(request, db)


def _page(
    request: Request,
    db: Session,
    refused: int = 0,
    typed: Mapping[str, str] | None = None,
    errors: Mapping[str, str] | None = None,
) -> Response:
    view = request.query_params.get("view", OPEN)
    view = view if view in VIEWS else OPEN
    rows = proposing.proposals(db, view, SHOWN + 1)
    return page(
        request,
        "settings/proposals.html",
        status=422 if errors else 200,
        section="evaluation",
        run=runs.latest(db, runs.PROPOSALS),
        view=view,
        drafts=showing.drafts(db, rows[:SHOWN]),
        more=len(rows) > SHOWN,
        titles=titles_of(db),
        days=proposing.DAYS,
        refused=refused,
        typed=typed or {},
        errors=errors or {},
    )


def begin(request: Request, form: FormData) -> Response:
    """Gather anew what was not answered well."""
    require_role(request, *EDITORS)
    with transaction() as db:
        proposing.begin(db, request.state.viewer, number(text(form, "days")) or proposing.DAYS)
    return done(request, HERE)


def take(request: Request, form: FormData) -> Response:
    """A draft entry as it was proposed, or as it was changed before."""
    require_role(request, *EDITORS)
    typed = {name: text(form, name) for name in FIELDS}
    try:
        with transaction() as db:
            proposal = _find(db, request)
            blank = dict.fromkeys(knowledge.ENTRY_FIELDS, "")
            given = {**blank, **typed, "language": proposal.language, "enabled": "1", "listed": "1"}
            entry = proposing.take(db, request.state.viewer, proposal, knowledge.entry_data(given))
            title = entry.title
    except knowledge.Invalid as invalid:
        with reading() as db:
            return _page(request, db, path_id(request), typed, errors_of(invalid.problems, request))
    except proposing.Gone:
        return _gone(request)
    return done(request, HERE, words(request, "“%(title)s” stands in the draft.", title=title))


def widen(request: Request, form: FormData) -> Response:
    """The questions for the entry that is right for them."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            proposal = _find(db, request)
            entry = db.get(FaqEntry, proposal.into_id or 0)
            if entry is None:
                raise NotFound(HERE)
            questions = knowledge.lines(text(form, "questions"))
            proposing.widen(db, request.state.viewer, proposal, entry, questions)
            title = entry.title
    except proposing.Gone:
        return _gone(request)
    return done(request, HERE, words(request, "“%(title)s” has these wordings in the draft.", title=title))


def dismiss(request: Request, _form: FormData) -> Response:
    """Not to be proposed again."""
    require_role(request, *EDITORS)
    try:
        with transaction() as db:
            proposing.dismiss(db, request.state.viewer, _find(db, request))
    except proposing.Gone:
        return _gone(request)
    return done(request, HERE, words(request, "It is not proposed again."))


def reopen(request: Request, _form: FormData) -> Response:
    """To be proposed again."""
    require_role(request, *EDITORS)
    with transaction() as db:
        proposing.reopen(db, request.state.viewer, _find(db, request))
    return done(request, HERE, words(request, "It is proposed again."))


def _gone(request: Request) -> Response:
    return done(request, HERE, words(request, "Somebody else was quicker: this is no longer proposed."))


def _find(db: Session, request: Request) -> Proposal:
    """The proposal the path names. Raises `NotFound`."""
    found = db.get(Proposal, path_id(request))
    if found is None:
        raise NotFound(HERE)
    return found


def waiting(db: Session) -> dict[str, Any]:
    """How many are proposed, as far as somebody wants to count, for the page of what is published."""
    return {"proposed": len(proposing.proposals(db, OPEN, SHOWN + 1)), "proposed_most": SHOWN}


_ONE = f"{HERE}/{{id:int}}"
routes = [
    Route(HERE, show, methods=["GET"]),
    Route(HERE, with_form(begin), methods=["POST"]),
    Route(f"{_ONE}/entry", with_form(take), methods=["POST"]),
    Route(f"{_ONE}/wordings", with_form(widen), methods=["POST"]),
    Route(f"{_ONE}/dismissal", with_form(dismiss), methods=["POST"]),
    Route(f"{_ONE}/dismissal/removal", with_form(reopen), methods=["POST"]),
]
