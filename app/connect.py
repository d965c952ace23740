"""From a channel's row to a connector that can speak for it."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache, partial
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import canonical, renewing, vault
from app.config import settings
from app.models import Channel, Identity
from app.text import clean
from channels import guard, registry
from channels.base import (
    Connector,
    Context,
    Features,
    Fetching,
    Informing,
    Linking,
    MarksRead,
    Measure,
    Measuring,
    Opening,
    Outbound,
    Person,
    Preview,
    Previewing,
    Profile,
    Templates,
    TypingIndicator,
    bubbles,
)

SANDBOX = "sandbox-"  # so begin the keys of the channels whose platform the sandbox plays


@cache
def http(sandbox: str = "") -> guard.Client:
    """The process's HTTP client: it follows no redirect and connects to no private address unless allowed. That for
    the channels of a `sandbox` reaches this as well, wherever it lies."""
    return guard.Client(allow_private=settings().allow_private, known=_place(sandbox))


def http_of(channel: Channel) -> guard.Client:
    """The client for what `channel` calls."""
    return http(sandbox) if (sandbox := _sandbox(channel)) else http()


def _sandbox(channel: Channel) -> str:
    """The address of what plays its platform, "" for the real one."""
    return settings().sandbox or "" if channel.key.startswith(SANDBOX) else ""


def _place(url: str) -> tuple[str, int] | None:
    """(host, port) of an address of ours."""
    parts = urlsplit(url)
    return (
        (parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)) if parts.hostname else None
    )


def connector(channel: Channel) -> Connector[Any]:
    """The connector of `channel`, secrets filled in. Raises `UnknownKind`, `vault.Unreadable`."""
    stored = {**channel.settings, **vault.unseal(channel.secrets)}
    seal_key = settings().seal_key(channel.key)
    renew = partial(renewing.renew, channel.id)
    context = Context(channel.key, settings().public_url, seal_key, _sandbox(channel), renew)
    return registry.build(channel.kind, stored, http_of(channel), context)


def preview(channel: Channel, outbound: Outbound) -> Preview:
    """`outbound` as its reader will see it. Raises as :func:`connector` does, and `ChannelError`."""
    by = connector(channel)
    if isinstance(by, Previewing):
        return by.preview(outbound)
    return Preview(outbound.text, outbound.html, bubbles=bubbles(outbound, by.features))


def measure(channel: Channel, shown: Preview, to: Person) -> Measure | None:
    """What it costs to send them that, all messages together; None where nothing is counted. Raises as
    :func:`connector` does."""
    by = connector(channel)
    if not isinstance(by, Measuring):
        return None
    counted = [by.measure(one.text, to) for one in shown.bubbles] or [by.measure(shown.text, to)]
    return replace(counted[-1], parts=sum(one.parts for one in counted))


def features(channel: Channel) -> Features:
    """What this channel's kind can do; of a kind that is not installed any more, nothing."""
    try:
        return registry.connector(channel.kind).features
    except registry.UnknownKind:
        return Features()


def only_receives(channel: Channel) -> bool:
    """Whether nothing can be sent by this channel as it is set up."""
    known = features(channel)
    return known.inbound_only or bool(known.sends_with and not channel.settings.get(known.sends_with))


def label(kind: str) -> str:
    """What a kind of channel is called, in English; "" for none, and for one that is not installed any more."""
    made = registry.kinds().get(kind)
    return made.label if made is not None else ""


def identity_kind(channel: Channel) -> str:
    """The kind of the identities that come in here."""
    return features(channel).identity_kind or channel.kind


def marks_read(channel: Channel) -> bool:
    """Whether customers who write here can be shown that we have read it, and are to be."""
    made = registry.kinds().get(channel.kind)
    able = made is not None and issubclass(made, MarksRead)
    return able and channel.settings.get("show_read") is not False


def looks_up(channel: Channel) -> bool:
    """Whether the platform of this channel knows the names of its people."""
    made = registry.kinds().get(channel.kind)
    return made is not None and issubclass(made, Profile)


def informs(channel: Channel) -> bool:
    """Whether the system behind this channel may be asked about a customer."""
    made = registry.kinds().get(channel.kind)
    if made is None or not issubclass(made, Informing) or not channel.enabled:
        return False
    try:
        by = connector(channel)
    except vault.Unreadable:
        return False
    return isinstance(by, Informing) and by.informs()


