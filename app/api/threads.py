"""Conversations and messages as shapes: many at once, with a fixed number of look-ups whatever their number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import queries
from app.api import shapes
from app.api.shapes import ConversationShape, LinkShape, MessageShape
from app.inbox import reactions_of
from app.inbox.labels import labels_of
from app.models import (
    Agent,
    Attachment,
    Conversation,
    Delivery,
    Event,
    Message,
)


def conversation(db: Session, viewer: Agent, row: Conversation) -> ConversationShape:
    """One that `viewer` may see."""
    (made,) = conversations(db, viewer, [row])
    return made


def conversations(db: Session, viewer: Agent, rows: Sequence[Conversation]) -> list[ConversationShape]:
    """Those of a list, all of which `viewer` may see."""
    db.flush()
    customers, labels = queries.customers_of(db, rows), labels_of(db, [row.id for row in rows])
    unread, touched = queries.unread(db, viewer, rows), _touched(db, rows)
    return [
        shapes.same(
            ConversationShape,
            row,
            customer_name=customers[row.customer_id].name,
            channel_id=row.last_channel_id,
            labels=[shapes.label(one) for one in labels.get(row.id, ())],
            unread=unread[row.id],
            preview=row.last_preview,
            updated_at=touched.get(row.last_event_id, row.created_at),
        )
        for row in rows
    ]


def _touched(db: Session, rows: Sequence[Conversation]) -> dict[int, datetime]:
    wanted = select(Event.id, Event.at).where(Event.id.in_([row.last_event_id for row in rows]))
    return dict(db.execute(wanted).all())


def message(db: Session, row: Message) -> MessageShape:
    """One of a thread that may be seen."""
    (made,) = messages(db, [row])
    return made


def messages(db: Session, rows: Sequence[Message]) -> list[MessageShape]:
    """Those of a page, with their files and what became of their sending."""
    db.flush()
    ids = [row.id for row in rows]
    sent = {one.message_id: one for one in db.scalars(select(Delivery).where(Delivery.message_id.in_(ids)))}
    files: dict[int | None, list[Attachment]] = defaultdict(list)
    for file in db.scalars(select(Attachment).where(Attachment.message_id.in_(ids)).order_by(Attachment.id)):
        files[file.message_id].append(file)
    put = reactions_of(db, ids)
    return [
        shapes.same(
            MessageShape,
            row,
            quick_replies=[str(one) for one in row.quick_replies or ()],
            links=[
                LinkShape(label=str(one.get("label", "")), url=str(one["url"])) for one in row.links or ()
            ],
            context=row.context or {},
            reactions=[shapes.reaction(one) for one in put.get(row.id, ())],
            attachments=[shapes.attachment(file) for file in files[row.id]],
            delivery=shapes.delivery(sent[row.id]) if row.id in sent else None,
        )
        for row in rows
    ]
