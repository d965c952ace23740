"""`/calls`: telephone calls, and what was noted of them."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Literal

from msgspec import Meta
from sqlalchemy import select

from app import inbox, queries
from app.api import shapes
from app.api.kinds import Given, Time
from app.api.shapes import CallResult, CallShape
from app.calls.known import LONGEST, MAX_TEXT
from app.calls.noting import Written, rewrite, write
from app.directory.paging import cursor_at, cut, in_time
from app.family import family_ids
from app.models import Call as Spoken
from app.models import Message
from app.queries import NotFound
from app.web.api.conversations import found
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of

TAG = "Telephone calls"
READ, WRITE = "conversations:read", "conversations:write"
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Line = Annotated[str, Meta(max_length=320)]


class CallIn(Given):
    """A call that no telephone system told of. Without a `number` it was withheld. `client_id` is yours: the same again
    changes nothing."""

    client_id: Annotated[str, Meta(min_length=1, max_length=64)]
    text: Text = ""
    disposition: Line = ""
    direction: Literal["in", "out"] = "in"
    result: CallResult = "answered"
    number: Line = ""
    started_at: Time | None = None
    talk_seconds: Annotated[int, Meta(ge=0, le=LONGEST)] | None = None


class CallNote(Given):
    """What is noted of a call; `result` left out stays."""

    text: Text
    disposition: Line = ""
    result: CallResult | None = None


@endpoint("GET", "/conversations/{conversation_id}/calls", scope=READ, tag=TAG)
def list_calls(call: Call, conversation_id: int, query: PageQuery) -> Page[CallShape]:
    """The calls of a conversation, the newest first."""
    head = found(call, conversation_id)
    mine = select(Spoken, Message).join(Message, Message.id == Spoken.message_id)
    mine = mine.where(Message.conversation_id.in_(family_ids(call.db, head)))
    ordered = in_time(mine, Message.sent_at, Message.id, query.after, newest_first=True)
    rows = call.db.execute(ordered.limit(query.limit + 1)).all()
    page = cut(rows, query.limit, lambda row: cursor_at(row[1].sent_at, row[1].id))
    return page_of(page, lambda row: shapes.call(row[0], row[1], head.id))


@endpoint("GET", "/calls/{call_id}", scope=READ, tag=TAG)
def get_call(call: Call, call_id: int) -> CallShape:
    """One call."""
    return _shape(call, _found(call, call_id))


@endpoint("POST", "/conversations/{conversation_id}/calls", scope=WRITE, tag=TAG, status=201)
def note_call(call: Call, conversation_id: int, body: CallIn) -> CallShape:
    """Note a call that is over. It stands in the thread, as one of your agent's."""
    head = found(call, conversation_id)
    written = Written(
        body.text,
        body.disposition,
        result=body.result,
        direction=body.direction,
        number=body.number,
        withheld="" if body.number else "withheld",
        started_at=body.started_at.astimezone(UTC) if body.started_at else None,
        seconds=body.talk_seconds,
    )
    made, _ = write(call.db, call.agent, head, written, body.client_id)
    return _shape(call, made)


@endpoint("PUT", "/calls/{call_id}/note", scope=WRITE, tag=TAG, matched=True)
def change_note(call: Call, call_id: int, body: CallNote) -> CallShape:
    """Note a call, or change its note. 403 where somebody else wrote it."""
    spoken = _found(call, call_id)
    inbox.hold(call.db, queries.message_for(call.db, call.agent, spoken.message_id)[1])
    call.db.refresh(spoken)
    call.must_match(_shape(call, spoken))
    rewrite(call.db, call.agent, spoken, Written(body.text, body.disposition, result=body.result))
    return _shape(call, spoken)


def _found(call: Call, call_id: int) -> Spoken:
    """Without access it does not exist."""
    spoken = call.db.get(Spoken, call_id) if 0 < call_id < queries.BIGGEST else None
    if spoken is None:
        raise NotFound(call_id)
    queries.message_for(call.db, call.agent, spoken.message_id)
    return spoken


def _shape(call: Call, spoken: Spoken) -> CallShape:
    message, head = queries.message_for(call.db, call.agent, spoken.message_id)
    return shapes.call(spoken, message, head.id)
