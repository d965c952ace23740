"""Sending what is due: claimed by conditional update, sent outside any transaction, its outcome written down.

The same way as :mod:`app.deliver`. What arrived may be sent again (a worker died before it could note it), so
receivers look at `Webhook-Id`; a time-out needs no "unknown" here.
"""

from __future__ import annotations

import logging
import os
import random
import secrets
import socket
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from app import feed, vault
from app.api.told import told
from app.db import now, reading, transaction
from app.models import Event, Webhook, WebhookDelivery
from app.models.webhook import FAILED, QUEUED, SENDING, SENT, SKIPPED
from app.webhooks import calling, signing, subscriptions
from app.webhooks.calling import Answer

log = logging.getLogger(__name__)

FIRST_WAIT, LONGEST_WAIT = 5.0, 6 * 3600.0  # seconds
PATIENCE = timedelta(days=3)
STALE = timedelta(minutes=1)  # an older claim is a dead worker's: a call takes calling.DEADLINE at most
IN_A_ROW = 100  # deliveries of one line that one thread sends before others get a turn
KEPT = timedelta(days=30)
PRUNED = 1_000  # rows at once
BATCHES = 20  # of them, at most, in one go
UNREADABLE = "Its secret cannot be read with the present secret key of this installation."
MISSING = "The event is not there any more."
UNSAYABLE = "This event could not be put in a form to be sent."
INTERRUPTED = "Sending was interrupted."
TEST_KIND = "webhook.test"


@dataclass(frozen=True)
class Claimed:
    """A delivery this worker holds, and what it takes to send it without the database."""

    id: int
    hook_id: int
    claim: str
    attempts: int
    url: str
    headers: dict[str, str]
    body: bytes
    problem: str = ""


def ready_lines(hook_id: int, busy: Collection[int], most: int) -> Sequence[int]:
    """Conversations (0: none) with something due now, other than those that this process is busy with."""
    with reading() as db:
        wanted = select(WebhookDelivery.line).where(
            WebhookDelivery.webhook_id == hook_id, ready(), WebhookDelivery.line.not_in(busy)
        )
        return db.scalars(wanted.order_by(WebhookDelivery.next_at, WebhookDelivery.id).limit(most)).all()


def ready() -> ColumnElement[bool]:
    """Due, and the first of its line."""
    return and_(WebhookDelivery.state == QUEUED, WebhookDelivery.next_at <= now(), is_first())


def is_first() -> ColumnElement[bool]:
    """Nothing of its line waits before it: what happened first is told first, retries included."""
    ahead = aliased(WebhookDelivery)
    before = select(ahead.id).where(
        ahead.webhook_id == WebhookDelivery.webhook_id,
        ahead.line == WebhookDelivery.line,
        ahead.state.in_((QUEUED, SENDING)),
        ahead.position < WebhookDelivery.position,
    )
    return ~before.exists()


def send_line(hook_id: int, line: int) -> int:
    """Send what is due in a line, one after the other, until one fails; returns how many were taken.

    The outcome of one and the claim of the next are one transaction: a commit waits for the disk.
    """
    taken, claimed = 0, _claim(hook_id, line)
    while claimed is not None:
        answer, claim, next_id = _call(claimed), mark(), None
        with transaction() as db:
            _finish(db, claimed, answer)
            if not answer.error and taken + 1 < IN_A_ROW:
                next_id = _take_first(db, hook_id, line, claim)
        taken += not answer.error
        claimed = _prepared(next_id, claim)
    return taken


def _claim(hook_id: int, line: int) -> Claimed | None:
    """The first of the line, ours now; None if there is none, or another worker has it."""
    claim = mark()
    with transaction() as db:
        taken = _take_first(db, hook_id, line, claim)
    return _prepared(taken, claim)


