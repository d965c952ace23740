"""Subscriptions: made, changed, given new keys, switched on and off. The pages and the API both call this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Update, select, update
from sqlalchemy.orm import Session

from app import feed, vault
from app.config import settings
from app.db import now
from app.events import record
from app.inbox import Refused
from app.models import Agent, Webhook, WebhookDelivery
from app.models.webhook import QUEUED, SKIPPED
from app.queries import BIGGEST, NotFound
from app.text import one_line
from app.webhooks import signing
from app.webhooks.kinds import KINDS

MAX_HOOKS, MAX_NAME, MAX_URL = 20, 80, 2000
OVERLAP = timedelta(hours=24)  # that an old key still signs
GONE, FAILING = "gone", "failing"  # why we switched one off


class Wrong(Refused):
    """What was typed cannot be kept; `field` is the one to show the sentence at."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


def all_hooks(db: Session) -> Sequence[Webhook]:
    """Every subscription, the oldest first."""
    return db.scalars(select(Webhook).order_by(Webhook.id)).all()


def find(db: Session, hook_id: int, *, held: bool = False) -> Webhook:
    """One of them; `held`: locked until the transaction ends. Raises :class:`NotFound`."""
    found = db.get(Webhook, hook_id, with_for_update=held) if 0 < hook_id < BIGGEST else None
    if found is None:
        raise NotFound(hook_id)
    return found


def add(db: Session, actor: Agent, name: str, url: str, kinds: Iterable[str] = ()) -> tuple[Webhook, str]:
    """A subscription to what happens from now on, and its secret: the only time it is told. Raises `Wrong`."""
    if len(all_hooks(db)) >= MAX_HOOKS:
        raise Wrong("name", "There are as many webhooks as can be. Remove one that is not used any more.")
    key = signing.new_key()
    made = Webhook(
        name=_name(name),
        url=_address(url),
        kinds=_kinds(kinds),
        secrets=vault.seal({"keys": [key]}),
        cursor=feed.end(db),
        agent_id=actor.id,
    )
    db.add(made)
    db.flush()
    _note(db, "audit.webhook_added", actor, made)
    return made, key


def change(db: Session, actor: Agent, hook: Webhook, name: str, url: str, kinds: Iterable[str]) -> None:
    """Another name, address or choice; what waits to be sent goes to the new address, at once. Raises `Wrong`."""
    was = hook.url
    hook.name, hook.url, hook.kinds = _name(name), _address(url), _kinds(kinds)
    if hook.url != was:
        _begin_again(db, hook)
    _note(db, "audit.webhook_changed", actor, hook)


def remove(db: Session, actor: Agent, hook: Webhook) -> None:
    """Away with it, its deliveries and their log."""
    _note(db, "audit.webhook_removed", actor, hook)
    db.delete(hook)
    db.flush()


def rotate(db: Session, actor: Agent, hook: Webhook) -> str:
    """A new key, told this once. The one before signs too for :data:`OVERLAP`; an older one no more."""
    key = signing.new_key()
    hook.secrets = vault.seal({"keys": [key, *_stored(hook)[:1]]})
    hook.old_key_until = now() + OVERLAP
    _note(db, "audit.webhook_rotated", actor, hook)
    return key


def forget_old_key(db: Session, actor: Agent, hook: Webhook) -> None:
    """The receiver has changed over: only the newest key signs from here on."""
    if hook.old_key_until is not None:
        hook.secrets, hook.old_key_until = vault.seal({"keys": _stored(hook)[:1]}), None
        _note(db, "audit.webhook_rotated", actor, hook)


def keys(hook: Webhook) -> list[str]:
    """The keys that sign now, the newest first. Raises `vault.Unreadable`."""
    stored = _stored(hook)
    overlapping = hook.old_key_until is not None and hook.old_key_until > now()
    return stored if overlapping else stored[:1]


def switch_on(db: Session, actor: Agent, hook: Webhook, *, catch_up: bool = True) -> None:
    """Go on telling: with all that happened meanwhile, or (`catch_up` false) from now on only."""
    if not catch_up:
        db.execute(_waiting(hook).values(state=SKIPPED, done_at=now()))
        hook.cursor = max(hook.cursor, feed.end(db))
    _begin_again(db, hook)
    if not hook.enabled:
        hook.enabled, hook.notice = True, ""
        _note(db, "audit.webhook_on", actor, hook)


def _begin_again(db: Session, hook: Webhook) -> None:
    """Whatever the address answered so far is forgotten: what waits is due now."""
    db.execute(_waiting(hook).values(attempts=0, first_at=None, next_at=now()))
    hook.failing_since = hook.resume_at = None


def _waiting(hook: Webhook) -> Update:
    return update(WebhookDelivery).where(
        WebhookDelivery.webhook_id == hook.id, WebhookDelivery.state == QUEUED
    )


def switch_off(db: Session, actor: Agent, hook: Webhook) -> None:
    """Tell nothing until it is switched on again; what waits stays."""
    if hook.enabled:
        hook.enabled, hook.notice = False, ""
        _note(db, "audit.webhook_off", actor, hook)


def stop(db: Session, hook_id: int, why: str) -> None:
    """We switch it off ourselves (`GONE`, `FAILING`), and say so to admins."""
    stopping = update(Webhook).where(Webhook.id == hook_id, Webhook.enabled)
    name = db.scalar(stopping.values(enabled=False, notice=why).returning(Webhook.name))
    if name is not None:
        record(db, "audit.webhook_stopped", webhook_id=hook_id, name=name, reason=why)


def _stored(hook: Webhook) -> list[str]:
    return [str(key) for key in vault.unseal(hook.secrets).get("keys", ())]


def _name(given: str) -> str:
    name = one_line(given, MAX_NAME + 1)
    if not name:
        raise Wrong("name", "Say which system this is for.")
    if len(name) > MAX_NAME:
        raise Wrong("name", "A name has 80 characters at the most.")
    return name


def _address(given: str) -> str:
    url = given.strip()
    try:
        parts = urlsplit(url)
        named = bool(parts.hostname) and not parts.username and not parts.fragment and (parts.port or 1) > 0
    except ValueError:
        named, parts = False, urlsplit("")
    if not named or len(url) > MAX_URL or not url.isprintable() or " " in url or not url.isascii():
        raise Wrong(
            "url", "This is no web address that can be called. It looks like https://example.jp/hooks."
        )
    if parts.scheme != "https" and not (parts.scheme == "http" and settings().allow_private):
        raise Wrong("url", "The address must begin with https://, as it is told what customers write.")
    return url


def _kinds(given: Iterable[str]) -> list[str]:
    kinds = sorted(set(given))
    if not set(kinds) <= KINDS:
        raise Wrong("kinds", "There is no such kind of event.")
    return kinds  # all of them too: "everything", which is none, is not asked by the bot, and is told of new kinds


def _note(db: Session, kind: str, actor: Agent, hook: Webhook, **data: Any) -> None:
    record(db, kind, agent=actor, webhook_id=hook.id, name=hook.name, **data)
