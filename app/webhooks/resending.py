"""Sending again: one delivery, or everything of a stretch of time or of the feed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app import feed
from app.db import now
from app.events import record
from app.feed import Head
from app.inbox import Refused
from app.models import Agent, Webhook, WebhookDelivery
from app.models.webhook import QUEUED, SENDING
from app.webhooks.fanout import queue, wants

AT_ONCE = 5_000


def resend(db: Session, actor: Agent, hook: Webhook, row: WebhookDelivery) -> None:
    """Send one again, whatever became of it. Raises :class:`Refused` for a test."""
    if row.event_id is None:
        raise Refused("A test is not sent again; send another one.")
    _queue_again(db, hook, [row.event_id])
    record(db, "audit.webhook_resent", agent=actor, webhook_id=hook.id, name=hook.name, count=1)


def resend_between(db: Session, actor: Agent, hook: Webhook, since: datetime, until: datetime) -> int:
    """Everything it subscribes to that happened from one time until before another, once more, in order;
    returns how many events. What it has never been told of is told now. Raises :class:`Refused`."""
    if since >= until:
        raise Refused("The end must be later than the beginning.", field="until")
    return _again(db, actor, hook, feed.heads_between(db, since, until, AT_ONCE + 1))


def resend_range(db: Session, actor: Agent, hook: Webhook, after: int, upto: int) -> int:
    """The same from after one position of the feed up to another."""
    if after >= upto:
        raise Refused("The end must be later than the beginning.", field="upto")
    found = [head for head in feed.heads(db, after, AT_ONCE + 1) if head.position <= upto]
    return _again(db, actor, hook, found)


def _again(db: Session, actor: Agent, hook: Webhook, found: Sequence[Head]) -> int:
    """What lies beyond the cursor comes by itself."""
    heads = [head for head in found if head.position <= hook.cursor and wants(hook, head)]
    if len(found) > AT_ONCE:
        raise Refused("This is more than %(n)s events. Choose a shorter time.", field="until", n=AT_ONCE)
    known = _known(db, hook, heads)
    queue(db, hook, [head for head in heads if head.id not in known])
    _queue_again(db, hook, [head.id for head in heads if head.id in known])
    told: dict[str, Any] = {"webhook_id": hook.id, "name": hook.name, "count": len(heads)}
    record(db, "audit.webhook_resent", agent=actor, **told)
    return len(heads)


def _known(db: Session, hook: Webhook, heads: Sequence[Head]) -> set[int]:
    found: set[int] = set()
    for batch in _batches([head.id for head in heads]):
        wanted = select(WebhookDelivery.event_id).where(
            WebhookDelivery.webhook_id == hook.id, WebhookDelivery.event_id.in_(batch)
        )
        found.update(id for id in db.scalars(wanted) if id)
    return found


def _queue_again(db: Session, hook: Webhook, event_ids: Sequence[int]) -> None:
    """What is being sent this moment is left alone."""
    fresh = {"state": QUEUED, "attempts": 0, "first_at": None, "next_at": now(), "done_at": None}
    for batch in _batches(event_ids):
        again = update(WebhookDelivery).where(
            WebhookDelivery.webhook_id == hook.id,
            WebhookDelivery.event_id.in_(batch),
            WebhookDelivery.state != SENDING,
        )
        db.execute(again.values(**fresh))


def _batches(ids: Sequence[int], size: int = 500) -> list[Sequence[int]]:
    return [ids[start : start + size] for start in range(0, len(ids), size)]
