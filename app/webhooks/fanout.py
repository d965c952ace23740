"""From the feed to deliveries: each subscription has a cursor, and makes its rows in batches."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app import feed
from app.db import now, reading, transaction
from app.feed import Head
from app.models import Webhook, WebhookDelivery
from app.models.webhook import QUEUED, SENDING

BATCH = 500
WAITING_AT_MOST = 5_000  # rows of one subscription; beyond that its cursor waits


def fan_out() -> int:
    """Make the deliveries of what happened since; returns how much of it was looked at, wanted or not. Without a
    subscription it is one query."""
    with reading() as db:
        if db.scalar(select(Webhook.id).where(Webhook.enabled).limit(1)) is None:
            return 0
    feed.settle()
    with reading() as db:
        behind = select(Webhook.id).where(Webhook.enabled, Webhook.cursor < feed.newest(db))
        ids = db.scalars(behind).all()
    return sum(_advance(hook_id) for hook_id in ids)


def _advance(hook_id: int) -> int:
    """Rows and cursor in one transaction: kill -9 loses nothing and doubles nothing."""
    with transaction() as db:
        hook = db.get(Webhook, hook_id, with_for_update=True)
        if hook is None or not hook.enabled or _full(db, hook_id):
            return 0
        found = feed.heads(db, hook.cursor, BATCH)
        if not found:
            return 0
        wanted = [head for head in found if wants(hook, head)]
        queue(db, hook, wanted)
        hook.cursor = found[-1].position
        return len(found)


def wants(hook: Webhook, head: Head) -> bool:
    """Whether the subscription is to this kind of event."""
    return not hook.kinds or head.kind in hook.kinds


def queue(db: Session, hook: Webhook, heads: Sequence[Head]) -> None:
    """A delivery for each event, none of which has one yet."""
    at = now()
    rows = [
        {
            "webhook_id": hook.id,
            "event_id": head.id,
            "position": head.position,
            "kind": head.kind,
            "line": head.conversation_id or 0,
            "made_at": at,
            "next_at": at,
        }
        for head in heads
    ]
    if rows:
        db.execute(insert(WebhookDelivery), rows)


def _full(db: Session, hook_id: int) -> bool:
    mine = WebhookDelivery.webhook_id == hook_id
    waiting = select(WebhookDelivery.id).where(mine, WebhookDelivery.state.in_((QUEUED, SENDING)))
    return db.scalar(waiting.offset(WAITING_AT_MOST - 1).limit(1)) is not None
