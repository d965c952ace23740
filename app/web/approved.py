"""Templates of the platforms in the composer: the list, one with its variables, and the one that is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import approved, connect
from app.db import reading
from app.inbox.current import current_case
from app.inbox.messages import by_client_id
from app.inbox.ways import route, ways
from app.models import Agent, Channel, Conversation, Customer
from app.models.consent import SERVICE
from app.web.conversations import found
from app.web.pages import number, partial, text

VALUE = "value."  # so begin the names of the fields that hold the variables


@dataclass(frozen=True)
class Variable:
    """One to be filled in: what it is called, what is proposed for it, and an example."""

    name: str
    label: str
    in_text: bool
    value: str
    example: str


def templates(request: Request) -> Response:
    """The templates that may be sent by a channel now; or the one that is asked for by ``name`` and ``language``."""
    asked = request.query_params
    with reading() as db:
        viewer, head = found(db, request)
        if not _offered(db, head):
            return partial(request, "inbox/_templates.html", templates=())
        _, channel = route(db, head, number(asked.get("channel_id")), template=True, purpose=_purpose(asked))
        facts = _facts(db, viewer, head)
    if "name" in asked:
        return _one(request, channel, facts)
    return partial(request, "inbox/_templates.html", templates=approved.templates(channel))


def _one(request: Request, channel: Channel, facts: approved.Facts) -> Response:
    """A template with fields for its variables, and how it will read."""
    asked = request.query_params
    template = approved.chosen(channel, asked.get("name", ""), asked.get("language", ""))
    proposed = approved.proposed(template, facts)
    variables = [
        Variable(
            name,
            approved.shown_name(template, name),
            name not in template.labels,
            proposed[name],
            template.examples.get(name, ""),
        )
        for name in template.variables
    ]
    pieces = approved.pieces(template)
    longest = approved.MAX_VALUE
    return partial(
        request,
        "inbox/_template.html",
        chosen=template,
        variables=variables,
        pieces=pieces,
        longest=longest,
    )


def chosen(request: Request, form: FormData, client_id: str) -> approved.Ready | None:
    """The template that the form names, filled in; None where it names none, or was sent already."""
    name = text(form, "template")
    if not name:
        return None
    with reading() as db:
        _, head = found(db, request)
        if by_client_id(db, head, client_id):
            return None
        _, channel = route(db, head, number(text(form, "channel_id")), template=True, purpose=_purpose(form))
    template = approved.chosen(channel, name, text(form, "language"))
    return approved.filled(template, {one: text(form, VALUE + one) for one in template.variables})


def _purpose(asked: Mapping[str, Any]) -> str:
    """What the message is for."""
    return str(asked.get("purpose") or SERVICE)[:40]


def _offered(db: Session, head: Conversation) -> bool:
    return any(connect.has_templates(channel) for _, channel in ways(db, head))


def _facts(db: Session, viewer: Agent, head: Conversation) -> approved.Facts:
    case = current_case(db, head)
    customer = db.get_one(Customer, head.customer_id)
    return approved.Facts(customer.name, str(case.number) if case else "", viewer.name)


routes = [
    Route("/conversations/{id:int}/templates", templates, methods=["GET"]),
]
