"""An event as everybody outside is told of it: `GET /events`, the stream and the webhooks say the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.api import shapes, threads
from app.api.kinds import Shape
from app.api.shapes import EventShape, MessageShape, Owner, Status
from app.models import Conversation, Customer, Event, Message

# What of an event's `data` is words of ours, whatever is written in the thread.
OURS = {
    *(
        "at",
        "case",
        "changed",
        "channel_kind",
        "due",
        "fields",
        "how",
        "kinds",
        "name",
        "outcome",
        "purposes",
    ),
    *("result", "source", "state", "task_kind", "to", "type", "until"),
}


class ConversationBrief(Shape):
    """The conversation an event shows in, as it is now. While two customers are linked, this is the thread of both,
    and its `id` may be another one than the event's `conversation_id`."""

    id: int
    customer_id: int
    customer_name: str
    status: Status
    owner: Owner
    assignee_id: int | None
    team_id: int | None


class ToldEvent(EventShape):
    """One change, with the message and the conversation it is about as they are now.

    `cursor` is its place in the order that all readers share: give it back as `after` to go on from here.
    """

    cursor: int
    message: MessageShape | None
    conversation: ConversationBrief | None


def told(db: Session, events: Sequence[tuple[int, Event]], *, texts: bool = True) -> list[ToldEvent]:
    """Events of the feed, each with its position, which whoever is told may see (:mod:`app.feed`). Without `texts`
    they are not told what was said or written, nor about whom."""
    rows = [event for _, event in events]
    said, heads = (_messages(db, rows), _conversations(db, rows)) if texts else ({}, {})
    return [
        shapes.same(
            ToldEvent,
            row,
            previous_id=row.prev_id,
            data=data_of(row, texts=texts),
            cursor=position,
            message=said.get(row.message_id or 0),
            conversation=heads.get(row.conversation_id or 0),
        )
        for position, row in events
    ]


def data_of(row: Event, *, texts: bool) -> dict[str, Any]:
    """What an event says. Without `texts`, of what happened in a thread, numbers and words of ours: no address, and
    nothing that anybody typed."""
    if texts or row.conversation_id is None:
        return row.data
    return {name: value for name, value in row.data.items() if _is_ours(row.kind, name, value)}


def _is_ours(kind: str, name: str, value: object) -> bool:
    numbers = value if isinstance(value, list) else [value]
    why = name == "reason" and kind == "handover"  # that of a delivery may hold an address
    return name in OURS or why or all(one is None or isinstance(one, bool | int) for one in numbers)


def _messages(db: Session, rows: Iterable[Event]) -> dict[int, MessageShape]:
    ids = {row.message_id for row in rows if row.message_id}
    if not ids:
        return {}
    found = db.scalars(select(Message).where(Message.id.in_(ids))).all()
    return {one.id: one for one in threads.messages(db, found)}


def _conversations(db: Session, rows: Iterable[Event]) -> dict[int, ConversationBrief]:
    ids = {row.conversation_id for row in rows if row.conversation_id}
    if not ids:
        return {}
    own = aliased(Conversation)
    wanted = (
        select(own.id, Conversation, Customer.name)
        .join(Conversation, Conversation.id == func.coalesce(own.head_id, own.id))
        .join(Customer, Customer.id == Conversation.customer_id)
        .where(own.id.in_(ids))
    )
    return {
        id: shapes.same(ConversationBrief, head, customer_name=name) for id, head, name in db.execute(wanted)
    }
