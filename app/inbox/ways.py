"""By which ways a customer can be written to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family
from app.db import now
from app.events import record
from app.inbox import allowance, consents
from app.inbox.holding import CHANGED, Refused, hold
from app.models import Channel, Conversation, Identity, Message
from app.models.consent import SERVICE
from app.models.message import INBOUND
from app.text import clean

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
CLOSED = "The platform takes no answer there any more: the customer has to write first. Choose another way."
SPENT = "All %(most)s messages that the platform takes until the customer writes again are sent. Choose another way."
ONLY_TEMPLATES = "The platform takes only approved templates there now. Send one, or choose another way."
NO_TEMPLATES = "There are no templates this way. Choose another one."
NOTHING_ARRIVES = "Nothing arrives at this address any more."


def ways(db: Session, head: Conversation, purpose: str = SERVICE) -> list[tuple[Identity, Channel]]:
    """Every way this customer can be written to, the one they used last first, and last those where nothing arrives,
    goes, or may be written any more, or they want nothing written for this purpose."""
    return _ways(db, head, purpose)[0]


def _ways(
    db: Session, head: Conversation, purpose: str
) -> tuple[list[tuple[Identity, Channel]], set[tuple[int, int]]]:
    """:func:`ways`, and those of them by which they want nothing, see :func:`consents.unwilling`."""
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
    found = [(one, channel) for one in identities for channel in channels if reaches(one, channel)]
    unwilling = consents.unwilling(db, found, purpose)
    inorder = sorted(
        found,
        key=lambda way: (
            (way[0].id, way[1].id) in unwilling,
            bool(way[0].unreachable) or is_closed(db, *way) or connect.only_receives(way[1]),
            way[1].id != head.last_channel_id,
            way[0].id != last,
            -way[0].proof,
        ),
    )
    return inorder, unwilling


def route(
    db: Session,
    head: Conversation,
    channel_id: int | None,
    *,
    template: bool = False,
    purpose: str = SERVICE,
    to: int | None = None,
) -> tuple[Identity, Channel]:
    """The identity and channel a person's reply goes by; a `template` also where the time to answer is over. `to` is
    the id of the identity that was chosen (None: as it fits). Raises :class:`Refused`, also where they do not want to
    be written to for this `purpose`, and (409) where `to` is none of theirs any more."""
    every, unwilling = _ways(db, head, purpose)
    found = [way for way in every if channel_id in (None, way[1].id)]
    if not found:
        raise Refused("This customer cannot be reached this way. Choose another channel.", field="channel_id")
    if to is not None:
        found = [way for way in found if way[0].id == to]
        if not found:
            raise Refused(CHANGED, status=409)
    willing = [way for way in every if (way[0].id, way[1].id) not in unwilling]
    found = [way for way in found if way in willing] or found[:1]
    if found[0] not in willing:
        names = dict.fromkeys(channel.name for _, channel in willing)
        consents.refuse_unwilling(db, *found[0], purpose, tuple(names))
    if template:
        return _with_templates(found)
    identity, channel = found[0]
    if is_closed(db, identity, channel):
        raise _refusal(identity, channel)
    return identity, channel


def _refusal(identity: Identity, channel: Channel) -> Refused:
    if connect.has_templates(channel):
        return Refused(ONLY_TEMPLATES, field="template")
    if _is_over(identity, channel):
        return Refused(CLOSED, field="channel_id")
    return Refused(SPENT, field="channel_id", most=connect.features(channel).window_messages)


def _with_templates(found: Sequence[tuple[Identity, Channel]]) -> tuple[Identity, Channel]:
    for identity, channel in found:
        if connect.has_templates(channel):
            return identity, channel
    raise Refused(NO_TEMPLATES)


def closes_at(identity: Identity, channel: Channel) -> datetime | None:
    """Until when a person may answer there, in the past once that is over; None where there is no such time.

    The platform counts from what the customer wrote last; who never wrote there cannot be answered there.
    """
    features = connect.features(channel)
    window = features.person_window or features.reply_window
    if window is None:
        return None
    return identity.wrote_at + window if identity.wrote_at else NEVER


def is_closed(db: Session, identity: Identity, channel: Channel) -> bool:
    """Whether the platform takes no answer of a person there any more: the time is over, or it has had its number."""
    return _is_over(identity, channel) or allowance.left(db, identity, channel) == 0


def _is_over(identity: Identity, channel: Channel) -> bool:
    until = closes_at(identity, channel)
    return until is not None and until <= now()


def unreach(db: Session, identity: Identity, reason: str) -> None:
    """Nothing arrives at this address any more, and why, in words."""
    identity.unreachable, identity.unreachable_at = clean(reason)[:500] or NOTHING_ARRIVES, now()
    _tell(db, identity)


def reach(db: Session, identity: Identity) -> None:
    """Something arrives there again."""
    if identity.unreachable:
        identity.unreachable, identity.unreachable_at = "", None
        _tell(db, identity)


def _tell(db: Session, identity: Identity) -> None:
    head = hold(db, family.conversation_of(db, identity.customer_id))
    record(db, "customer.changed", head, unreachable=identity.address if identity.unreachable else "")


def reaches(identity: Identity, channel: Channel) -> bool:
    """Whether the channel leads to this address at all."""
    features = connect.features(channel)
    if features.inbound_only:
        return False
    if identity.scope:
        return identity.scope in connect.scopes(channel)
    return identity.kind == connect.identity_kind(channel)
