"""Visitors' sessions: tokens, and who is proved to be behind one.

A token is 256 random bits, kept by the visitor's page; only its hash is stored. A session belongs to at most one
proved person for ever: somebody else on the same browser gets another session, and so never sees what was before.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import connect, customers, family, inbox, intake, realtime
from app.db import after_commit, now
from app.inbox import links
from app.models import Channel, Conversation, Customer, Identity, Visitor
from app.models.customer import SIGNED
from app.text import clean
from app.visitors.trouble import Trouble, malformed
from channels.base import BadSignature, Person
from channels.webchat import WebChat

LASTS = timedelta(days=30)  # from the last time they were here
CLAIMS = ("name", "email", "phone")


def by_token(db: Session, channel: Channel, token: object) -> Visitor | None:
    """The session of a token on this channel, unless it is over."""
    if not isinstance(token, str) or not token.isascii() or not 20 <= len(token) <= 200:
        return None
    found = db.scalar(select(Visitor).filter_by(token_hash=hashed(token), channel_id=channel.id))
    return found if found and found.revoked_at is None and found.expires_at > now() else None


def begin(db: Session, channel: Channel, locale: str, page: Mapping[str, Any]) -> tuple[Visitor, str]:
    """A new session and its token."""
    token = secrets.token_urlsafe(32)
    visitor = Visitor(
        channel_id=channel.id,
        token_hash=hashed(token),
        last_seen_at=now(),
        expires_at=now() + LASTS,
        locale=locale,
        page=dict(page),
    )
    db.add(visitor)
    db.flush()
    return visitor, token


def seen(visitor: Visitor, page: Mapping[str, Any] | None = None) -> None:
    """They are here: the session slides on."""
    visitor.last_seen_at, visitor.expires_at = now(), now() + LASTS
    if page:
        visitor.page = {**visitor.page, **page}


def reset(db: Session, visitor: Visitor) -> None:
    """The session is over; its token opens nothing any more, and its open lines are closed."""
    visitor.revoked_at = now()
    db.flush()
    after_commit(db, realtime.publish, "visitor", visitor.id)


def identify(
    db: Session, channel: Channel, visitor: Visitor, told: Mapping[str, Any]
) -> tuple[Visitor, str | None]:
    """Note who they are: proved by the business's server, or merely said.

    Returns the session and, if it had to be a new one, its token. Raises :class:`Trouble` on a forged, expired
    or malformed proof; nothing is changed then.
    """
    person = _proved(channel, told)
    if person is None:
        claim(visitor, told.get("attributes"))
        return visitor, None
    identity = intake.identity_for(db, channel, person)
    if visitor.proved_identity_id == identity.id:
        return visitor, None
    if (
        visitor.identity_id is not None
    ):  # of two who sign in on a shared device at once, the second sees the first
        inbox.hold(db, family.conversation_of(db, db.get_one(Identity, visitor.identity_id).customer_id))
        db.refresh(visitor)
    token = None
    if visitor.proved_identity_id is not None or _somebody_elses(db, visitor, identity):
        reset(db, visitor)
        page = {name: value for name, value in visitor.page.items() if name != "claimed"}
        visitor, token = begin(db, channel, visitor.locale, page)
    visitor.proved_identity_id = identity.id
    _join(db, visitor, identity)
    db.flush()
    return visitor, token


def claim(visitor: Visitor, attributes: object) -> None:
    """Keep what they say of themselves, to go with their next message as unproved: so much as a customer can have."""
    if attributes is None:
        return
    if not isinstance(attributes, dict):
        raise malformed()
    simple = {str(k): str(v) for k, v in attributes.items() if isinstance(v, str | int | float) and v != ""}
    kept = {clean(k)[:64]: clean(v)[:300] for k, v in list(simple.items())[:20]}
    both = {**visitor.page.get("claimed", {}), **kept}
    visitor.page = {**visitor.page, "claimed": customers.bounded(both)}


def identities(db: Session, visitor: Visitor) -> tuple[int, ...]:
    """Whose messages they may see: their own, and, proved, those of every device where they proved the same.

    Links made by agents open nothing to a visitor: a wrong guess must not show one person's words to another.
    """
    own = {visitor.identity_id, visitor.proved_identity_id}
    if visitor.proved_identity_id is not None:
        same = select(Visitor.identity_id).where(Visitor.proved_identity_id == visitor.proved_identity_id)
        own |= set(db.scalars(same))
    return tuple(sorted(id for id in own if id is not None))


def sender(db: Session, channel: Channel, visitor: Visitor) -> Person:
    """The visitor as the channel's connector names a sender."""
    claimed = visitor.page.get("claimed", {})
    if visitor.proved_identity_id is not None:
        known = db.get_one(Identity, visitor.proved_identity_id)
        told = {"kind": known.kind, "locale": visitor.locale, "claimed": claimed}
        return Person(known.address, known.scope, proof="signed", **told)
    address = device(visitor)
    if visitor.identity_id is not None:  # by a code they may speak as the visitor of another device
        address = db.get_one(Identity, visitor.identity_id).address
    return Person(address, channel.key, name=claimed.get("name", ""), locale=visitor.locale, claimed=claimed)


