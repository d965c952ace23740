"""The desk of the supervisors: what is put before them, overdue first, with the thread beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import inbox, queries
from app.db import now, reading, transaction
from app.models import Agent, Case, Conversation, Customer, Escalation
from app.models.escalation import ACTIVE
from app.web import pane as panes
from app.web.pages import Badges, number, page, partial, path_id, text, with_form
from app.web.rows import Sign, by_id, signs

RECENT = 8


@dataclass(frozen=True)
class Item:
    """One escalation as the desk shows it."""

    escalation: Escalation
    conversation: Conversation
    customer: Customer
    case: Case
    sign: Sign
    raised_by: str
    taken_by: str


def index(request: Request) -> Response:
    """The desk; ``?open=`` shows the thread of an escalation beside it."""
    viewer: Agent = request.state.viewer
    with reading() as db:
        shown = _desk(db, viewer)
        wanted = number(request.query_params.get("open"))
        escalation = queries.escalation_for(db, viewer, wanted) if wanted else None
        opened = None
        if escalation is not None:
            head = queries.conversation_for(db, viewer, escalation.conversation_id)
            opened = panes.whole(db, viewer, head)
        badges = Badges(escalations=len(shown["items"]))
        return page(
            request, "escalations/index.html", area="escalations", pane=opened, badges=badges, **shown
        )


def listed(request: Request) -> Response:
    """The desk alone, as it is now."""
    with reading() as db:
        return partial(request, "escalations/_desk.html", **_desk(db, request.state.viewer))


def take(request: Request) -> Response:
    return _decide(request, inbox.take)


def advise(request: Request, form: FormData) -> Response:
    """Return it with advice."""
    words = text(form, "words")
    return _decide(request, lambda db, viewer, one: inbox.give_back(db, viewer, one, words))


def settle(request: Request, form: FormData) -> Response:
    """Close it with a finding."""
    words = text(form, "words")
    return _decide(request, lambda db, viewer, one: inbox.settle(db, viewer, one, words))


def _decide(request: Request, verb: Callable[[Session, Agent, Escalation], object]) -> Response:
    viewer: Agent = request.state.viewer
    with transaction() as db:
        verb(db, viewer, queries.escalation_for(db, viewer, path_id(request)))
        db.flush()
        return partial(request, "escalations/_desk.html", **_desk(db, viewer))


def _desk(db: Session, viewer: Agent) -> dict[str, Any]:
    active = queries.desk(db, viewer)
    closed = select(Escalation).where(Escalation.state.not_in(ACTIVE)).order_by(Escalation.closed_at.desc())
    moment = now()
    return {
        "items": _items(db, active),
        "recent": _items(db, db.scalars(closed.limit(RECENT)).all()),
        "overdue": sum(one.due_at < moment for one in active),
        "untaken": sum(one.state == "open" for one in active),
        "oldest": min((one.raised_at for one in active if one.state == "open"), default=None),
    }


def _items(db: Session, escalations: Sequence[Escalation]) -> list[Item]:
    threads = _rows(db, Conversation, {one.conversation_id for one in escalations})
    customers = _rows(db, Customer, {one.customer_id for one in threads.values()})
    cases = _rows(db, Case, {one.case_id for one in escalations})
    people = by_id(db, Agent, {id for one in escalations for id in (one.agent_id, one.taken_by)})
    ways = signs(db, {one.last_channel_id for one in threads.values()})
    names = {id: agent.name for id, agent in people.items()}
    return [
        Item(
            one,
            threads[one.conversation_id],
            customers[threads[one.conversation_id].customer_id],
            cases[one.case_id],
            ways.get(threads[one.conversation_id].last_channel_id or 0, Sign()),
            names.get(one.agent_id or 0, ""),
            names.get(one.taken_by or 0, ""),
        )
        for one in escalations
    ]


def _rows(db: Session, kind: Any, ids: set[int]) -> dict[int, Any]:
    return {one.id: one for one in db.scalars(select(kind).where(kind.id.in_(ids)))} if ids else {}


routes = [
    Route("/escalations", index, methods=["GET"]),
    Route("/escalations/desk", listed, methods=["GET"]),
    Route("/escalations/{id:int}/taking", take, methods=["POST"]),
    Route("/escalations/{id:int}/advice", with_form(advise), methods=["POST"]),
    Route("/escalations/{id:int}/finding", with_form(settle), methods=["POST"]),
]
