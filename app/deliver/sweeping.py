"""What was left behind: claims of workers that died, and channels with something due."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from app import connect
from app.db import now, reading, transaction
from app.deliver import claiming
from app.deliver.claiming import channel_is_open, ready
from app.deliver.standing import become, held, put, tell
from app.models import Channel, Delivery
from app.models.delivery import QUEUED, SENDING, UNKNOWN

AHEAD = timedelta(seconds=5)  # the clocks of two machines may differ by so much


def sweep() -> set[int]:
    """Find what was left behind: claims of dead workers, and channels with something due. Returns their ids.

    A stale claim may have reached the provider: only where the kind is idempotent is it sent again by itself.
    """
    _put_right()
    with reading() as db:
        stale = db.scalars(select(Delivery.id).where(_stale()).order_by(Delivery.id).limit(500)).all()
    for delivery_id in stale:
        with transaction() as db:
            _give_up(db, held(db, delivery_id))
    with reading() as db:
        return set(db.scalars(select(Delivery.channel_id).where(ready(), channel_is_open()).distinct()))


def _put_right() -> None:
    """What a clock wrote that was ahead and has been put back since is due now, not when that time comes."""
    ahead = and_(Delivery.state == QUEUED, Delivery.updated_at > now() + AHEAD)
    with reading() as db:
        if db.scalar(select(Delivery.id).where(ahead).limit(1)) is None:
            return
    with transaction() as db:
        db.execute(update(Delivery).where(ahead).values(next_at=now(), updated_at=now()))


def _stale() -> ColumnElement[bool]:
    """Claimed too long ago, or in a future that no clock but a wrong one can have told."""
    late = or_(Delivery.claimed_at < now() - claiming.STALE, Delivery.claimed_at > now() + claiming.STALE)
    return and_(Delivery.state == SENDING, late)


def _give_up(db: Session, delivery: Delivery) -> None:
    if (
        delivery.state != SENDING
        or delivery.claimed_at is None
        or abs(now() - delivery.claimed_at) <= claiming.STALE
    ):
        return  # the worker lived after all
    channel = db.get_one(Channel, delivery.channel_id)
    if connect.features(channel).idempotent:
        delivery.next_at = now()  # it was due when it was claimed, by whichever clock
        put(delivery, QUEUED, "")
        tell(db, delivery, uncertain=True)
    else:
        become(db, delivery, UNKNOWN, "Sending was interrupted: we do not know whether it arrived.")
