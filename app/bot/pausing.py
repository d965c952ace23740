"""Waiting for what else is said: a row says what was said so far and when it is answered, whoever is alive by then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app import connect
from app.db import now, reading
from app.models import BotPause, Channel, Conversation, Identity, Message

LONGEST = 4  # pauses that somebody who goes on writing is waited for, in all
MOST, MOST_WORDS = 12, 2000  # messages and characters that are answered together
BACK = timedelta(minutes=2)  # a row from so far in the future is of a clock that was put back


def of(channel: Channel) -> timedelta:
    """How long to wait there. Where the bot only suggests, people write letters, and nothing is waited for."""
    return timedelta(seconds=0 if connect.features(channel).suggests else max(0, channel.bot_pause))


def open_in(db: Session, head: Conversation) -> BotPause | None:
    """What the bot waits with in this thread, which is held."""
    return db.get(BotPause, head.id, populate_existing=True)


def fits(pause: BotPause, channel: Channel, identity: Identity, head: Conversation) -> bool:
    """Whether what they say now belongs to what they said before: by the same way, and no person was between."""
    same = (pause.channel_id, pause.identity_id, pause.epoch)
    return same == (channel.id, identity.id, head.owner_epoch)


def waited(db: Session, pause: BotPause | None) -> list[Message]:
    """What was said and not answered, as it stands now: what was taken back is not."""
    ids = pause.messages if pause else []
    found = db.scalars(select(Message).where(Message.id.in_(ids))) if ids else ()
    return sorted((one for one in found if one.removed_at is None), key=lambda one: (one.sent_at, one.id))


def is_full(said: Sequence[Message]) -> bool:
    """Whether so much was said that it is answered now."""
    return len(said) >= MOST or sum(len(one.text) for one in said) >= MOST_WORDS


def keep(
    db: Session,
    channel: Channel,
    identity: Identity,
    head: Conversation,
    said: Sequence[Message],
    pause: BotPause | None,
) -> BotPause:
    """Wait once more, but not for ever."""
    at, more = now(), of(channel)
    row = pause or BotPause(conversation_id=head.id, began_at=at)
    row.identity_id, row.channel_id, row.epoch = identity.id, channel.id, head.owner_epoch
    row.messages = [one.id for one in said]
    row.due_at = min(at + more, max(at, row.began_at + LONGEST * more))
    db.add(row)
    db.flush()
    return row


def prolong(db: Session, channel: Channel, head: Conversation) -> datetime | None:
    """Somebody is writing: the bot waits for them a little longer, if it waits; until when. The thread is not held."""
    row = select(BotPause.began_at).where(
        BotPause.conversation_id == head.id, BotPause.channel_id == channel.id
    )
    began, more = db.scalar(row) if channel.bot_pause else None, of(channel)
    if began is None:
        return None
    until = min(now() + more, began + LONGEST * more)
    later = update(BotPause).where(BotPause.conversation_id == head.id, BotPause.due_at < until)
    moved = db.execute(later.values(due_at=until).returning(BotPause.conversation_id)).first()
    return until if moved else None


def is_time(pause: BotPause | None, due: datetime | None) -> bool:
    """Whether it is to be answered: it was to be at `due`, and still is; None: its time has come, or can never come by
    a clock that was put back."""
    if pause is None or due is not None:
        return pause is not None and pause.due_at == due
    return pause.due_at <= now() or pause.began_at > now() + BACK


def overdue() -> list[int]:
    """The threads in which it is time, whose process has not seen to it."""
    at = now()
    late = or_(BotPause.due_at <= at, BotPause.began_at > at + BACK)
    with reading() as db:
        found = select(BotPause.conversation_id).where(late).order_by(BotPause.due_at).limit(100)
        return list(db.scalars(found))