def settle(db: Session, channel: Channel, visitor: Visitor) -> None:
    """After a message: the anonymous identity it made is theirs."""
    if visitor.proved_identity_id is None and visitor.identity_id is None:
        found = customers.find(db, connect.identity_kind(channel), channel.key, device(visitor))
        visitor.identity_id = found.id if found else None


def head(db: Session, visitor: Visitor) -> Conversation | None:
    """The thread they are in, as agents see it."""
    id = visitor.proved_identity_id or visitor.identity_id
    if id is None:
        return None
    own = family.conversation_of(db, db.get_one(Identity, id).customer_id)
    return family.head_of(db, own)


def device(visitor: Visitor) -> str:
    """The name of this browser or app, for ever."""
    return f"v{visitor.id}"


def hashed(token: str) -> str:
    """What is stored of a token; it is random enough for a plain hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def _proved(channel: Channel, told: Mapping[str, Any]) -> Person | None:
    connector = connect.connector(channel)
    assert isinstance(connector, WebChat)
    token, user, digest = (_word(told.get(name)) for name in ("jwt", "user_id", "user_hash"))
    if not token and not digest:
        return None
    try:
        return connector.identify(now(), token=token, user_id=user, user_hash=digest)
    except BadSignature as wrong:
        late = "expired" in str(wrong)
        raise Trouble(
            "identity_expired" if late else "identity",
            "We could not confirm who you are. Please reload the page.",
        ) from wrong


def _word(value: object) -> str:
    """A shop's ids are often numbers, and null is what it says of nobody. Raises :class:`Trouble`."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return str(value)
    if value is not None and not isinstance(value, str):
        raise malformed()
    return value or ""


def _somebody_elses(db: Session, visitor: Visitor, identity: Identity) -> bool:
    """Whether the thread of this browser is already that of another proved person."""
    if visitor.identity_id is None:
        return False
    own = family.conversation_of(db, db.get_one(Identity, visitor.identity_id).customer_id)
    theirs = family.conversation_of(db, identity.customer_id)
    if own.head_id != theirs.head_id and intake.contradict(db, own, theirs):
        return True
    together = family.family(db, family.head_of(db, own))
    proved = select(Identity.id).where(
        Identity.customer_id.in_([row.customer_id for row in together]),
        Identity.kind == identity.kind,
        Identity.scope == identity.scope,
        Identity.proof == SIGNED,
        Identity.id != identity.id,
    )
    return db.scalars(proved.limit(1)).first() is not None


def _join(db: Session, visitor: Visitor, identity: Identity) -> None:
    """What they wrote before they signed in is theirs: link it, so that agents see one thread."""
    if visitor.identity_id is None:
        return
    before = db.get_one(Identity, visitor.identity_id)
    if before.customer_id != identity.customer_id:
        child, parent = (db.get_one(Customer, one.customer_id) for one in (before, identity))
        links.link(db, child, parent, evidence={"proof": "signed", "visitor": visitor.id})
