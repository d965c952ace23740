"""By which ways a customer can be written to."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family
from app.inbox.holding import Refused
from app.models import Channel, Conversation, Identity, Message
from app.models.message import INBOUND


def ways(db: Session, head: Conversation) -> list[tuple[Identity, Channel]]:
    """Every way this customer can be written to, the one they used last first, and last those where nothing arrives."""
    members = [row.customer_id for row in family.family(db, head)]
    identities = list(db.scalars(select(Identity).where(Identity.customer_id.in_(members))))
    channels = list(db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)))
    last = db.scalars(
        select(Message.identity_id)
        .where(
            Message.conversation_id.in_(family.family_ids(db, head)),
            Message.kind == INBOUND,
            Message.identity_id.is_not(None),
        )
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    ).first()
    found = [(one, channel) for one in identities for channel in channels if _reaches(one, channel)]
    return sorted(
        found,
        key=lambda way: (
            bool(way[0].unreachable),
            way[1].id != head.last_channel_id,
            way[0].id != last,
            -way[0].proof,
        ),
    )


def route(db: Session, head: Conversation, channel_id: int | None) -> tuple[Identity, Channel]:
    """The identity and channel a reply goes by. Raises :class:`Refused`."""
    for identity, channel in ways(db, head):
        if channel_id in (None, channel.id):
            return identity, channel
    raise Refused("This customer cannot be reached this way. Choose another channel.")


def _reaches(identity: Identity, channel: Channel) -> bool:
    features = connect.features(channel)
    if features.inbound_only:
        return False
    if identity.scope:
        return identity.scope in connect.scopes(channel)
    return identity.kind == connect.identity_kind(channel)
