"""When the bot keeps silent because machines may be talking to machines.

Where a kind carries messages that programs send by themselves (mail), an answer of ours can set off another one, for
ever (RFC 3834, 2). What our connectors recognise as automatic is never answered; this is for what they do not
recognise: one answer an hour to a sender, unless a person spoke between, and a few an hour in a thread, whoever it is.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from app import connect
from app.db import now
from app.family import family_ids
from app.models import Channel, Conversation, Identity, Message
from app.models.message import OUTBOUND

WITHIN = timedelta(hours=1)
MOST = 3  # automatic messages in a thread within that time
CERTAINTY = 90  # percent that the bot must reach to answer by itself, where the channel says nothing else

REPEATED, TOO_MANY = "repeated", "too_many"


def must_be_silent(db: Session, channel: Channel, identity: Identity, head: Conversation) -> str:
    """Why nothing automatic may be said to this sender now: "repeated" or "too_many"; "" if it may."""
    if not connect.features(channel).suggests:
        return ""
    mine = Message.conversation_id.in_(family_ids(db, head))
    automatic = select(Message.id, Message.identity_id).where(
        mine, Message.author == "bot", Message.channel_id.in_(connect.siblings(db, channel)), _lately()
    )
    said = db.execute(automatic.order_by(Message.id.desc()).limit(MOST)).all()
    before = next((row.id for row in said if row.identity_id == identity.id), None)
    if before is not None and not _a_person_spoke(db, mine, before):
        return REPEATED
    return TOO_MANY if len(said) >= MOST else ""


def _lately() -> ColumnElement[bool]:
    return and_(Message.kind == OUTBOUND, Message.sent_at > now() - WITHIN)


def _a_person_spoke(db: Session, mine: ColumnElement[bool], since: int) -> bool:
    person = select(Message.id).where(mine, Message.author == "agent", Message.id > since, _lately())
    return db.scalar(person.limit(1)) is not None


def certainty(channel: Channel) -> float:
    """How certain the bot must be to answer here by itself, in percent; 0 where it answers whatever it would."""
    if not connect.features(channel).suggests:
        return 0.0
    told = channel.settings.get("bot_certainty", CERTAINTY)
    return float(told) if isinstance(told, int | float) else float(CERTAINTY)
