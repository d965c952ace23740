"""`/events`: everything that happens, in the one order that all readers share."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from sqlalchemy.orm import Session

from app import feed, webhooks
from app.api.kinds import BIGGEST_ID, Given, Id, Shape
from app.api.told import ToldEvent, told
from app.family import family_ids
from app.models import Agent
from app.queries import NotFound, conversation_for
from app.tokens import Bearer
from app.web.api.framework import Call, Problem, endpoint

TAG = "Events"
TEXTS = "conversations:read"  # the scope it takes to be told what was said and about whom
Cursor = Annotated[int, Meta(ge=0, le=BIGGEST_ID)]
Kinds = Annotated[list[str], Meta(max_length=200, description="Only these kinds; repeat it for several")]


class EventFilter(Given):
    """Where to begin, and which events."""

    after: Annotated[Cursor, Meta(description="The `next` of the page before; 0: from the beginning")] = 0
    limit: Annotated[int, Meta(ge=1, le=100, description="How many at most")] = 40
    kinds: Kinds = []
    conversation: Annotated[Id, Meta(description="Only of the thread with this conversation")] | None = None


class EventsPage(Shape):
    """A part of the feed. `next` is always there: given back as `?after=`, it goes on exactly from here, now (`more`)
    or whenever something has happened. A page may hold fewer events than asked for, or none, and yet have `more`."""

    items: list[ToldEvent]
    next: int
    more: bool


@endpoint("GET", "/events", scope="events:read", tag=TAG)
def list_events(call: Call, query: EventFilter) -> EventsPage:
    """Follow everything that happens.

    Ask with `after=0` once, and then again and again with the `next` of the answer before: every event comes exactly
    once, in an order that never changes, and within a conversation in the order in which things happened. Nothing is
    removed from the feed. You are told of the conversations that the token's agent may see *now*; events that belong
    to none (FAQ, rules, labels) are told to supervisors, those of the audit trail to admins.

    `message` and `conversation` are told to tokens with the scope `conversations:read`, and null for others. Those
    find in `data`, too, only numbers and states of what happened in a conversation: no address, nothing written.
    """
    feed.settle()
    check_kinds(query.kinds)
    found = look(call.db, call.bearer, query.after, query.limit, query.kinds, query.conversation)
    return EventsPage(shapes_of(call.db, call.bearer, found), found.upto, found.more)


def look(
    db: Session, bearer: Bearer, after: int, limit: int, kinds: list[str], conversation: int | None
) -> feed.Page:
    """A page of the feed for the agent of a token. Raises :class:`Problem` on a cursor beyond the end."""
    only = None if conversation is None else thread(db, bearer.agent, conversation)
    try:
        return feed.page(db, bearer.agent, after, limit, kinds=kinds, conversations=only)
    except feed.Ahead as ahead:
        raise Problem(
            422,
            "This cursor lies beyond the last event (%(newest)s): it is of another installation, or this one was "
            "restored from a backup. Begin again from there, or from an earlier one.",
            field="query.after",
            code="cursor-ahead",
            newest=ahead.newest,
        ) from ahead


def thread(db: Session, viewer: Agent, conversation_id: int) -> list[int]:
    """The conversations shown in one thread; none where there is nothing that `viewer` may see."""
    try:
        return family_ids(db, conversation_for(db, viewer, conversation_id))
    except NotFound:
        return []


def shapes_of(db: Session, bearer: Bearer, found: feed.Page) -> list[ToldEvent]:
    """The events of a page, as much of them as the token may be told."""
    return told(db, found.events, texts=TEXTS in bearer.scopes)


def check_kinds(kinds: list[str]) -> None:
    """A kind that is none would never come. Raises :class:`Problem`."""
    for kind in kinds:
        if kind not in webhooks.KINDS:
            raise Problem(422, "There is no such kind of event.", field="query.kinds", code="validation")
