"""What was left behind: claims of workers that died, and times that a wrong clock wrote."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, or_, select, update

from app.db import now, reading, transaction
from app.models import Webhook, WebhookDelivery
from app.models.webhook import FAILED, QUEUED, SENDING
from app.webhooks import sending

AHEAD = timedelta(seconds=5)  # the clocks of two machines may differ by so much


def sweep() -> int:
    """Take back the claims of workers that died; returns how many."""
    _put_right()
    claimed = WebhookDelivery.claimed_at
    odd = or_(
        claimed < now() - sending.STALE, claimed > now() + sending.STALE
    )  # from the future: of a clock put back since
    stale = and_(WebhookDelivery.state == SENDING, odd)
    with reading() as db:
        if db.scalar(select(WebhookDelivery.id).where(stale).limit(1)) is None:
            return 0
    free = {"claim": "", "claimed_at": None, "error": sending.INTERRUPTED}
    with transaction() as db:
        tests = update(WebhookDelivery).where(stale, WebhookDelivery.event_id.is_(None))
        db.execute(tests.values(state=FAILED, done_at=now(), **free))
        others = update(WebhookDelivery).where(stale, WebhookDelivery.event_id.is_not(None))
        return len(
            db.scalars(others.values(state=QUEUED, next_at=now(), **free).returning(WebhookDelivery.id)).all()
        )


def _put_right() -> None:
    """What a clock made due that was ahead and has been put back since is due now, not when that time comes."""
    at, one = now(), WebhookDelivery
    late = and_(one.state == QUEUED, one.next_at > at + AHEAD)
    rested = or_(Webhook.resume_at.is_(None), Webhook.resume_at <= at)  # nobody asked for a longer wait
    tried = select(one.webhook_id, one.line, one.attempts, one.next_at).where(late, one.attempts > 0, rested)
    with reading() as db:
        fresh = db.scalar(select(one.id).where(late, one.made_at > at + AHEAD).limit(1)) is not None
        rows = db.execute(tried.join(Webhook, Webhook.id == one.webhook_id).limit(sending.PRUNED)).all()
    lines = {
        (row.webhook_id, row.line)
        for row in rows
        if row.next_at - at > timedelta(seconds=sending.longest_wait(row.attempts))
    }
    if not fresh and not lines:
        return
    with transaction() as db:
        db.execute(update(one).where(late, one.made_at > at + AHEAD).values(next_at=at))
        for hook_id, line in lines:
            db.execute(
                update(one).where(late, one.webhook_id == hook_id, one.line == line).values(next_at=at)
            )
