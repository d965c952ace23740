"""Whether a customer may be written to: by which way, and for what purpose. What they agreed to is recorded here.

Nothing is sent where the record that counts says that they want it no more, nor, for a purpose that needs it, where
they never agreed: it is refused when it is written, and looked at once more when its sending begins.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarSelect, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app import connect, family
from app.db import insert_if_new, now
from app.events import record
from app.inbox.holding import Refused, hold
from app.inbox.lines import line
from app.inbox.purposes import needs_opt_in, purpose, purposes
from app.models import Agent, Channel, Consent, Conversation, Delivery, Identity, Message
from app.models.consent import AGENT, SERVICE, SOURCES, STOP
from app.text import one_line
from channels import base

MAX_REASON = 500
Value = TypeVar("Value")
Column = ColumnElement[Value] | InstrumentedAttribute[Value]
UNWANTED = "The customer does not want to be written to there."
UNWANTED_TAKE = "The customer does not want to be written to there. Choose another way: %(others)s."
UNASKED = (
    "The customer has not agreed to messages of this sort there. Record their consent before you send one."
)
STOPPED = "The customer stopped messages of this sort before it was sent."
UNWANTED_COPY = "%(addresses)s: no messages of this sort are wanted there. Take it out of the copies."
LEFT_OUT = "They want no messages of this sort."


@dataclass(frozen=True, slots=True)
class Said:
    """That somebody agrees (or not, any more) to be written to.

    `purpose` "": to whatever. By `channel`, else by every channel of `kind`, else by whichever leads to the address.
    `message` is where they said it; `at` when, None: now.
    """

    given: bool
    purpose: str = ""
    kind: str = ""
    channel: Channel | None = None
    source: str = AGENT
    reason: str = ""
    message: Message | None = None
    at: datetime | None = None


def consent(db: Session, identity: Identity, said: Said, *, agent: Agent | None = None) -> Sequence[Consent]:
    """Record it; what holds is what was said last. Returns the new records: none where the same message told so before.

    Who agrees without a word for what agrees to what needs no consent beforehand: nobody is given to advertising by a
    word that was not about it. Raises :class:`Refused` on an unknown purpose or source, and where somebody of
    the house notes it by hand and gives no reason.
    """
    if said.source not in SOURCES:
        raise Refused("There is no such source of a consent.", field="source")
    if said.source == AGENT and not one_line(said.reason, MAX_REASON):
        raise Refused("Write down why: what the customer said, or where they signed.", field="reason")
    head = hold(db, family.conversation_of(db, identity.customer_id))
    made = keep(db, identity, said, agent=agent)
    if made:
        _tell(db, head, identity, made, said.channel, agent)
    return made


def keep(db: Session, identity: Identity, said: Said, *, agent: Agent | None = None) -> Sequence[Consent]:
    """:func:`consent` without a word in the thread, for what is told of there already."""
    keys = [purpose(db, said.purpose).key] if said.purpose else [""]
    if said.given and not said.purpose:
        keys = [one.key for one in purposes(db) if not one.opt_in]
    reason = one_line(said.reason, MAX_REASON)
    rows = [_row(identity, said, key, reason, agent) for key in keys]
    return [row for row in rows if insert_if_new(db, row)]


def _row(identity: Identity, said: Said, key: str, reason: str, agent: Agent | None) -> Consent:
    return Consent(
        identity_id=identity.id,
        kind=said.channel.kind if said.channel else said.kind,
        channel_id=said.channel.id if said.channel else None,
        purpose=key,
        given=said.given,
        source=said.source,
        reason=reason,
        message_id=said.message.id if said.message else None,
        agent_id=agent.id if agent else None,
        at=min(said.at or now(), now()),
    )


def _tell(
    db: Session,
    head: Conversation,
    identity: Identity,
    made: Sequence[Consent],
    channel: Channel | None,
    agent: Agent | None,
) -> None:
    """A line in the thread, and one event for all that was said at once."""
    first = made[0]
    about: dict[str, Any] = {
        "identity": identity.id,
        "channel_kind": first.kind,
        "channel": first.channel_id,
        "purposes": [one.purpose for one in made],
        "source": first.source,
        "reason": first.reason,
        "said_in": first.message_id,
        "at": first.at.isoformat(),
    }
    kind = "consent.given" if first.given else "consent.withdrawn"
    shown = {
        "address": identity.address if identity.kind in ("email", "phone") else identity.display,
        "way": channel.name if channel else connect.label(first.kind),
        "named": {one.key: one.name for one in purposes(db) if one.name and one.key in about["purposes"]},
    }
    said = line(db, head, kind, agent=agent, **shown, **about)
    who = "customer" if first.source == STOP else "system"
    record(db, kind, head, agent=agent, actor=who, message=said, consents=[one.id for one in made], **about)


def said_last(
    identity_id: Column[Any],
    kind: Column[str] | str,
    channel_id: Column[int] | int,
    key: Column[str] | str,
) -> ScalarSelect[bool]:
    """The record that counts there, as a query: whether it was given; NULL where nobody said anything."""
    return (
        select(Consent.given)
        .where(
            Consent.identity_id == identity_id,
            or_(Consent.kind == "", Consent.kind == kind),
            or_(Consent.channel_id.is_(None), Consent.channel_id == channel_id),
            or_(Consent.purpose == "", Consent.purpose == key),
        )
        .order_by(Consent.at.desc(), Consent.id.desc())
        .limit(1)
        .correlate_except(Consent)
        .scalar_subquery()
    )


def agreed(
    db: Session, identity_id: Column[int], channel: Channel, key: str = SERVICE
) -> ColumnElement[bool]:
    """:func:`agrees` as a condition of a query."""
    silent = literal(not needs_opt_in(db, key))
    return func.coalesce(said_last(identity_id, channel.kind, channel.id, key), silent).is_(True)


def agrees(db: Session, identity: Identity, channel: Channel, key: str = SERVICE) -> bool:
    """Whether this address may be written to there for this purpose."""
    return allows(db, newest(records_of(db, [identity.id]).get(identity.id, ()), channel, key), key)


def allows(db: Session, counts: Consent | None, key: str) -> bool:
    """What the record that counts means; where there is none, it depends on the purpose."""
    return counts.given if counts is not None else not needs_opt_in(db, key)


def records_of(db: Session, identity_ids: Collection[int]) -> Mapping[int, Sequence[Consent]]:
    """Identity id → its records, the newest first; one statement for all of them."""
    found: dict[int, list[Consent]] = {}
    wanted = select(Consent).where(Consent.identity_id.in_(set(identity_ids)))
    for one in db.scalars(wanted.order_by(Consent.at.desc(), Consent.id.desc())):
        found.setdefault(one.identity_id, []).append(one)
    return found


def newest(records: Sequence[Consent], channel: Channel, key: str) -> Consent | None:
    """The record that counts, of an address's own: the same rule as :func:`said_last`, for rows in hand."""
    for one in records:
        if (
            one.kind in ("", channel.kind)
            and one.channel_id in (None, channel.id)
            and one.purpose in ("", key)
        ):
            return one
    return None


