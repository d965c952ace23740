"""Ways to go on with a chat of the site elsewhere: on another device, on LINE, by mail.

Every address here carries a code that lets nobody in by itself (see :mod:`app.resuming`): it may be passed on.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family, inbox, resuming
from app.config import settings
from app.db import now
from app.i18n import gettext
from app.inbox import Refused
from app.inbox.ways import reaches, ways
from app.models import Agent, Channel, Conversation, Customer, Identity, Message, Visitor

FRAGMENT = "madoguchi"  # in which the loader of the chat finds a code
SENT = "Here you can go on with this chat: on another device, or another way. It holds for a day."
BUTTON = "Continue the chat"
INVITED = (
    "Here you can go on in the chat on our site. It holds for a day; "
    "when it is opened we ask here whether it was you."
)
NO_CHAT = "There is no chat on your site to go on in, or no way to ask this customer whether it is they."
CHAT = "webchat"
OVER = "This address does not hold any more. Ask for a new one in the chat."


@dataclass(frozen=True)
class Opening:
    """An address that opens a channel with the code ready to be sent; `label` is the kind's, in English."""

    label: str
    url: str


@dataclass(frozen=True)
class Arrival:
    """Where an address leads: the page with the chat ("" for none), and the other ways. `invited`: from another channel
    into the chat."""

    page: str
    openings: Sequence[Opening] = ()
    invited: bool = False


def openings(db: Session, code: str) -> list[Opening]:
    """The other channels of the house that can be opened with `code`, one of each kind."""
    found: dict[str, Opening] = {}
    for channel in db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)):
        if channel.kind not in found and (url := connect.opening(channel, code)):
            found[channel.kind] = Opening(connect.label(channel.kind), url)
    return list(found.values())


def page_of(visitor: Visitor, code: str) -> str:
    """The page of the shop that this visitor was on, with a code that the chat there finds; "" for none. What stands in
    the fragment goes to no server."""
    url = str(visitor.page.get("url", "")).split("#")[0]
    return f"{url}#{FRAGMENT}={code}" if url.startswith(("https://", "http://")) else ""


def visitor_in(db: Session, head: Conversation) -> Visitor | None:
    """The browser in which this customer was last, if their chat there is still open."""
    customers = [row.customer_id for row in family.family(db, head)]
    theirs = select(Identity.id).where(Identity.customer_id.in_(customers))
    mine = Visitor.identity_id.in_(theirs) | Visitor.proved_identity_id.in_(theirs)
    latest = select(Visitor).where(mine, Visitor.revoked_at.is_(None)).order_by(Visitor.last_seen_at.desc())
    return db.scalars(latest.limit(1)).first()


def send(
    db: Session, agent: Agent, conversation: Conversation, client_id: str, *, seen: int | None = None
) -> Message:
    """Send the customer an address by which they can go on with their chat, as an answer of `agent`; another way than
    the chat itself, if there is one. `seen` as for :func:`app.inbox.reply`. Raises :class:`app.inbox.Refused`."""
    head = inbox.hold(db, conversation)
    visitor = visitor_in(db, head)
    if visitor is None:
        return _invite(db, agent, head, client_id, seen)
    code = resuming.issue_link(db, visitor, lasts=resuming.SENT_LASTS)
    return _sent(db, agent, head, client_id, _way(db, head, visitor), SENT, code, seen)


def chat_of(db: Session) -> Channel | None:
    """The chat that customers of other channels are led into: the first of the house."""
    chats = select(Channel).where(Channel.enabled, Channel.kind == CHAT).order_by(Channel.id)
    return db.scalars(chats.limit(1)).first()


def may_invite(identities: Sequence[Identity], channels: Sequence[Channel]) -> bool:
    """Whether there is a chat among these channels, and a way by which they can be asked whether it is they."""
    open_ones = [one for one in channels if one.enabled]
    asked = any(reaches(one, way) and _asks(one, way) for one in identities for way in open_ones)
    return asked and any(one.kind == CHAT for one in open_ones)


def _asks(identity: Identity, channel: Channel) -> bool:
    """Whether they can be written to there and answer: a form or a call says nothing back."""
    return (
        not identity.unreachable and not connect.features(channel).live and not connect.only_receives(channel)
    )


def _invite(db: Session, agent: Agent, head: Conversation, client_id: str, seen: int | None) -> Message:
    """Lead a customer who never was in the chat into it. Whoever opens the address waits, until the customer says on
    the channel it was sent by that it is they."""
    chat = chat_of(db)
    way = next((one for one in ways(db, head) if _asks(*one)), None)
    if chat is None or way is None:
        raise Refused(NO_CHAT)
    identity, channel = way
    nobody = Visitor(  # the chat as it is before anybody came: no token opens it
        channel_id=chat.id,
        token_hash=secrets.token_hex(32),
        last_seen_at=now(),
        expires_at=now() + resuming.SENT_LASTS,
        locale=head.locale,
        page={},
    )
    db.add(nobody)
    db.flush()
    code = resuming.issue_link(db, nobody, lasts=resuming.SENT_LASTS, sent_to=(identity, channel))
    return _sent(db, agent, head, client_id, channel.id, INVITED, code, seen)


def _sent(
    db: Session,
    agent: Agent,
    head: Conversation,
    client_id: str,
    channel_id: int | None,
    words: str,
    code: str,
    seen: int | None,
) -> Message:
    locale = head.locale or db.get_one(Customer, head.customer_id).locale or settings().locale
    links = [{"label": gettext(locale, BUTTON), "url": f"{settings().public_url}/continue/{code}"}]
    text = gettext(locale, words)
    return inbox.reply(
        db, agent, head, text, client_id, channel_id=channel_id, links=links, version=0, seen=seen
    )


def arrive(db: Session, code: str) -> Arrival:
    """What is shown to who opened an address that was sent; nothing is used up by that. Raises
    :class:`app.inbox.Refused`."""
    found = resuming.find(db, code)
    visitor = db.get(Visitor, found.visitor_id) if found is not None and found.by_link else None
    if found is None or visitor is None or visitor.revoked_at is not None:
        raise Refused(OVER, status=404)
    if resuming.invited(db, found.code_hash) is None:
        return Arrival(page_of(visitor, code), openings(db, code))
    chat = db.get_one(Channel, visitor.channel_id)
    return Arrival(f"{settings().public_url}/chat/{chat.key}#{FRAGMENT}={code}", invited=True)


def _way(db: Session, head: Conversation, visitor: Visitor) -> int | None:
    """The channel they are told by."""
    usable = [channel.id for identity, channel in ways(db, head) if not identity.unreachable]
    return next((id for id in usable if id != visitor.channel_id), None)
