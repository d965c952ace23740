"""Asking a customer to prove, from their chat, which customer of the business they are (see `base.Linking`).

What they are sent is an address of ours that holds for a day. The platform's own token, which holds for minutes, is
asked for only when that is opened; it goes along to the sign-in page of the business. What the business says then, and
what the platform says of it, come in by :mod:`app.intake.linked`.

The address may be passed on: it stands for nothing but the chat it was sent to, and the platform lets nobody else
confirm it.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from app import connect, inbox, rates
from app.config import settings
from app.db import now, reading, transaction
from app.i18n import gettext
from app.inbox import Refused
from app.inbox.ways import route, ways
from app.models import AccountLink, Agent, Channel, Conversation, Customer, Identity, Message
from channels.base import ChannelError, Linking, Person

LASTS = timedelta(hours=24)  # of the address that is sent
SIGN_IN = timedelta(minutes=10)  # of the platform's token, and then of the nonce
KEPT = timedelta(days=2)  # after it is over, so that what comes twice or late is told for what it is
OPENINGS, WITHIN = 10, 600.0  # of one address, in seconds
MARK = "account link"
PARAMETER = "linkToken"  # by which the sign-in page of the business gets the platform's token
ASKED = "Connect this chat with your account in our shop, and we can look up your orders while we talk."
BUTTON = "Sign in and connect (within 24 hours)"
OVER = "This address does not hold any more. Ask for a new one in the chat."
NO_WAY = "This customer writes on no channel where accounts can be connected."


def ask(
    db: Session, agent: Agent, conversation: Conversation, client_id: str, *, seen: int | None = None
) -> Message:
    """Send the customer the address, as an answer of `agent`. The same `client_id` again changes nothing. `seen` as for
    :func:`app.inbox.reply`. Raises :class:`app.inbox.Refused`."""
    head = inbox.hold(db, conversation)
    wanted = next((channel for _, channel in ways(db, head) if connect.links_accounts(channel)), None)
    if wanted is None:
        raise Refused(NO_WAY)
    identity, channel = route(db, head, wanted.id)
    locale = language(db, head)
    return inbox.reply(
        db,
        agent,
        head,
        gettext(locale, ASKED),
        client_id,
        channel_id=channel.id,
        links=[{"label": gettext(locale, BUTTON), "url": address(identity, channel)}],
        version=0,
        seen=seen,
    )


def offer(db: Session, channel: Channel, identity: Identity, head: Conversation) -> Message | None:
    """The same of the bot; None where a person has taken over meanwhile."""
    locale = language(db, head)
    links = [{"label": gettext(locale, BUTTON), "url": address(identity, channel)}]
    return inbox.bot_reply(db, head, identity, channel, head.owner_epoch, gettext(locale, ASKED), links=links)


def language(db: Session, head: Conversation) -> str:
    """In which the customer is written to."""
    return head.locale or db.get_one(Customer, head.customer_id).locale or settings().locale


def address(identity: Identity, channel: Channel) -> str:
    """Where this customer begins, for a day."""
    about = f"{identity.id}.{channel.id}.{int((now() + LASTS).timestamp())}"
    return f"{settings().public_url}/link/{about}.{settings().mark(MARK, about)}"


def begin(ticket: str) -> str:
    """Where the browser of who opened the address goes: to the sign-in page of the business, with a token of the
    platform. Calls out; hold no transaction. Raises :class:`app.inbox.Refused`."""
    identity_id, channel_id = _read(ticket)
    if rates.hit(f"link:{identity_id}", OPENINGS, WITHIN):
        raise Refused("This was opened too often. Please wait ten minutes.", status=429)
    with reading() as db:
        channel, identity = db.get(Channel, channel_id), db.get(Identity, identity_id)
        if channel is None or identity is None or not (channel.enabled and connect.links_accounts(channel)):
            raise Refused(OVER, status=404)
        login, person = str(channel.settings["login_url"]), Person(identity.address, identity.scope)
        connector = connect.connector(channel)
    assert isinstance(connector, Linking)
    try:
        token = connector.link_token(person)
    except ChannelError as error:
        raise Refused(error.sentence, status=503) from error
    with transaction() as db:
        ends = now() + SIGN_IN
        made = AccountLink(channel_id=channel_id, identity_id=identity_id, token_hash=digest(token))
        made.expires_at = ends
        db.add(made)
    return _with_token(login, token)


def digest(secret: str) -> str:
    """What is stored of a token or nonce; both are random enough for a plain hash."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def lapsed(db: Session) -> bool:
    """Whether some are to be forgotten: nothing comes of them any more."""
    return db.scalar(select(AccountLink.id).where(_old()).limit(1)) is not None


def tidy(db: Session) -> None:
    """Forget them; a nonce that comes back later is one we know nothing of."""
    db.execute(delete(AccountLink).where(_old()))


def _old() -> ColumnElement[bool]:
    return AccountLink.expires_at < now() - KEPT


def _with_token(url: str, token: str) -> str:
    parts = urlsplit(url)
    asked = [*parse_qsl(parts.query, keep_blank_values=True), (PARAMETER, token)]
    return parts._replace(query=urlencode(asked)).geturl()


def _read(ticket: str) -> tuple[int, int]:
    """(identity, channel) of an address that is ours and holds. Raises :class:`app.inbox.Refused`."""
    about, _, mark = ticket.rpartition(".")
    if not hmac.compare_digest(settings().mark(MARK, about).encode(), mark.encode("utf-8", "replace")):
        raise Refused(OVER, status=404)
    identity_id, channel_id, ends = (int(part) for part in about.split("."))
    if ends < now().timestamp():
        raise Refused(OVER, status=404)
    return identity_id, channel_id