def unwilling(
    db: Session, ways: Sequence[tuple[Identity, Channel]], key: str = SERVICE
) -> set[tuple[int, int]]:
    """Of these ways those by which they may not be written to for this purpose, as (identity, channel)."""
    said = records_of(db, [identity.id for identity, _ in ways]) if ways else {}
    return {
        (identity.id, channel.id)
        for identity, channel in ways
        if not allows(db, newest(said.get(identity.id, ()), channel, key), key)
    }


def refuse_unwilling(
    db: Session, identity: Identity, channel: Channel, key: str, others: Collection[str] = ()
) -> None:
    """Raises :class:`Refused` where they may not be written to for this purpose; `others`: the ways that are left."""
    counts = newest(records_of(db, [identity.id]).get(identity.id, ()), channel, key)
    if allows(db, counts, key):
        return
    if counts is None:
        raise Refused(UNASKED, field="purpose")
    if others:
        raise Refused(UNWANTED_TAKE, field="channel_id", others=", ".join(others))
    raise Refused(UNWANTED, field="purpose")


def unwilling_copies(
    db: Session, channel: Channel, key: str, people: Sequence[base.Participant]
) -> Sequence[str]:
    """Of those who would get a copy by `channel`, the addresses that may not be written to for this purpose. Who is
    nobody's address here said nothing, as a customer who never did."""
    known = {one.address: connect.address(channel, base.Person(one.address)) for one in people}
    kinds, addresses = ({each[at] for each in known.values()} for at in (0, 2))
    wanted = select(Identity).where(Identity.kind.in_(kinds), Identity.address.in_(addresses))
    theirs = {(one.kind, one.scope, one.address): one for one in db.scalars(wanted)} if known else {}
    records = records_of(db, [one.id for one in theirs.values()]) if theirs else {}
    counts = {
        written: newest(records.get(theirs[told].id, ()) if told in theirs else (), channel, key)
        for written, told in known.items()
    }
    return [written for written, told in counts.items() if not allows(db, told, key)]


def refuse_unwilling_copies(
    db: Session, channel: Channel, key: str, people: Sequence[base.Participant]
) -> None:
    """Raises :class:`Refused`, with their addresses, where somebody in copy may not be written to for this purpose."""
    if unwilling := unwilling_copies(db, channel, key, people):
        raise Refused(UNWANTED_COPY, field="copies", addresses=", ".join(unwilling))


def may_go(db: Session, delivery: Delivery, said: bool | None) -> bool:
    """Whether a delivery may be sent; `said`: what :func:`said_last` of it found."""
    return said if said is not None else not needs_opt_in(db, delivery.purpose)
