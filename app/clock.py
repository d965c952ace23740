"""The clock: what has to happen because time passed, and asking the channels that do not call us.

``madoguchi poll`` runs it, and so does the worker of ``madoguchi serve`` (a process less to keep in memory). Several
may run: each round claims what it does by conditional update.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, or_, select
from sqlalchemy.orm import Session

from app import (
    afterwards,
    collecting,
    connect,
    deliver,
    feed,
    files,
    idempotency,
    imports,
    inbox,
    intake,
    jobs,
    learning,
    linking,
    lookups,
    polled,
    proving,
    remote,
    resuming,
    tasks,
    upkeep,
    vault,
    webhooks,
)
from app.bot import answers
from app.calls import retaining
from app.db import now, reading, transaction
from app.models import Attachment, Channel, Conversation, EntryImage, RawReceipt, ReplyLock
from app.models.conversation import SNOOZED
from app.touchpoints import awaiting
from channels import registry
from channels.base import ChannelError, Event, Polling, Request

log = logging.getLogger(__name__)

ROUND = 1.0  # seconds
PATIENCE = 5.0  # seconds a round may take to end when we stop; what it leaves, the next clock finds
LATE = timedelta(seconds=20)  # a stored request not read by then was left by a process that died
ASK_EVERY = 10.0  # seconds between two polls of one channel
SETTLED_A_ROUND = 5  # batches of events placed in one round of the clock
ATTACH_EVERY = 60.0  # seconds between looks for touchpoints whose customer came at the same moment
FORGET_EVERY = 60.0  # seconds between looks for old deliveries of webhooks
LOOK_EVERY = 300.0  # seconds between looks whether it is time to gather what was not answered well
ORPHANED = timedelta(days=1)  # an upload that never became part of a message


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    _tick(stop)


@contextmanager
def running(stop: threading.Event | None = None) -> Iterator[None]:
    """Keep the clock in a thread while the block runs, or until `stop` is set in it."""
    stop = stop or threading.Event()
    thread = threading.Thread(target=_tick, args=(stop,), name="clock", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(PATIENCE)


def _tick(stop: threading.Event) -> None:
    with jobs.pulse("poll"), collecting.running(stop):
        run(stop)


def run(stop: threading.Event) -> None:
    """Keep going round until `stop` is set. One duty that fails is logged and does not stop the others."""
    while not stop.wait(ROUND):
        for duty in (
            wake_deliveries,
            wake_snoozed,
            tasks.call_due,
            read_late,
            answers.conclude_due,
            intake.settle_reactions,
            remote.fetch_due,
            lookups.ring_due,
            afterwards.send_due,
            follow,
            tidy,
            attach_touchpoints,
            poll_channels,
            upkeep.look_after_tokens,
            proving.run_due,
            look_back,
            imports.look_after,
            retaining.forget_recordings,
        ):
            _guarded(duty)


def _guarded(duty: Callable[[], object]) -> None:
    try:
        duty()
    except jobs.Away as error:
        log.warning("%s waits for Redis: %s", duty.__name__, error)
    except Exception:
        log.exception("%s failed; the next round tries again", duty.__name__)


def wake_deliveries() -> int:
    """Give up dead workers' claims and ring for every channel with something due; returns how many channels."""
    due = deliver.sweep()
    for channel_id in due:
        jobs.wake_channel(channel_id)
    return len(due)


def wake_snoozed() -> int:
    """Bring back what was snoozed until now."""
    with reading() as db:
        due = db.scalars(_snoozed()).all()
    return sum(_wake(one) for one in due)


def _snoozed() -> Select[int]:
    return (
        select(Conversation.id)
        .where(
            Conversation.status == SNOOZED,
            Conversation.snoozed_until <= now(),
            Conversation.head_id == Conversation.id,
        )
        .limit(100)
    )


def _wake(conversation_id: int) -> bool:
    with transaction() as db:
        conversation = inbox.hold(db, db.get_one(Conversation, conversation_id))
        if conversation.snoozed_until is None or conversation.snoozed_until > now():
            return False
        return inbox.wake(db, conversation)


def read_late() -> int:
    """Read stored requests whose process died before it could; returns how many."""
    with reading() as db:
        at = RawReceipt.received_at
        odd = or_(at < now() - LATE, at > now() + LATE)  # from the future: of a clock put back since
        late = select(RawReceipt.id).where(RawReceipt.state == "new", odd)
        ids = db.scalars(late.order_by(RawReceipt.id).limit(100)).all()
    for receipt_id in ids:
        intake.read_receipt(receipt_id)
    return len(ids)


