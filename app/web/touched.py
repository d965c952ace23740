"""Touchpoints between the messages of a thread, and what they come to in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import queries
from app.db import reading
from app.directory.paging import BadCursor
from app.family import family_ids
from app.formats import iso
from app.models import Agent, Conversation, Message, Touchpoint
from app.queries import ThreadPage, place_of
from app.touchpoints import asking
from app.touchpoints import reading as known
from app.web.entries import Entry
from app.web.pages import partial, path_id

MOST = 200  # touchpoints shown in one part of a thread
LOADED = 2_000  # messages of a thread that a page may have loaded
LISTED = 30


@dataclass(frozen=True)
class Touched:
    """Touchpoints that stand together in a thread, as one line that unfolds. `more`: there are others before them."""

    rows: Sequence[Touchpoint]
    more: bool = False
    ids: tuple[int, ...] = ()  # of the messages it shows: none

    @property
    def dom_id(self) -> str:
        return f"touched-{self.rows[0].id}"

    @property
    def order(self) -> str:
        return f"{iso(self.rows[0].at)}|0"


def interleaved(
    db: Session,
    head: Conversation,
    page: ThreadPage,
    entries: Sequence[Entry],
    *,
    before: str | None = None,
    after: str | None = None,
) -> list[Entry | Touched]:
    """The entries of a page of the thread with the touchpoints between them; `before` and `after` are the cursors the
    page was asked with. Each touchpoint is in one page."""
    start, end = place_of(after), place_of(before)
    since = start[0] if start else page.messages[0].sent_at if page.older and page.messages else None
    until = end[0] if end else page.messages[-1].sent_at if page.newer and page.messages else None
    times = [one.message.sent_at for one in entries]
    found = known.between(db, known.identities(db, head), times, since=since, until=until, most=MOST)
    drawn: list[Entry | Touched] = [Touched(found[-1].rows, found[-1].more)] if -1 in found else []
    for at, entry in enumerate(entries):
        drawn.append(replace(entry, joined=False) if at - 1 in found else entry)
        if at in found:
            drawn.append(Touched(found[at].rows, found[at].more))
    return drawn


def show(request: Request) -> Response:
    """The touchpoints of the part of the thread that the page has loaded (`since`, `until`: the orders of its first and
    last message, "" where it goes to that end)."""
    with reading() as db:
        head = _found(db, request)
        first, last = (place_of(request.query_params.get(name)) for name in ("since", "until"))
        ids = known.identities(db, head)
        times = _times(db, head, first, last)
        since, until = (place[0] if place else None for place in (first, last))
        found = known.between(db, ids, times, since=since, until=until, most=MOST)
        groups = [Touched(group.rows, group.more) for _, group in sorted(found.items())]
        return partial(request, "inbox/_touched.html", groups=groups)


def _times(
    db: Session, head: Conversation, first: tuple[datetime, int] | None, last: tuple[datetime, int] | None
) -> list[datetime]:
    """When the messages of this part were said, in order."""
    key = tuple_(Message.sent_at, Message.id)
    wanted = select(Message.sent_at).where(Message.conversation_id.in_(family_ids(db, head) or [head.id]))
    wanted = wanted.where(key >= tuple_(*first)) if first else wanted
    wanted = wanted.where(key <= tuple_(*last)) if last else wanted
    newest = wanted.order_by(Message.sent_at.desc(), Message.id.desc()).limit(LOADED)
    return list(db.scalars(newest))[::-1]


def listed(request: Request) -> Response:
    """What the customer did, the newest first; more behind a cursor."""
    with reading() as db:
        head = _found(db, request)
        after = request.query_params.get("after")
        try:
            page = known.page(db, known.identities(db, head), after, LISTED)
        except BadCursor:
            page = known.page(db, known.identities(db, head), None, LISTED)
        return partial(request, "inbox/_touchpoint_list.html", page=page, conversation_id=head.id)


def context(request: Request) -> Response:
    """What the shops' own systems say of the customer, asked now or a moment ago."""
    with reading() as db:
        head_id = _found(db, request).id
    return partial(request, "inbox/_context.html", told=asking.about(head_id))


def _found(db: Session, request: Request) -> Conversation:
    viewer: Agent = request.state.viewer
    return queries.conversation_for(db, viewer, path_id(request))


routes = [
    Route("/conversations/{id:int}/touched", show, methods=["GET"]),
    Route("/conversations/{id:int}/touchpoints", listed, methods=["GET"]),
    Route("/conversations/{id:int}/context", context, methods=["GET"]),
]
