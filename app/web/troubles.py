"""Requests that became nothing, as the pages of channels tell of them."""

from collections import Counter

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Channel, RawReceipt

TROUBLE = ("failed", "refused")  # states of requests an admin may want to look at
SHOWN = 20
COUNT_TO = 1000
BEGINNING = 4000  # bytes of a body that are shown


def trouble_of(db: Session, channel: Channel) -> list[tuple[RawReceipt, str]]:
    """The latest requests that became nothing, each with the beginning of its body as text."""
    mine = select(RawReceipt).where(RawReceipt.channel_id == channel.id, RawReceipt.state.in_(TROUBLE))
    latest = db.scalars(mine.order_by(RawReceipt.id.desc()).limit(SHOWN))
    return [(one, one.body[:BEGINNING].decode("utf-8", "replace")) for one in latest]


def trouble_counts(db: Session) -> dict[int, int]:
    """How many of the latest requests that could not be read are each channel's. Refused ones are not ours to
    repair."""
    failed = select(RawReceipt.channel_id).where(RawReceipt.state == "failed")
    return Counter(db.scalars(failed.order_by(RawReceipt.id.desc()).limit(COUNT_TO)))
