"""Who holds a line, and what becomes of one that broke."""

from __future__ import annotations

import hashlib
import json
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import connect, vault
from app.collecting import holder
from app.db import insert_if_new, now, transaction
from app.deliver.sweeping import AHEAD
from app.models import Channel, Collector
from app.models.channel import ACTION, FAILING, REAUTHORISE, UNKNOWN, WORKS
from app.text import clean
from channels import registry
from channels.base import ChannelError, Collecting

LEASE = timedelta(seconds=45)  # three signs of life
FIRST_WAIT, LONGEST_WAIT = 1.0, 300.0  # seconds before a line that broke is tried again
PERMANENT_WAIT = 900.0  # seconds, where only an admin can help


class Lost(Exception):
    """The line is not ours any more: another process has it, or its channel was changed or switched off."""


@dataclass
class Line:
    """The line to one channel, held in this process.

    `word` is who we are in its lease, `mark` the settings it was made with, `cursor` what was stored last. Times are of
    time.monotonic(): `renewed` of the lease, `heard` of the last sign of life.
    """

    channel_id: int
    word: str
    mark: str
    connector: Collecting
    cursor: Mapping[str, Any]
    stop: threading.Event = field(default_factory=threading.Event)
    renewed: float = field(default_factory=time.monotonic)
    heard: float = field(default_factory=time.monotonic)


def mark_of(channel: Channel) -> str:
    """What is another as soon as the line has to be made anew: a hash of its settings and secrets."""
    told = json.dumps([channel.kind, channel.key, channel.settings], sort_keys=True).encode()
    return hashlib.sha256(told + channel.secrets).hexdigest()


def is_free(row: Collector | None, health: str, ended: str | None = None) -> bool:
    """Whether a line may be taken up: nobody holds it (or a line of ours that `ended`, or a process that died), and it
    need not be left alone.

    A time that only a wrong clock can have told does not count. Nor does the waiting once the channel was changed,
    or tested well: both take the failing away.
    """
    if row is None:
        return True
    leased = row.until is not None and now() < row.until <= now() + LEASE + AHEAD
    if leased and row.holder != ended and not holder.is_gone(row.holder):
        return False
    longest = timedelta(seconds=PERMANENT_WAIT) + AHEAD
    waits = row.retry_at is not None and now() < row.retry_at <= now() + longest
    return not (waits and health in (FAILING, ACTION, REAUTHORISE))


def claim(channel_id: int, seen: Collector | None) -> Line | None:
    """Take the line up, if its row still is as it was `seen`; None where another was faster, or nothing can use it."""
    word = holder.word()
    with transaction() as db:
        if not _swapped(db, channel_id, seen, word):
            return None
        channel = db.get_one(Channel, channel_id)
        try:
            connector = connect.connector(channel)
        except (vault.Unreadable, registry.UnknownKind) as error:
            _note(db, db.get_one(Collector, channel_id), ChannelError(str(error), permanent=True))
            return None
        assert isinstance(connector, Collecting)
        return Line(channel_id, word, mark_of(channel), connector, channel.cursor)


def _swapped(db: Session, channel_id: int, seen: Collector | None, word: str) -> bool:
    until = now() + LEASE
    if seen is None:
        return insert_if_new(db, Collector(channel_id=channel_id, holder=word, until=until))
    as_seen = (Collector.holder == seen.holder, Collector.until.is_not_distinct_from(seen.until))
    swap = update(Collector).where(Collector.channel_id == channel_id, *as_seen)
    done = db.execute(swap.values(holder=word, until=until))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


def ours(db: Session, line: Line) -> tuple[Collector, Channel]:
    """The line's row, locked until the transaction ends, and its channel. Raises Lost.

    Not the channel's row: on PostgreSQL whoever stores a message for it would wait for that.
    """
    mine = select(Collector).where(Collector.channel_id == line.channel_id, Collector.holder == line.word)
    row = db.scalar(mine.with_for_update())
    channel = db.get(Channel, line.channel_id)
    if row is None or channel is None:
        raise Lost("another process holds the line")
    if not channel.enabled or mark_of(channel) != line.mark:
        raise Lost("the channel was changed or switched off")
    return row, channel


def renew(line: Line) -> None:
    """Hold the line for longer. Raises Lost."""
    with transaction() as db:
        row, _ = ours(db, line)
        row.until = now() + LEASE
    line.renewed = time.monotonic()


def worked(row: Collector, channel: Channel) -> None:
    """The line works: whatever was wrong with it is over."""
    if row.failures or channel.health == UNKNOWN:
        channel.health, channel.health_text, channel.health_at = WORKS, "", now()
    row.until, row.failures, row.retry_at = now() + LEASE, 0, None


def broke(line: Line, error: ChannelError) -> None:
    """Say why on the channel, and leave the line to whoever comes first once the waiting is over. Raises Lost."""
    with transaction() as db:
        row, _ = ours(db, line)
        _note(db, row, error)


def let_go(line: Line) -> None:
    """Leave the line to whoever comes first, if it still is ours."""
    mine = (Collector.channel_id == line.channel_id, Collector.holder == line.word)
    with transaction() as db:
        db.execute(update(Collector).where(*mine).values(holder="", until=None))


def _note(db: Session, row: Collector, error: ChannelError) -> None:
    row.failures += 1
    row.holder, row.until, row.retry_at = "", None, now() + wait(row.failures, error)
    channel = db.get_one(Channel, row.channel_id)
    channel.health = REAUTHORISE if error.reauthorise else ACTION if error.permanent else FAILING
    channel.health_text, channel.health_at = clean(str(error))[:2000], now()


def wait(failures: int, error: ChannelError) -> timedelta:
    """How long to leave a line alone that broke so many times in a row."""
    if error.permanent:
        return timedelta(seconds=PERMANENT_WAIT)
    grown = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20)) * random.uniform(0.75, 1.0)
    return timedelta(seconds=min(PERMANENT_WAIT, max(grown, error.retry_after or 0.0)))