def look_back() -> None:
    """Once a day, have what the bot did not answer well gathered."""
    if _is_time(-2, LOOK_EVERY):
        learning.look_back()


def follow() -> None:
    """Give events their place in the feed before somebody asks, and take back webhooks that a dead worker held."""
    for _ in range(SETTLED_A_ROUND):
        if feed.settle() < feed.BATCH:
            break
    webhooks.sweep()
    webhooks.errands.sweep()
    if _is_time(0, FORGET_EVERY):
        webhooks.prune()


def attach_touchpoints() -> int:
    """What was told of somebody at the moment they came by is theirs, too; how many."""
    if not _is_time(-1, ATTACH_EVERY):
        return 0
    with reading() as db:
        if not awaiting.overdue(db):
            return 0
    with transaction() as db:
        return awaiting.missed(db)


def tidy() -> None:
    """Forget lapsed reply locks, uploads nobody sent, links of accounts that came to nothing, codes that are over, and
    answers kept for repeated requests."""
    with reading() as db:
        lapsed = db.scalar(select(ReplyLock.conversation_id).where(ReplyLock.expires_at < now()).limit(1))
        orphan = db.scalar(_orphans().limit(1))
        kept = idempotency.lapsed(db) or linking.lapsed(db) or resuming.lapsed(db)
    if lapsed is not None or orphan is not None or kept:
        with transaction() as db:
            db.execute(delete(ReplyLock).where(ReplyLock.expires_at < now()))
            files.forget(db, db.scalars(_orphans().limit(200)))
            idempotency.tidy(db)
            linking.tidy(db)
            resuming.tidy(db)


def _orphans() -> Select[Attachment]:
    """Uploaded, and never sent; pictures of answers stay."""
    old = select(Attachment).where(Attachment.message_id.is_(None), Attachment.created_at < now() - ORPHANED)
    return old.where(~select(EntryImage).where(EntryImage.attachment_id == Attachment.id).exists())


def poll_channels() -> int:
    """Ask every channel that has to be asked; returns how many brought something."""
    with reading() as db:
        kinds = [kind for kind, made in registry.kinds().items() if issubclass(made, Polling)]
        ids = (
            db.scalars(select(Channel.id).where(Channel.enabled, Channel.kind.in_(kinds))).all()
            if kinds
            else []
        )
    return sum(_poll_guarded(channel_id) for channel_id in ids if _is_time(channel_id))


def _poll_guarded(channel_id: int) -> bool:
    """A connector that breaks its contract costs the other channels nothing."""
    try:
        return _poll(channel_id)
    except Exception as error:
        log.exception("channel %s could not be polled", channel_id)
        _health(channel_id, "failing", f"The connector failed: {type(error).__name__}.")
        return False


_asked: dict[int, float] = {}


def _is_time(channel_id: int, every: float = ASK_EVERY) -> bool:
    if time.monotonic() - _asked.get(channel_id, -every) < every:
        return False
    _asked[channel_id] = time.monotonic()
    return True


def _poll(channel_id: int) -> bool:
    """One channel: ask outside any transaction, then store what came and the new cursor in one."""
    with reading() as db:
        channel = db.get_one(Channel, channel_id)
        before = dict(channel.cursor)
    try:
        connector = connect.connector(channel)
        assert isinstance(connector, Polling)
        events, cursor = connector.poll(before)
    except (ChannelError, vault.Unreadable, registry.UnknownKind) as error:
        _health(channel_id, "failing", str(error))
        return False
    with transaction() as db:
        channel = db.get_one(Channel, channel_id, with_for_update=True)
        if channel.cursor != before:
            return False  # another poller was first; what it stored is the truth
        receipt = _keep(db, channel, events, cursor)
    if receipt is not None:
        intake.read_receipt(receipt.id)
    return receipt is not None


def _keep(
    db: Session, channel: Channel, events: Sequence[Event], cursor: dict[str, Any]
) -> RawReceipt | None:
    """What was brought and where to go on from, in one transaction: neither is ever without the other."""
    channel.cursor = cursor
    channel.health, channel.health_text, channel.health_at = "ok", "", now()
    if not events:
        return None
    return intake.store(db, channel, Request(polled.METHOD, "", body=polled.dumps(events)))


def _health(channel_id: int, state: str, sentence: str) -> None:
    with transaction() as db:
        channel = db.get(Channel, channel_id)
        if channel is not None:  # it was not deleted meanwhile
            channel.health, channel.health_text, channel.health_at = state, sentence, now()
