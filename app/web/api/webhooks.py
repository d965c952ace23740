"""`/webhooks`: who is told of events over HTTP, what became of it, and telling it again. For admins' tokens."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from app import webhooks
from app.api import webhooks as shapes
from app.api.kinds import BIGGEST_ID, Given, Id, Time
from app.api.webhooks import DeliveryDetail, DeliveryLine, KeyedWebhook, State, WebhookShape
from app.db import after_commit
from app.models import Webhook
from app.web.api.framework import Call, Page, PageQuery, Problem, endpoint
from app.webhooks.subscriptions import MAX_NAME, MAX_URL

TAG = "Webhooks"
ADMINS = ("admin",)
READ, WRITE = "webhooks:read", "webhooks:write"
Name = Annotated[str, Meta(min_length=1, max_length=MAX_NAME)]
Url = Annotated[str, Meta(min_length=1, max_length=MAX_URL, description="https:// where it is reached")]
Kinds = Annotated[list[str], Meta(max_length=200, description="Of events; empty: all there are and will be")]
Position = Annotated[int, Meta(ge=0, le=BIGGEST_ID)]


class WebhookIn(Given):
    """A new subscription."""

    name: Name
    url: Url
    kinds: Kinds = []


class WebhookChange(Given):
    """What is to change; what is left out stays. Switched on again, it is told what it missed, unless `catch_up` is
    false."""

    name: Name | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    kinds: Kinds | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    catch_up: bool = True


class DeliveryFilter(PageQuery):
    """Which deliveries."""

    state: State | None = None


class Resending(Given):
    """What to tell again: one delivery, or what happened in a time (`since`, `until`), or in a stretch of the feed
    (`after`, `upto`, as cursors)."""

    delivery_id: Id | None = None
    since: Time | None = None
    until: Time | None = None
    after: Position | None = None
    upto: Position | None = None


class Resent(Given):
    """How many events will be told again."""

    events: int


@endpoint("GET", "/webhooks", scope=READ, tag=TAG, roles=ADMINS)
def list_webhooks(call: Call) -> Page[WebhookShape]:
    """The webhooks, all of them."""
    return Page([shapes.webhook(row) for row in webhooks.all_hooks(call.db)], None)


@endpoint("GET", "/webhooks/{webhook_id}", scope=READ, tag=TAG, roles=ADMINS)
def get_webhook(call: Call, webhook_id: int) -> WebhookShape:
    """One webhook."""
    return shapes.webhook(webhooks.find(call.db, webhook_id))


@endpoint("POST", "/webhooks", scope=WRITE, tag=TAG, status=201, roles=ADMINS)
def create_webhook(call: Call, body: WebhookIn) -> KeyedWebhook:
    """Subscribe to what happens from now on. The answer holds the secret, which is told this once."""
    made, secret = webhooks.add(call.db, call.agent, body.name, body.url, body.kinds)
    call.headers["Location"] = f"/api/v1/webhooks/{made.id}"
    return shapes.keyed(made, secret)


@endpoint("PATCH", "/webhooks/{webhook_id}", scope=WRITE, tag=TAG, roles=ADMINS, matched=True)
def change_webhook(call: Call, webhook_id: int, body: WebhookChange) -> WebhookShape:
    """Change a webhook, or switch it on or off. What waits goes to the new address."""
    hook = _held(call, webhook_id)
    call.must_match(shapes.webhook(hook))
    name = hook.name if body.name is UNSET else body.name
    url = hook.url if body.url is UNSET else body.url
    kinds = hook.kinds if body.kinds is UNSET else body.kinds
    if (name, url, kinds) != (hook.name, hook.url, hook.kinds):
        webhooks.change(call.db, call.agent, hook, name, url, kinds)
    if body.enabled is True and not hook.enabled:
        webhooks.switch_on(call.db, call.agent, hook, catch_up=body.catch_up)
    elif body.enabled is False:
        webhooks.switch_off(call.db, call.agent, hook)
    return shapes.webhook(hook)


@endpoint("DELETE", "/webhooks/{webhook_id}", scope=WRITE, tag=TAG, roles=ADMINS)
def delete_webhook(call: Call, webhook_id: int) -> None:
    """Take a webhook away, with the log of its deliveries."""
    webhooks.remove(call.db, call.agent, _held(call, webhook_id))


@endpoint("POST", "/webhooks/{webhook_id}/key", scope=WRITE, tag=TAG, status=201, roles=ADMINS)
def rotate_key(call: Call, webhook_id: int) -> KeyedWebhook:
    """Make a new key, told this once. For 24 hours deliveries are signed with the one before as well."""
    hook = _held(call, webhook_id)
    secret = webhooks.rotate(call.db, call.agent, hook)
    return shapes.keyed(hook, secret)


@endpoint("DELETE", "/webhooks/{webhook_id}/key/previous", scope=WRITE, tag=TAG, roles=ADMINS)
def forget_previous_key(call: Call, webhook_id: int) -> None:
    """Sign with the newest key only, from now on."""
    webhooks.forget_old_key(call.db, call.agent, _held(call, webhook_id))


@endpoint("POST", "/webhooks/{webhook_id}/tests", scope=WRITE, tag=TAG, status=201, roles=ADMINS)
def test_webhook(call: Call, webhook_id: int) -> DeliveryLine:
    """Send an event of the kind `webhook.test`, once, also where it is switched off. What became of it stands in its
    delivery a moment later."""
    row = webhooks.prepare_test(call.db, _held(call, webhook_id))
    after_commit(call.db, webhooks.send_test, row.id)
    call.headers["Location"] = f"/api/v1/webhooks/{webhook_id}/deliveries/{row.id}"
    return shapes.line(row)


@endpoint("GET", "/webhooks/{webhook_id}/deliveries", scope=READ, tag=TAG, roles=ADMINS)
def list_deliveries(call: Call, webhook_id: int, query: DeliveryFilter) -> Page[DeliveryLine]:
    """The deliveries of a webhook, the newest first. They are kept for 30 days."""
    hook, after = webhooks.find(call.db, webhook_id), query.after
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 20):
        raise Problem(422, "This is no cursor.", field="query.after", code="validation")
    found = webhooks.log(
        call.db, hook, query.state or "", after=int(after) if after else None, size=query.limit
    )
    return Page([shapes.line(row) for row in found.rows], str(found.after) if found.after else None)


@endpoint("GET", "/webhooks/{webhook_id}/deliveries/{delivery_id}", scope=READ, tag=TAG, roles=ADMINS)
def get_delivery(call: Call, webhook_id: int, delivery_id: int) -> DeliveryDetail:
    """One delivery, with what was sent and answered last."""
    return shapes.detail(webhooks.delivery_of(call.db, webhooks.find(call.db, webhook_id), delivery_id))


@endpoint("POST", "/webhooks/{webhook_id}/resendings", scope=WRITE, tag=TAG, status=201, roles=ADMINS)
def resend(call: Call, webhook_id: int, body: Resending) -> Resent:
    """Tell a webhook again: one delivery, or up to 5,000 events of a stretch, in order. What it had never been told of
    (it was switched off, or not there yet) is told as well, as far as it subscribes to that kind."""
    hook = _held(call, webhook_id)
    if body.delivery_id is not None:
        webhooks.resend(call.db, call.agent, hook, webhooks.delivery_of(call.db, hook, body.delivery_id))
        return Resent(1)
    if body.since is not None and body.until is not None:
        return Resent(webhooks.resend_between(call.db, call.agent, hook, body.since, body.until))
    if body.after is not None and body.upto is not None:
        return Resent(webhooks.resend_range(call.db, call.agent, hook, body.after, body.upto))
    raise Problem(422, "Name a delivery, or both ends of a stretch.", field="body", code="validation")


def _held(call: Call, webhook_id: int) -> Webhook:
    return webhooks.find(call.db, webhook_id, held=True)