def shows_typing(channel: Channel) -> bool:
    """Whether customers who write here can be shown that an agent is writing."""
    made = registry.kinds().get(channel.kind)
    return made is not None and issubclass(made, TypingIndicator)


def has_templates(channel: Channel) -> bool:
    """Whether its provider has templates, which may be sent at any time."""
    made = registry.kinds().get(channel.kind)
    return made is not None and issubclass(made, Templates)


def links_accounts(channel: Channel) -> bool:
    """Whether customers can prove there who they are at the business: the platform lets them, and there is a page to
    sign in at (the setting `login_url`, which every kind with `base.Linking` has beside `link_words`)."""
    made = registry.kinds().get(channel.kind)
    return made is not None and issubclass(made, Linking) and bool(channel.settings.get("login_url"))


def measures(channel: Channel) -> bool:
    """Whether what is sent here is charged by the parts its text makes."""
    made = registry.kinds().get(channel.kind)
    return made is not None and issubclass(made, Measuring)


def bot_speaks(channel: Channel) -> bool:
    """Whether the bot answers customers here by itself. Where a kind only suggests, the admin has to allow it."""
    can = features(channel)
    spoken = can.telephone or can.counter  # to people, not in writing
    allowed = not spoken and (not can.suggests or bool(channel.settings.get("bot_answers")))
    return channel.bot_enabled and allowed


def fetches(channel: Channel) -> bool:
    """Whether what customers send is to be brought over from the provider."""
    try:
        return issubclass(registry.connector(channel.kind), Fetching)
    except registry.UnknownKind:
        return False


def siblings(db: Session, channel: Channel) -> list[int]:
    """The ids of the channels of this kind, this one among them."""
    return list(db.scalars(select(Channel.id).filter_by(kind=channel.kind).order_by(Channel.id)))


def address(channel: Channel, person: Person) -> tuple[str, str, str]:
    """(kind, scope, address) of a person who comes in here: the key of their identity."""
    kind = person.kind or identity_kind(channel)
    known = canonical.address(kind, person.address, settings().country)
    everywhere = kind in canonical.EVERYWHERE and known
    scope = person.scope or ("" if everywhere else channel.key)
    return kind, scope, fitting(known or person.address, 320)


def kept(kind: str, written: str) -> str:
    """An address of this kind as it is kept; what is none of that kind stays as it is."""
    return canonical.kept(kind, written, settings().country)


def known_as(kind: str, written: str) -> str:
    """The same of what somebody is said to be known by besides; "" where it is nobody's, or none of that kind."""
    known = canonical.address(kind, written, settings().country)
    return fitting(known, 320) if known else ""


def opening(channel: Channel, text: str) -> str:
    """An address that opens this channel on a customer's device with `text` ready to be sent, "" for none."""
    made = registry.kinds().get(channel.kind)
    if made is None or not issubclass(made, Opening):
        return ""
    by = connector(channel)
    return by.opening(text) if isinstance(by, Opening) else ""


def spelled(identity: Identity) -> str:
    """An address as people of the shop know it."""
    return canonical.spelled(identity.kind, identity.address, identity.display, settings().country)


def withheld(channel: Channel, person: Person) -> bool:
    """Whether this is nobody: who called or wrote keeps their number to themselves."""
    kind = person.kind or identity_kind(channel)
    return kind == canonical.PHONE and canonical.nobody(person.address)


def of_nobody(external_id: str) -> str:
    """The address of who has none, for what has this id alone: two who withhold their number are never one person."""
    return fitting(f"withheld-{external_id}", 320 - len(canonical.UNKNOWN)) + canonical.UNKNOWN


def fitting(id: str, limit: int) -> str:
    """A provider's id as it is stored: itself, or its hash where the column (64 at least) cannot hold it."""
    if len(id) <= limit and clean(id) == id:
        return id
    return hashlib.sha256(id.encode("utf-8", "surrogatepass")).hexdigest()


def scopes(channel: Channel) -> set[str]:
    """The scopes whose identities this channel can tell apart: its own, or one it shares with others."""
    shared = channel.settings.get("identity_scope")
    return {channel.key, str(shared)} if shared else {channel.key}
