"""Whether a visitor is still there, so that an answer to somebody who left is marked for the mail."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app import afterwards, connect
from app.db import now
from app.models import Channel, Customer, Identity, Message, Visitor

HERE = timedelta(seconds=150)  # sockets are touched every minute
TOUCH_EVERY = 60.0  # seconds


def touch(db: Session, visitors: Collection[int]) -> None:
    """These visitors have an open line now."""
    db.execute(update(Visitor).where(Visitor.id.in_(visitors)).values(last_seen_at=now()))


def mark_if_gone(db: Session, message: Message) -> bool:
    """Mark an answer to a visitor who has gone and left an email address; True if it was marked.

    The message's context then says ``visitor_gone`` and ``address``: mail will carry it.
    """
    channel = db.get(Channel, message.channel_id) if message.channel_id else None
    if channel is None or not connect.features(channel).live or message.identity_id is None:
        return False
    here = select(func.max(Visitor.last_seen_at)).where(
        Visitor.revoked_at.is_(None),
        or_(Visitor.identity_id == message.identity_id, Visitor.proved_identity_id == message.identity_id),
    )
    last = db.scalar(here)
    address = address_of(db, db.get_one(Identity, message.identity_id).customer_id)
    if (last is not None and last > now() - HERE) or not address:
        return False
    message.context = {**message.context, "visitor_gone": True, "address": address}
    afterwards.remember(db, message, address)
    return True


def address_of(db: Session, customer_id: int) -> str:
    """The email address a customer is known by, proved before merely said; "" if there is none."""
    best = (
        select(Identity.address)
        .filter_by(customer_id=customer_id, kind="email")
        .order_by(Identity.proof.desc())
    )
    proved = db.scalars(best.limit(1)).first()
    said = db.get_one(Customer, customer_id).attributes.get("email", {})
    return str(proved or said.get("value", ""))
