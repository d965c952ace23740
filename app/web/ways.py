"""The ways to a customer, and how each reaches them right now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.db import now
from app.i18n import gettext
from app.inbox.ways import ways
from app.models import Agent, Channel, Conversation, Identity, Visitor
from app.web.envelopes import Envelope, envelope
from app.web.rows import Sign, sign_of

HERE = timedelta(seconds=150)


@dataclass(frozen=True)
class Way:
    """A way to the customer and, in a few words, how it reaches them now."""

    channel_id: int
    sign: Sign
    reach: str
    envelope: Envelope | None = None
    formats: bool = False
    unreachable: str = ""


def ways_of(db: Session, viewer: Agent, head: Conversation) -> list[Way]:
    """One for each channel that leads to the customer, the one they used last first."""
    found: dict[int, Way] = {}
    for identity, channel in ways(db, head):
        if channel.id not in found:
            found[channel.id] = _way(db, viewer, head, identity, channel)
    return list(found.values())


def _way(db: Session, viewer: Agent, head: Conversation, identity: Identity, channel: Channel) -> Way:
    features = connect.features(channel)
    return Way(
        channel.id,
        sign_of(channel),
        _reach(db, viewer, head, identity, channel),
        envelope=envelope(db, head, identity, channel, viewer.locale) if features.copies else None,
        formats=features.html,
        unreachable=identity.unreachable,
    )


def _reach(db: Session, viewer: Agent, head: Conversation, identity: Identity, channel: Channel) -> str:
    if identity.unreachable:
        return gettext(viewer.locale, "Nothing arrives at this address any more")
    features = connect.features(channel)
    if features.live:
        seen = visitor_of(db, [identity.id])
        here = seen is not None and seen.last_seen_at > now() - HERE
        said = "On the site now" if here else "Has left the site; sees it on the next visit"
        return gettext(viewer.locale, said)
    if features.reply_window and head.last_message_at:
        left = head.last_message_at + features.reply_window - now()
        if left.total_seconds() <= 0:
            return gettext(viewer.locale, "The reply window is closed")
        hours, minutes = divmod(int(left.total_seconds()) // 60, 60)
        return gettext(viewer.locale, "%(time)s left to reply", time=f"{hours}:{minutes:02}")
    return gettext(viewer.locale, "Reaches them at any time")


def visitor_of(db: Session, identities: Sequence[int]) -> Visitor | None:
    """The latest browser of one of these identities."""
    mine = Visitor.identity_id.in_(identities) | Visitor.proved_identity_id.in_(identities)
    latest = select(Visitor).where(mine, Visitor.revoked_at.is_(None)).order_by(Visitor.last_seen_at.desc())
    return db.scalars(latest.limit(1)).first()