def _take_first(db: Session, hook_id: int, line: int, claim: str) -> int | None:
    awake = or_(Webhook.resume_at.is_(None), Webhook.resume_at <= now())
    if not db.scalar(select(Webhook.id).where(Webhook.id == hook_id, Webhook.enabled, awake)):
        return None
    mine = and_(WebhookDelivery.webhook_id == hook_id, WebhookDelivery.line == line)
    first = select(WebhookDelivery.id).where(mine, WebhookDelivery.state == QUEUED)
    id = db.scalar(first.order_by(WebhookDelivery.position).limit(1))
    taken = update(WebhookDelivery).where(WebhookDelivery.id == id, ready())
    return db.scalar(taken.values(**_taken(claim)).returning(WebhookDelivery.id))


def _prepared(delivery_id: int | None, claim: str) -> Claimed | None:
    if delivery_id is None:
        return None
    with reading() as db:
        return prepare(db, db.get_one(WebhookDelivery, delivery_id), claim)


def _taken(claim: str) -> dict[str, Any]:
    at = now()
    return {
        "state": SENDING,
        "claim": claim,
        "claimed_at": at,
        "attempts": WebhookDelivery.attempts + 1,
        "first_at": func.coalesce(WebhookDelivery.first_at, at),
    }


def prepare(db: Session, row: WebhookDelivery, claim: str) -> Claimed:
    """Everything to send it with. What stands in the way is its `problem`."""
    hook = db.get_one(Webhook, row.webhook_id)
    event = db.get(Event, row.event_id) if row.event_id else None
    body, problem, keys = b"", MISSING if event is None and row.event_id else "", list[str]()
    try:
        body, keys = _document(db, row, event), subscriptions.keys(hook)
    except vault.Unreadable:
        problem = UNREADABLE
    except ValueError:  # what no JSON can hold
        log.exception("event %s could not be put in words", row.event_id)
        problem = UNSAYABLE
    id = f"evt_{row.event_id}" if row.event_id else f"test_{row.id}"
    headers = signing.headers(keys, id, int(now().timestamp()), body)
    headers |= {"Content-Type": "application/json", "User-Agent": "Madoguchi"}
    return Claimed(row.id, hook.id, claim, row.attempts, hook.url, headers, body, problem)


def _document(db: Session, row: WebhookDelivery, event: Event | None) -> bytes:
    if event is not None:
        (one,) = told(db, [(feed.position_of(event), event)])
        return msgspec.json.encode(one)
    return msgspec.json.encode(
        {"id": 0, "kind": TEST_KIND, "at": row.made_at, "data": {"delivery_id": row.id}}
    )


def send(claimed: Claimed) -> None:
    """Make the call and write down what came of it."""
    answer = _call(claimed)
    with transaction() as db:
        _finish(db, claimed, answer)


def _call(claimed: Claimed) -> Answer:
    if claimed.problem:
        return Answer(claimed.problem)
    return calling.call(claimed.url, claimed.headers, claimed.body)


def _finish(db: Session, claimed: Claimed, answer: Answer) -> None:
    # The subscription before its deliveries: everybody locks in this order.
    hook = None
    if answer.error:
        hook = db.get_one(Webhook, claimed.hook_id, with_for_update=True)
    else:
        _works(db, claimed.hook_id)
    row = db.get(WebhookDelivery, claimed.id, with_for_update=True)
    if row is None or (row.claim != claimed.claim and answer.error):
        return  # given up meanwhile and taken by another worker: its outcome counts, except that it arrived
    row.claim, row.claimed_at = "", None
    row.error, row.status, row.duration_ms = answer.error, answer.status, answer.duration_ms
    row.request = {"url": claimed.url, **_kept(claimed.headers, claimed.body)}
    row.response = {"headers": dict(answer.headers), "body": answer.body}
    if hook is None:
        row.state, row.done_at = SENT, now()
    elif row.event_id is None or claimed.problem == MISSING:
        row.state, row.done_at = FAILED, now()
    else:
        _failed(db, hook, row, answer)


