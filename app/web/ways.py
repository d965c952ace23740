"""The ways to a customer, and how each reaches them right now."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect
from app.db import now
from app.i18n import gettext
from app.inbox import allowance
from app.inbox.ways import closes_at, ways
from app.models import Agent, Channel, Conversation, Identity, Visitor
from app.models.consent import SERVICE
from app.web.consent_rows import ways_withheld
from app.web.envelopes import Envelope, envelope
from app.web.rows import Sign, sign_of

HERE = timedelta(seconds=150)
ONLY_RECEIVES = "Only receives: nothing can be sent from here"


@dataclass(frozen=True)
class Way:
    """A way to the customer and, in a few words, how it reaches them now.

    `closes_at`: until when the platform takes an answer there, None where it always does. `templates`: it takes
    approved ones at any time. `left` of `most` messages are taken until the customer writes, None where they are not
    counted. `measured`: what is sent is charged by its parts; `longest`: units of one message.
    `withheld`: the purposes for which the customer wants nothing there, or has not agreed to anything. `whom`: the
    address in words, where the channel leads to several.
    """

    channel_id: int
    identity_id: int
    sign: Sign
    reach: str
    closes_at: datetime | None = None
    left: int | None = None
    most: int | None = None
    envelope: Envelope | None = None
    formats: bool = False
    unreachable: str = ""
    templates: bool = False
    measured: bool = False
    longest: int | None = None
    withheld: Sequence[str] = ()
    whom: str = ""

    @property
    def unwanted(self) -> bool:
        """Whether the customer wants no answer there."""
        return SERVICE in self.withheld

    @property
    def closed(self) -> bool:
        return self.left == 0 or (self.closes_at is not None and self.closes_at <= now())


def ways_of(db: Session, viewer: Agent, head: Conversation, *, whose: Identity | None = None) -> list[Way]:
    """One for each channel that leads to the customer, the one they used last first; where several of a linked thread
    have one, that of `whose` it is to be."""
    found: dict[int, Way] = {}
    every = ways(db, head)
    if whose is not None:
        every.sort(key=lambda way: (way[0].id != whose.id, way[0].customer_id != whose.customer_id))
    withheld = ways_withheld(db, every)
    leads = Counter(channel.id for _, channel in every)
    for identity, channel in every:
        if channel.id not in found:
            made = _way(db, viewer, head, identity, channel)
            whom = connect.spelled(identity) if leads[channel.id] > 1 and made.envelope is None else ""
            found[channel.id] = replace(made, withheld=withheld[identity.id, channel.id], whom=whom)
    return list(found.values())


def _way(db: Session, viewer: Agent, head: Conversation, identity: Identity, channel: Channel) -> Way:
    features = connect.features(channel)
    return Way(
        channel.id,
        identity.id,
        sign_of(channel),
        _reach(db, viewer, identity, channel),
        closes_at=None if identity.unreachable else closes_at(identity, channel),
        left=None if identity.unreachable else allowance.left(db, identity, channel),
        most=features.window_messages,
        envelope=envelope(db, head, identity, channel, viewer.locale) if features.copies else None,
        formats=features.html,
        unreachable=identity.unreachable or (ONLY_RECEIVES if connect.only_receives(channel) else ""),
        templates=connect.has_templates(channel),
        measured=connect.measures(channel),
        longest=features.max_length,
    )


def _reach(db: Session, viewer: Agent, identity: Identity, channel: Channel) -> str:
    if identity.unreachable:
        return gettext(viewer.locale, "Nothing arrives at this address any more")
    if connect.only_receives(channel):
        return gettext(viewer.locale, ONLY_RECEIVES)
    if connect.features(channel).live:
        seen = visitor_of(db, [identity.id])
        here = seen is not None and seen.last_seen_at > now() - HERE
        said = "On the site now" if here else "Has left the site; sees it on the next visit"
        return gettext(viewer.locale, said)
    return gettext(viewer.locale, "Reaches them at any time")


def passed_over(head: Conversation, ways: Sequence[Way]) -> Sign | None:
    """The channel the customer wrote by last, where it is not the way proposed because nothing can be sent there."""
    if not ways or head.last_channel_id in (None, ways[0].channel_id):
        return None
    last = next((way for way in ways if way.channel_id == head.last_channel_id), None)
    return last.sign if last and (last.unreachable or last.closes_at or last.unwanted) else None


def visitor_of(db: Session, identities: Sequence[int]) -> Visitor | None:
    """The latest browser of one of these identities."""
    mine = Visitor.identity_id.in_(identities) | Visitor.proved_identity_id.in_(identities)
    latest = select(Visitor).where(mine, Visitor.revoked_at.is_(None)).order_by(Visitor.last_seen_at.desc())
    return db.scalars(latest.limit(1)).first()
