"""What was left behind: claims of workers that died, and times that a wrong clock wrote."""

from __future__ import annotations

import os
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

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
    return _take_back(odd)


def sweep_own() -> int:
    """Take back what processes of this machine held that are gone: called when a worker begins, so that a line does
    not wait for a minute after a crash. Who has our own number was there before us."""
    here = sending.machine()
    with reading() as db:
        held = select(WebhookDelivery.claim).where(
            WebhookDelivery.state == SENDING, WebhookDelivery.claim.startswith(here, autoescape=True)
        )
        claims = db.scalars(held).all()
    dead = [one for one in claims if _is_dead(int(one.removeprefix(here).partition(":")[0]))]
    return _take_back(WebhookDelivery.claim.in_(dead)) if dead else 0


def _is_dead(pid: int) -> bool:
    if pid == os.getpid():
        return True
    try:
        os.kill(pid, 0)
    except OSError as error:
        return isinstance(error, ProcessLookupError)  # somebody else's lives as well
    return False


def _take_back(which: ColumnElement[bool]) -> int:
    stale = and_(WebhookDelivery.state == SENDING, which)
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
    """What a clock made due that was ahead and has been put back since is due now, not when that time comes.

    A line waits as long as its first one does: one that has been tried no longer than its attempts explain, and one
    that has not (what was before it was put off, and arrived) not at all.
    """
    at, one = now(), WebhookDelivery
    late = and_(one.state == QUEUED, one.next_at > at + AHEAD)
    rested = or_(Webhook.resume_at.is_(None), Webhook.resume_at <= at)  # nobody asked for a longer wait
    first = select(one.webhook_id, one.line, one.attempts, one.next_at).where(
        late, sending.is_first(), rested
    )
    with reading() as db:
        fresh = db.scalar(select(one.id).where(late, one.made_at > at + AHEAD).limit(1)) is not None
        rows = db.execute(first.join(Webhook, Webhook.id == one.webhook_id).limit(sending.PRUNED)).all()
    lines = {
        (row.webhook_id, row.line)
        for row in rows
        if not row.attempts or row.next_at - at > timedelta(seconds=sending.longest_wait(row.attempts))
    }
    if not fresh and not lines:
        return
    with transaction() as db:
        db.execute(update(one).where(late, one.made_at > at + AHEAD).values(next_at=at))
        for hook_id, line in lines:
            db.execute(
                update(one).where(late, one.webhook_id == hook_id, one.line == line).values(next_at=at)
            )
