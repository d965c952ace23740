"""The ids messages are known by at their providers, theirs and ours."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.db import insert_missing
from app.models import Channel, Delivery, DeliveryRef, Message, MessageRef, MessageSource
from app.models.message import OUTBOUND

LIMIT = 512  # of an id as it is stored


@dataclass(frozen=True)
class Known:
    """Provider's id → conversation of the message: `ours` of what we sent, `theirs` of what came in; `at`: when."""

    ours: dict[str, int] = field(default_factory=dict)
    theirs: dict[str, int] = field(default_factory=dict)
    at: dict[str, datetime] = field(default_factory=dict)

    def conversation(self, id: str) -> int | None:
        """Where the message of this id stands. Our own ids cannot be made up, so they go first."""
        stored = stored_as(id)
        return self.ours.get(stored, self.theirs.get(stored))

    def said_at(self, id: str) -> datetime | None:
        """When the message of this id was said, if we know it."""
        return self.at.get(stored_as(id))

    def is_ours(self, id: str) -> bool:
        """Whether we sent it."""
        return stored_as(id) in self.ours


def stored_as(id: str) -> str:
    """A provider's id as the tables have it."""
    return connect.fitting(id, LIMIT)


def look_up(db: Session, channel: Channel, ids: Collection[str]) -> Known:
    """Those of these ids that are known on a channel of this kind."""
    if not ids:
        return Known()
    stored, channels = {stored_as(id) for id in ids}, connect.siblings(db, channel)
    ours = (
        select(DeliveryRef.external_id, Message.conversation_id, Message.sent_at)
        .join(Delivery, Delivery.id == DeliveryRef.delivery_id)
        .join(Message, Message.id == Delivery.message_id)
        .where(DeliveryRef.channel_id.in_(channels), DeliveryRef.external_id.in_(stored))
    )
    theirs = (
        select(MessageRef.external_id, Message.conversation_id, Message.sent_at)
        .join(Message, Message.id == MessageRef.message_id)
        .where(MessageRef.channel_id.in_(channels), MessageRef.external_id.in_(stored))
    )
    sent, came = db.execute(ours).all(), db.execute(theirs).all()
    return Known(
        {row.external_id: row.conversation_id for row in sent},
        {row.external_id: row.conversation_id for row in came},
        {row.external_id: row.sent_at for row in (*came, *sent)},
    )


def answering(db: Session, said: Sequence[Message], others: Sequence[Message]) -> list[Message]:
    """Those of `others` that answer one of `said`, or one that answers it, and so on."""
    if not said or not others:
        return []
    ids = _ids(db, [one.id for one in (*said, *others)])
    sources = select(MessageSource.message_id, MessageSource.answers)
    rows = db.execute(sources.where(MessageSource.message_id.in_([one.id for one in others])))
    answers = {row.message_id: set(row.answers or ()) for row in rows}
    known = {id for one in said for id in ids.get(one.id, ())}
    found: dict[int, Message] = {}
    grown = True
    while grown:
        fresh = [
            one for one in others if one.id not in found and not known.isdisjoint(answers.get(one.id, ()))
        ]
        found |= {one.id: one for one in fresh}
        known |= {id for one in fresh for id in ids.get(one.id, ())}
        grown = bool(fresh)
    return list(found.values())


def _ids(db: Session, messages: Collection[int]) -> dict[int, set[str]]:
    """Message → every id it is known by."""
    came = select(MessageRef.message_id, MessageRef.external_id).where(MessageRef.message_id.in_(messages))
    sent = select(Delivery.message_id, DeliveryRef.external_id).join(
        DeliveryRef, DeliveryRef.delivery_id == Delivery.id
    )
    found: dict[int, set[str]] = {}
    for wanted in (came, sent.where(Delivery.message_id.in_(messages))):
        for message_id, id in db.execute(wanted):
            found.setdefault(message_id, set()).add(id)
    return found


def learn(db: Session, channel: Channel, conversation_id: int, id: str) -> None:
    """Servers on the way may give a message of ours another id. An answer that names it and carries our mark tells of
    it: from now on it stands for what we sent there last."""
    sent = select(Message.id).where(Message.conversation_id == conversation_id, Message.kind == OUTBOUND)
    ours = sent.where(Message.channel_id.in_(connect.siblings(db, channel)))
    last = db.scalar(ours.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))
    if last is not None:
        row = {"channel_id": channel.id, "external_id": stored_as(id), "message_id": last}
        insert_missing(db, MessageRef, [row])
