"""The draft of an answer: one an agent and conversation, the same on every device."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from app import inbox
from app.api.kinds import Given, Id, Shape, Time
from app.inbox.participants import MOST_COPIES
from app.inbox.receiving import MAX_TEXT
from app.models import Conversation, Draft
from app.web.api.conversations import found
from app.web.api.framework import Call, endpoint
from app.web.api.messages import CopyIn
from app.web.letters import parties
from channels.base import Participant

TAG = "Messages"
HERE = "/conversations/{conversation_id}/draft"
Kind = Literal["outbound", "note"]


class DraftCopyShape(Shape):
    """Somebody else who is to get it, as typed."""

    address: str
    name: str
    role: str


class DraftShape(Shape):
    """What your agent has typed and chosen and not sent; none: an empty text of version 0. `subject`: null where it is
    left as it is offered."""

    conversation_id: int
    kind: Kind
    text: str
    channel_id: int | None
    copies: list[DraftCopyShape]
    subject: str | None
    version: int
    updated_at: Time | None


class DraftIn(Given):
    """What is typed, as an answer or a note; `copies` and `subject` as in a reply. What is left out is not kept."""

    text: Annotated[str, Meta(max_length=MAX_TEXT)]
    kind: Kind = "outbound"
    channel_id: Id | None = None
    copies: Annotated[list[CopyIn], Meta(max_length=MOST_COPIES)] = []
    subject: Annotated[str, Meta(max_length=300)] | None = None


@endpoint("GET", HERE, scope="conversations:read", tag=TAG)
def get_draft(call: Call, conversation_id: int) -> DraftShape:
    """Your agent's draft."""
    return _shape(call, found(call, conversation_id))


@endpoint("PUT", HERE, scope="conversations:write", tag=TAG, matched=True)
def put_draft(call: Call, conversation_id: int, body: DraftIn) -> DraftShape:
    """Keep a draft; the composer shows it on every device."""
    head = inbox.hold(call.db, found(call, conversation_id))
    seen = _shape(call, head)
    call.must_match(seen)
    inbox.save_draft(
        call.db,
        call.agent,
        head,
        body.text,
        kind=body.kind,
        channel_id=body.channel_id,
        version=seen.version,
        others=[Participant(one.address, one.name, one.role) for one in body.copies],
        subject=body.subject,
    )
    return _shape(call, head)


@endpoint("DELETE", HERE, scope="conversations:write", tag=TAG, matched=True)
def delete_draft(call: Call, conversation_id: int) -> None:
    """Throw the draft away."""
    head = inbox.hold(call.db, found(call, conversation_id))
    call.must_match(_shape(call, head))
    inbox.discard_draft(call.db, call.agent, head)


def _shape(call: Call, head: Conversation) -> DraftShape:
    row = call.db.get(Draft, (call.agent.id, head.id))
    if row is None:
        return DraftShape(head.id, "outbound", "", None, [], None, 0, None)
    kind: Kind = "note" if row.kind == "note" else "outbound"
    copies = [DraftCopyShape(one.address, one.name, one.role) for one in parties(row.more.get("others"))]
    subject = row.more.get("subject")
    return DraftShape(head.id, kind, row.text, row.channel_id, copies, subject, row.version, row.updated_at)
