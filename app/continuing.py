"""Ways to go on with a chat of the site elsewhere: on another device, on LINE, by mail.

Every address here carries a code that lets nobody in by itself (see :mod:`app.resuming`): it may be passed on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, family, inbox, resuming
from app.config import settings
from app.i18n import gettext
from app.inbox import Refused
from app.inbox.ways import ways
from app.models import Agent, Channel, Conversation, Customer, Identity, Message, Visitor

FRAGMENT = "madoguchi"  # in which the loader of the chat finds a code
SENT = "Here you can go on with this chat: on another device, or another way. It holds for a day."
BUTTON = "Continue the chat"
NO_CHAT = "This customer has no open chat on your site."
OVER = "This address does not hold any more. Ask for a new one in the chat."


@dataclass(frozen=True)
class Opening:
    """An address that opens a channel with the code ready to be sent; `label` is the kind's, in English."""

    label: str
    url: str


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


def send(db: Session, agent: Agent, conversation: Conversation, client_id: str) -> Message:
    """Send the customer an address by which they can go on with their chat, as an answer of `agent`; another way than
    the chat itself, if there is one. Raises :class:`app.inbox.Refused`."""
    head = inbox.hold(db, conversation)
    visitor = visitor_in(db, head)
    if visitor is None:
        raise Refused(NO_CHAT)
    code = resuming.issue_link(db, visitor, lasts=resuming.SENT_LASTS)
    locale = head.locale or db.get_one(Customer, head.customer_id).locale or settings().locale
    url = f"{settings().public_url}/continue/{code}"
    return inbox.reply(
        db,
        agent,
        head,
        gettext(locale, SENT),
        client_id,
        channel_id=_way(db, head, visitor),
        links=[{"label": gettext(locale, BUTTON), "url": url}],
    )


def arrive(db: Session, code: str) -> tuple[str, Sequence[Opening]]:
    """(the shop's page, the other ways) for who opened an address that was sent; nothing is used up by that. Raises
    :class:`app.inbox.Refused`."""
    found = resuming.find(db, code)
    visitor = db.get(Visitor, found.visitor_id) if found is not None and found.by_link else None
    if visitor is None or visitor.revoked_at is not None:
        raise Refused(OVER, status=404)
    return page_of(visitor, code), openings(db, code)


def _way(db: Session, head: Conversation, visitor: Visitor) -> int | None:
    """The channel they are told by."""
    usable = [channel.id for identity, channel in ways(db, head) if not identity.unreachable]
    return next((id for id in usable if id != visitor.channel_id), None)
