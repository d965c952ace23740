"""What customers say, taken into their threads: each message once, many at a time where many wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import connect, family, search
from app.db import now, one_writer
from app.events import Happening, record_all
from app.inbox.current import cases_for_inbound, current_cases
from app.inbox.holding import hold_all
from app.inbox.summary import show, wait_from
from app.models import Case, Channel, Conversation, Identity, Message
from app.models.message import INBOUND, OUTBOUND
from app.text import clean

MAX_TEXT = 20_000  # characters of a message
CUT = "The text is too long; only its beginning is kept."
OLD = timedelta(days=1)
RACES = 3  # times a message may turn out to have been stored by somebody else meanwhile


@dataclass(frozen=True)
class Said:
    """One message as the door in hands it over, already cleaned of what belongs to a provider.

    `quiet`: it is shown, but asks nothing of anybody. `author`: who it comes from, "agent" for a call of ours.
    `place`: the conversation it stands in, where that is not its sender's own (somebody else who takes part in it).
    """

    external_id: str
    text: str = ""
    html: str = ""
    subject: str = ""
    sent_at: datetime | None = None
    kind: str = INBOUND
    context: dict[str, Any] = field(default_factory=dict)
    quiet: bool = False
    place: int | None = None
    author: str = "customer"


@dataclass(frozen=True)
class Received:
    """`message` is the stored one; `new` is False when it had been stored before."""

    message: Message
    conversation: Conversation
    new: bool


@dataclass(frozen=True)
class _Arrival:
    """A message on its way in: whose, in which conversation, shown in which thread."""

    said: Said
    identity: Identity
    conversation: Conversation
    head: Conversation


def receive(db: Session, channel: Channel, arriving: Sequence[tuple[Identity, Said]]) -> list[Received]:
    """Store customers' messages once each, in the conversations of their identities, and wake the threads they
    show in; what became of each, in the order given.

    A message that is late (its provider's time is in the past) takes its place by that time; one from the
    future is taken to be from now. A hundred at once cost a few statements more than one does.
    """
    for _ in range(RACES - 1):
        try:
            with db.begin_nested():
                return _receive(db, channel, arriving)
        except IntegrityError:  # the same id came in by another thread at this moment: now it can be seen
            continue
    return _receive(db, channel, arriving)


def _receive(db: Session, channel: Channel, arriving: Sequence[tuple[Identity, Said]]) -> list[Received]:
    arrivals = _arrivals(db, arriving)
    stored = seen(db, channel, [one.said.external_id for one in arrivals])
    before = set(stored)
    fresh = {one.said.external_id: one for one in reversed(arrivals) if one.said.external_id not in stored}
    news = _store(db, channel, list(reversed(fresh.values())))
    stored |= {one.said.external_id: message for one, message, _ in news}
    return [_received(one, stored, before) for one in arrivals]


def _store(
    db: Session, channel: Channel, arrivals: Sequence[_Arrival]
) -> list[tuple[_Arrival, Message, str]]:
    """The messages of arrivals that are new, each with its case and what it did to it."""
    places = _places(db, channel, arrivals)
    messages = [_message(channel, one, at) for one, at in zip(arrivals, places, strict=True)]
    both = list(zip(arrivals, messages, strict=True))
    _mark_answered(db, channel, both)
    cases = _cases(db, channel, both)
    for message, (case, _) in zip(messages, cases, strict=True):
        message.case_id = case.id if case else None
    _note_when(channel, both)
    db.add_all(messages)
    db.flush()
    news = [(one, message, change) for (one, message), (_, change) in zip(both, cases, strict=True)]
    _tell(db, news)
    return news


def _note_when(channel: Channel, both: Sequence[tuple[_Arrival, Message]]) -> None:
    """When each wrote last, where the platform lets us answer for so long after that."""
    if connect.features(channel).reply_window is None:
        return
    for one, message in both:
        if message.kind == INBOUND and not one.said.quiet:
            before = one.identity.wrote_at
            one.identity.wrote_at = max(before, message.sent_at) if before else message.sent_at


def _cases(
    db: Session, channel: Channel, both: Sequence[tuple[_Arrival, Message]]
) -> list[tuple[Case | None, str]]:
    """The case of each, and what it did to it. What is quiet does nothing: it stands with what is open, if anything."""
    asking = [
        (one.head, message.sent_at, message.subject or message.text)
        for one, message in both
        if not one.said.quiet
    ]
    found = iter(cases_for_inbound(db, channel, asking) if asking else ())
    quiet = [one.head for one, _ in both if one.said.quiet]
    current = current_cases(db, quiet) if quiet else {}
    return [(current.get(one.head.id), "") if one.said.quiet else next(found) for one, _ in both]


def _mark_answered(db: Session, channel: Channel, both: Sequence[tuple[_Arrival, Message]]) -> None:
    """What an answer given with another tool already stands below waits for nobody any more."""
    if not connect.features(channel).copies:
        return
    for one, message in both:
        last = one.head.last_message_at
        if last is not None and message.sent_at < last and _answered_since(db, one.head, message.sent_at):
            message.context = {**message.context, "out_of_turn": "answered"}


def _answered_since(db: Session, head: Conversation, at: datetime) -> bool:
    """Whether one of us answered with another tool at that time or later. (What was answered here does not count: the
    time is the sender's, and a customer whose clock is slow must not wait unseen.)"""
    ours = (Message.kind == OUTBOUND, Message.external_id.is_not(None), Message.sent_at >= at)
    mine = Message.conversation_id.in_(family.family_ids(db, head))
    return db.scalar(select(Message.id).where(mine, *ours).limit(1)) is not None


def _received(one: _Arrival, stored: Mapping[str, Message], before: set[str]) -> Received:
    """Of the same id twice in one batch the first is the new one."""
    new = one.said.external_id not in before
    before.add(one.said.external_id)
    return Received(stored[one.said.external_id], one.head, new)


def _arrivals(db: Session, arriving: Sequence[tuple[Identity, Said]]) -> list[_Arrival]:
    """Where each belongs. The senders' own threads are held even where they speak in another one: that is what makes
    the same message by two ways wait for itself."""
    own = family.conversations_of(db, [identity.customer_id for identity, _ in arriving])
    mine = [own[identity.customer_id] for identity, _ in arriving]
    there = [db.get_one(Conversation, said.place) if said.place else None for _, said in arriving]
    heads = hold_all(db, mine + [one for one in there if one])
    if _changed_hands(db, [identity for identity, _ in arriving]):
        return _arrivals(db, arriving)
    own_heads, other_heads = heads[: len(mine)], iter(heads[len(mine) :])
    return [
        _Arrival(said, identity, place or conversation, next(other_heads) if place else head)
        for (identity, said), conversation, head, place in zip(arriving, mine, own_heads, there, strict=True)
    ]


def _changed_hands(db: Session, identities: Sequence[Identity]) -> bool:
    """Whether an address was taken out of its customer while we waited for the thread. What changed is read afresh;
    where there is one writer at a time nothing does."""
    if one_writer():
        return False
    ids = {one.id for one in identities}
    asked = select(Identity.id, Identity.customer_id, Identity.wrote_at).where(Identity.id.in_(ids))
    told = {id: (customer_id, wrote_at) for id, customer_id, wrote_at in db.execute(asked)}
    before = {one.id: one.customer_id for one in identities}
    for one in identities:
        if told.get(one.id, (one.customer_id, one.wrote_at)) != (one.customer_id, one.wrote_at):
            db.refresh(one, ["customer_id", "wrote_at"])
    return any(one.customer_id != before[one.id] for one in identities)


def seen(db: Session, channel: Channel, external_ids: Sequence[str]) -> dict[str, Message]:
    """Those of these ids we have. Asked while the threads are held: who sends one twice at once is waited for."""
    same = connect.features(channel).same_everywhere
    channels = connect.siblings(db, channel) if same else [channel.id]
    wanted = select(Message).where(Message.channel_id.in_(channels), Message.external_id.in_(external_ids))
    return {message.external_id: message for message in db.scalars(wanted) if message.external_id}


def _message(channel: Channel, one: _Arrival, at: datetime) -> Message:
    said = one.said
    return Message(
        conversation_id=one.conversation.id,
        kind=said.kind,
        author=said.author,
        identity_id=one.identity.id,
        channel_id=channel.id,
        external_id=said.external_id,
        text=clean(said.text)[:MAX_TEXT],
        html=clean(said.html),
        subject=clean(said.subject)[:500],
        context=said.context,
        sent_at=at,
    )


def _places(db: Session, channel: Channel, arrivals: Sequence[_Arrival]) -> list[datetime]:
    """When each was said, for the order of the thread.

    A live sender sends one message after the other, so theirs keep the order they came in. *Trap:* the time is
    worked out from how long a message waited, and a slow server makes that shorter for the first than for the next.
    """
    said = [said_at(one.said, one.head) for one in arrivals]
    if not connect.features(channel).live:
        return said
    last: dict[int, datetime] = {}
    for number, one in enumerate(arrivals):
        before = last.get(one.identity.id) or _last_said(db, one)
        said[number] = last[one.identity.id] = max(said[number], before) if before else said[number]
    return said


def said_at(said: Said, head: Conversation) -> datetime:
    """The provider's time; ours, where it gave none or one of the future, and then not before what stands there."""
    if said.sent_at is not None and said.sent_at <= now():
        return said.sent_at
    return max(now(), head.last_message_at or now())


def _last_said(db: Session, one: _Arrival) -> datetime | None:
    mine = (Message.conversation_id == one.conversation.id, Message.identity_id == one.identity.id)
    return db.scalar(
        select(Message.sent_at)
        .where(*mine, Message.kind == INBOUND)
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )


def _tell(db: Session, news: Sequence[tuple[_Arrival, Message, str]]) -> None:
    """What the list, the search and everybody who follows are told. The rows of the threads are touched only here,
    after the messages have their ids, so that each is written once."""
    search.index_new(db, [message for _, message, _ in news])
    for one, message, _ in news:
        if not message.quiet:
            one.head.inbound_count += 1  # everything of the customer, a call or a visit noted included
        if one.head.locale == "" and one.said.context.get("locale"):
            one.head.locale = str(one.said.context["locale"])[:16]
        show(one.head, message)
        if not message.quiet and "out_of_turn" not in message.context:
            wait_from(one.head, message.sent_at)
    record_all(
        db,
        [
            Happening(
                "message.received", one.head, message.author, message=message, data=_told(message, change)
            )
            for one, message, change in news
        ],
    )


def _told(message: Message, change: str) -> dict[str, Any]:
    """`quiet`: nobody is to be called because of it."""
    return {"case": change, "quiet": True} if message.quiet or is_old(message) else {"case": change}


def is_old(message: Message) -> bool:
    """Whether it was said long before it came in: by a mailbox that is read afterwards, from a file."""
    return message.sent_at < now() - OLD