def _kept(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    return {"headers": calling.shortened(headers), "body": calling.beginning(body), "size": len(body)}


def _works(db: Session, hook_id: int) -> None:
    """One got through: whatever was wrong is over. A rest that was asked for beside it stays."""
    troubled = or_(Webhook.failing_since.is_not(None), Webhook.resume_at.is_not(None))
    db.execute(
        update(Webhook)
        .where(Webhook.id == hook_id, troubled)
        .values(failing_since=None, resume_at=case((Webhook.resume_at > now(), Webhook.resume_at)))
    )


def _failed(db: Session, hook: Webhook, row: WebhookDelivery, answer: Answer) -> None:
    """Try again later; but not for ever, and not at all where it is gone."""
    at = now()
    row.state, row.next_at = QUEUED, at + timedelta(seconds=wait(row.attempts, answer.retry_after))
    hook.failing_since = hook.failing_since or at
    if answer.retry_after:
        until = at + timedelta(seconds=answer.retry_after)
        hook.resume_at = max(hook.resume_at or until, until)
    db.flush()
    if answer.status == 410:
        subscriptions.stop(db, hook.id, subscriptions.GONE)
    elif hook.failing_since <= at - PATIENCE:
        subscriptions.stop(db, hook.id, subscriptions.FAILING)
    elif row.first_at is not None and row.first_at <= at - PATIENCE:
        row.state, row.done_at = FAILED, at  # this one alone is refused: its line goes on
    _put_off(db, row)


def _put_off(db: Session, row: WebhookDelivery) -> None:
    """What waits behind it in the line need not be looked at before."""
    behind = and_(WebhookDelivery.webhook_id == row.webhook_id, WebhookDelivery.line == row.line)
    sooner = and_(WebhookDelivery.state == QUEUED, WebhookDelivery.next_at < row.next_at)
    if row.state == QUEUED:
        db.execute(update(WebhookDelivery).where(behind, sooner).values(next_at=row.next_at))


def wait(attempts: int, retry_after: float | None) -> float:
    """Seconds until the next attempt: doubling up to six hours, with jitter, or what was asked for if longer."""
    ours = longest_wait(attempts) * random.uniform(0.8, 1.2) / 1.2
    return max(ours, retry_after or 0.0)


def longest_wait(attempts: int) -> float:
    """The longest wait of ours after so many attempts, in seconds."""
    return 1.2 * min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(attempts - 1, 16))


def machine() -> str:
    """What the claims of this machine's processes begin with."""
    return f"{socket.gethostname()[:32]}:"


def mark() -> str:
    """A fresh claim that tells whose it is."""
    return f"{machine()}{os.getpid()}:{secrets.token_hex(8)}"


def prepare_test(db: Session, hook: Webhook) -> WebhookDelivery:
    """A delivery that nothing happened for, held by us; :func:`send_test` sends it, on or off, once."""
    row = WebhookDelivery(
        webhook_id=hook.id,
        kind=TEST_KIND,
        line=-1,
        state=SENDING,
        claim=mark(),
        claimed_at=now(),
        attempts=1,
    )
    db.add(row)
    db.flush()
    return row


def send_test(delivery_id: int) -> None:
    """Make the call of a test, outside of any transaction."""
    with reading() as db:
        row = db.get_one(WebhookDelivery, delivery_id)
        claimed = prepare(db, row, row.claim)
    send(claimed)


def prune() -> int:
    """Forget what was done with a month ago, a batch a transaction; returns how many rows."""
    gone = 0
    for _ in range(BATCHES):
        batch = _prune()
        gone += batch
        if batch < PRUNED:
            break
    return gone


def _prune() -> int:
    old = (
        select(WebhookDelivery.id)
        .where(WebhookDelivery.made_at < now() - KEPT, WebhookDelivery.state.in_((SENT, FAILED, SKIPPED)))
        .limit(PRUNED)
    )
    with reading() as db:
        ids = db.scalars(old).all()
    if ids:
        with transaction() as db:
            db.execute(delete(WebhookDelivery).where(WebhookDelivery.id.in_(ids)))
    return len(ids)
