"""How far a delivery has come: its state only climbs, and whoever looks on is told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import family
from app.db import now
from app.events import Happening, record_all
from app.inbox import arrived, hold
from app.models import Conversation, Delivery, Event, Message
from app.models.delivery import DELIVERED, FAILED, LADDER, QUEUED, READ, SENT, UNKNOWN


def held(db: Session, delivery_id: int) -> Delivery:
    """The delivery as it stands, locked after its conversation: every verb takes the two in this order."""
    message_id = db.scalars(select(Delivery.message_id).where(Delivery.id == delivery_id)).one()
    hold_thread(db, message_id)
    return db.get_one(Delivery, delivery_id, with_for_update={"key_share": True}, populate_existing=True)


def hold_thread(db: Session, message_id: int) -> Conversation:
    """The conversation a message is shown in, locked until the transaction ends."""
    message = db.get_one(Message, message_id)
    return hold(db, db.get_one(Conversation, message.conversation_id))


def climb(db: Session, delivery: Delivery, state: str, reason: str = "", at: datetime | None = None) -> bool:
    """Let the state climb; a report of something earlier than what is known changes nothing.

    `failed` counts unless it was delivered already; a delivery that failed and is then reported delivered was.
    """
    climbed = climbs(delivery, state, reason)
    if climbed:
        tell(db, delivery)
    return climbed


def climbs(delivery: Delivery, state: str, reason: str = "") -> bool:
    """:func:`climb` without a word to anybody: whoever writes several down tells of them together."""
    if state == FAILED:
        higher = delivery.state not in (DELIVERED, READ, FAILED)
    else:
        known = LADDER.index(delivery.state) if delivery.state in LADDER else -1
        higher = state in LADDER and LADDER.index(state) > known and (delivery.state, state) != (FAILED, SENT)
    if higher:
        put(delivery, state, reason)
    return higher


def tell(db: Session, delivery: Delivery, *, uncertain: bool = False) -> None:
    """Something is known anew of it: how far it came, who did not get it."""
    delivery.updated_at = now()
    head = hold_thread(db, delivery.message_id)
    message = db.get_one(Message, delivery.message_id)
    arrived(db, head, message, delivery.state)
    record_all(db, [news(delivery, head, message, uncertain=uncertain)])


def become(db: Session, delivery: Delivery, state: str, sentence: str) -> None:
    """Put the state, wherever it stood, and tell of it; `sentence` is why, in English."""
    put(delivery, state, sentence)
    tell(db, delivery)


def put(delivery: Delivery, state: str, sentence: str) -> None:
    """:func:`become` without a word to anybody. Nobody holds a claim on what waits or is over."""
    delivery.state, delivery.error, delivery.updated_at = state, sentence, now()
    if state in (QUEUED, UNKNOWN, FAILED):
        delivery.claim, delivery.claimed_at = "", None


def news(delivery: Delivery, head: Conversation, message: Message, *, uncertain: bool = False) -> Happening:
    """What there is to tell, as :func:`app.events.record_all` takes it. `uncertain`: it is sent again under its key,
    and nobody knows whether it arrived before."""
    told: dict[str, Any] = {"state": delivery.state, "reason": delivery.error}
    again = {"uncertain": True} if uncertain and delivery.state == QUEUED else {}
    return Happening("delivery", head, message=message, data={**told, **again})


def may_have_arrived(db: Session, head: Conversation, delivery: Delivery) -> bool:
    """Whether it was put back into the line although nobody knew, since somebody last asked for it to be sent."""
    thread = family.family_ids(db, head)
    told = select(Event.kind, Event.data).where(
        Event.conversation_id.in_(thread),
        Event.message_id == delivery.message_id,
        Event.kind.in_(("delivery", "delivery.retried")),
    )
    for kind, data in db.execute(told.order_by(Event.id.desc())):
        if kind == "delivery.retried":
            return False
        if data.get("uncertain"):
            return True
    return False
