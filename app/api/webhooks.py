"""Webhooks and their deliveries, as the API tells of them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from app.api import shapes
from app.api.kinds import Shape, Time
from app.models import Webhook, WebhookDelivery

State = Literal["queued", "sending", "sent", "failed", "skipped"]
Notice = Literal["", "gone", "failing"]


class WebhookShape(Shape):
    """A subscription. `kinds` empty: to everything. `cursor` is how far in the feed its deliveries have been made.

    `notice` says why it was switched off by itself: the address answered 410 (`gone`), or nothing got through for
    three days (`failing`). Until `old_key_until` the key before signs too.
    """

    id: int
    name: str
    url: str
    kinds: list[str]
    enabled: bool
    notice: Notice
    failing_since: Time | None
    old_key_until: Time | None
    cursor: int
    created_at: Time

    moving: ClassVar[tuple[str, ...]] = ("cursor", "failing_since")


class KeyedWebhook(WebhookShape):
    """A subscription with its new secret, which is told this once."""

    secret: str


class DeliveryLine(Shape):
    """One event for one webhook. `status` is that of the last answer, 0 where there was none; `error` is a sentence.
    `event_id` is null for a test."""

    id: int
    webhook_id: int
    event_id: int | None
    kind: str
    conversation_id: int | None
    state: State
    attempts: int
    made_at: Time
    next_at: Time
    done_at: Time | None
    error: str
    status: int
    duration_ms: int


class DeliveryDetail(DeliveryLine):
    """The same with what was sent and answered last: headers, and the first kilobyte of the body."""

    request: dict[str, Any]
    response: dict[str, Any]


def webhook(row: Webhook) -> WebhookShape:
    return shapes.same(WebhookShape, row)


def keyed(row: Webhook, secret: str) -> KeyedWebhook:
    return shapes.same(KeyedWebhook, row, secret=secret)


def line(row: WebhookDelivery) -> DeliveryLine:
    return shapes.same(DeliveryLine, row, conversation_id=row.line if row.line > 0 else None)


def detail(row: WebhookDelivery) -> DeliveryDetail:
    return shapes.same(DeliveryDetail, row, conversation_id=row.line if row.line > 0 else None)
