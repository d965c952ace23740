"""How many messages a platform still takes until the customer writes again."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from app import connect
from app.inbox.holding import Refused
from app.models import Attachment, Channel, Conversation, Delivery, DeliveryRef, Identity, Message
from app.models.delivery import FAILED
from app.models.message import OUTBOUND
from channels import base

TOO_MANY = (
    "This goes as %(needed)s messages, and the platform takes only %(left)s more until the customer writes."
)


def left(db: Session, identity: Identity, channel: Channel) -> int | None:
    """How many it still takes; None where it does not count them.

    What failed was not taken. What nobody knows to have arrived counts, and so does what was said with another tool.
    """
    features = connect.features(channel)
    if features.window_messages is None:
        return None
    return max(0, features.window_messages - _used(db, identity, channel, features))


def refuse_beyond(
    db: Session, identity: Identity, channel: Channel, message: Message, files: Sequence[Attachment]
) -> None:
    """Raises :class:`Refused` where `message`, with these files, makes more messages than are left."""
    remaining = left(db, identity, channel)
    needed = _makes(connect.features(channel), message.text, files)
    if remaining is not None and needed > remaining:
        raise Refused(TOO_MANY, needed=needed, left=remaining)


def _used(db: Session, identity: Identity, channel: Channel, features: base.Features) -> int:
    if identity.wrote_at is None:
        return 0
    known = select(func.count(DeliveryRef.external_id)).where(DeliveryRef.delivery_id == Delivery.id)
    said = (
        select(Message, known.correlate(Delivery).scalar_subquery())
        .outerjoin(Delivery, Delivery.message_id == Message.id)
        .where(
            Message.conversation_id.in_(select(Conversation.id).filter_by(customer_id=identity.customer_id)),
            Message.kind == OUTBOUND,
            Message.identity_id == identity.id,
            Message.channel_id == channel.id,
            Message.sent_at >= identity.wrote_at,
            or_(Delivery.state.is_(None), Delivery.state != FAILED),
        )
    )
    rows = db.execute(said).all()
    return sum(sent or _makes(features, one.text, _files(db, one)) for one, sent in rows)


def _files(db: Session, message: Message) -> Sequence[Attachment]:
    return db.scalars(select(Attachment).filter_by(message_id=message.id)).all()


def _makes(features: base.Features, text: str, files: Sequence[Attachment]) -> int:
    """How many messages of the platform a message of ours makes; a file that goes as a link is none."""
    plain = [base.Attachment(one.name, one.content_type, size=one.size) for one in files]
    carried = [one for one in plain if features.carry(one)]
    return max(1, len(base.split_text(text, features)) + len(carried))
