"""The log of a subscription's deliveries, paged by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import BotCall, Webhook, WebhookDelivery
from app.models.webhook import STATES
from app.queries import BIGGEST, NotFound

PAGE = 50


@dataclass(frozen=True, slots=True)
class Page:
    """`rows` the newest first; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[WebhookDelivery]
    after: int | None


def log(db: Session, hook: Webhook, state: str = "", *, after: int | None = None, size: int = PAGE) -> Page:
    """One page, of a state or ("") of all. Raises :class:`NotFound` on an unknown state."""
    if state and state not in STATES:
        raise NotFound(state)
    states = (state,) if state else STATES
    wanted = select(WebhookDelivery).where(
        WebhookDelivery.webhook_id == hook.id, WebhookDelivery.state.in_(states)
    )
    if after is not None:
        wanted = wanted.where(WebhookDelivery.id < min(after, BIGGEST - 1))
    rows = db.scalars(wanted.order_by(WebhookDelivery.id.desc()).limit(size + 1)).all()
    return Page(rows[:size], rows[size - 1].id if len(rows) > size else None)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the bot asked a system, the newest first; `after` is the cursor of the next page, None at the end."""

    rows: Sequence[BotCall]
    after: int | None


def asked(db: Session, hook: Webhook, *, after: int | None = None, size: int = PAGE) -> Asked:
    """One page of what the bot asked this system."""
    wanted = select(BotCall).where(BotCall.webhook_id == hook.id)
    if after is not None:
        wanted = wanted.where(BotCall.id < min(after, BIGGEST - 1))
    rows = db.scalars(wanted.order_by(BotCall.id.desc()).limit(size + 1)).all()
    return Asked(rows[:size], rows[size - 1].id if len(rows) > size else None)


def call_of(db: Session, hook: Webhook, call_id: int) -> BotCall:
    """One question to this system. Raises :class:`NotFound`."""
    found = db.get(BotCall, call_id) if 0 < call_id < BIGGEST else None
    if found is None or found.webhook_id != hook.id:
        raise NotFound(call_id)
    return found


def delivery_of(db: Session, hook: Webhook, delivery_id: int) -> WebhookDelivery:
    """One delivery of this subscription. Raises :class:`NotFound`."""
    found = db.get(WebhookDelivery, delivery_id) if 0 < delivery_id < BIGGEST else None
    if found is None or found.webhook_id != hook.id:
        raise NotFound(delivery_id)
    return found
