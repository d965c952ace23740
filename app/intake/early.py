"""Reactions that overtake their message: kept, and put on it once it is there, or known to be ours.

The clock looks after them; what never finds its message within a day is forgotten.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from app import connect, customers, inbox
from app.db import now, reading, transaction
from app.intake.said import key
from app.models import Channel, Delivery, DeliveryRef, EarlyReaction, Message
from app.text import one_line
from channels import base

LASTS = timedelta(days=1)
A_ROUND = 200
MAX_EMOJI = 64


def keep(db: Session, channel: Channel, event: base.Reaction) -> None:
    """Remember it until its message comes."""
    kind, scope, address = connect.address(channel, event.sender)
    db.add(
        EarlyReaction(
            channel_id=channel.id,
            external_id=key(event.external_id),
            kind=kind,
            scope=scope,
            address=address,
            emoji=one_line(event.emoji, MAX_EMOJI),
            is_on=event.on,
            at=event.at or now(),
        )
    )
    db.flush()


def settle() -> int:
    """Put on what has found its message, forget what is too old; returns how many were put on. Run by the clock."""
    with reading() as db:
        found = {id: message for wanted in (_of_theirs(), _of_ours()) for id, message in db.execute(wanted)}
        old = db.scalar(select(EarlyReaction.id).where(EarlyReaction.created_at < now() - LASTS).limit(1))
    if old is not None:
        with transaction() as db:
            db.execute(delete(EarlyReaction).where(EarlyReaction.created_at < now() - LASTS))
    return sum(_put(id, message) for id, message in sorted(found.items()))


def _put(id: int, message_id: int) -> bool:
    """Whoever takes the row puts it on."""
    with transaction() as db:
        row = db.get(EarlyReaction, id)
        taken = db.execute(delete(EarlyReaction).where(EarlyReaction.id == id))
        if row is None or taken.rowcount != 1:  # type: ignore[attr-defined]
            return False
        who = customers.find(db, row.kind, row.scope, row.address)
        if who is None:
            return False  # of somebody who never wrote
        return inbox.react(db, db.get_one(Message, message_id), who, row.emoji, row.is_on, row.at)


def _of_theirs() -> Select[int, int]:
    both = (Message.channel_id == EarlyReaction.channel_id) & (
        Message.external_id == EarlyReaction.external_id
    )
    wanted = select(EarlyReaction.id, Message.id).join(Message, both)
    return wanted.order_by(EarlyReaction.id).limit(A_ROUND)


def _of_ours() -> Select[int, int]:
    both = (DeliveryRef.channel_id == EarlyReaction.channel_id) & (
        DeliveryRef.external_id == EarlyReaction.external_id
    )
    wanted = select(EarlyReaction.id, Delivery.message_id).join(DeliveryRef, both)
    mine = wanted.join(Delivery, Delivery.id == DeliveryRef.delivery_id)
    return mine.order_by(EarlyReaction.id).limit(A_ROUND)
