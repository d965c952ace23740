"""What customers agree to, as shapes."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.api import shapes
from app.api.kinds import Shape, Time
from app.inbox.consents import unwilling
from app.inbox.purposes import purposes
from app.inbox.ways import reaches
from app.models import Channel, Consent, Identity


class ConsentShape(Shape):
    """That a customer agreed (`given`) or wanted no more. `channel_id` null: it is about every channel of
    `channel_kind`, and where that is "" about whichever leads to the address; `purpose` "": about every purpose.
    `message_id` is the message they said it in, `agent_id` who recorded it."""

    id: int
    identity_id: int
    channel_kind: str
    channel_id: int | None
    purpose: str
    given: bool
    source: str
    reason: str
    message_id: int | None
    agent_id: int | None
    at: Time


class WillingnessShape(Shape):
    """Whether an address may be written to by a channel for a purpose."""

    identity_id: int
    channel_id: int
    purpose: str
    agreed: bool


def consent(row: Consent) -> ConsentShape:
    return shapes.same(ConsentShape, row, channel_kind=row.kind)


def willingness(db: Session, identities: Sequence[Identity]) -> list[WillingnessShape]:
    """Of every way to these addresses."""
    channels = db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)).all()
    ways = [(one, channel) for one in identities for channel in channels if reaches(one, channel)]
    withheld = {one.key: unwilling(db, ways, one.key) for one in purposes(db)}
    return [
        WillingnessShape(identity.id, channel.id, key, (identity.id, channel.id) not in those)
        for identity, channel in ways
        for key, those in withheld.items()
    ]
