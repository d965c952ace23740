"""What a connector read, taken in: together where it can be, each by itself where it cannot."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import answers, connect, deliver, family, files, inbox, realtime
from app.customers import Address
from app.db import after_commit, now, passing
from app.inbox import Received
from app.intake.outcome import Outcome
from app.intake.people import contact, identity_for, known, meet
from app.intake.said import key, said
from app.models import Channel, Conversation, Identity, Message
from app.models.conversation import BOT
from app.text import clean
from channels import base

log = logging.getLogger(__name__)


def accept(db: Session, channel: Channel, events: Iterable[base.Event]) -> list[Outcome]:
    """Take in what a connector read. Messages that follow each other are taken together; where that fails, and
    for everything else, each event has a savepoint of its own: a bad one costs no neighbour.

    Returns for each event {"event": its name} with "message" (and "new": whether it was stored just now) or
    "excluded" (why it became none).
    """
    taken = list(events)
    people = _hold_all(db, channel, taken) if len(taken) > 1 else {}
    outcomes: list[Outcome] = []
    for is_message, group in groupby(taken, lambda event: isinstance(event, base.Inbound)):
        run = list(group)
        outcomes += _together(db, channel, run, people) if is_message else _each(db, channel, run)
    return outcomes


def _together(
    db: Session, channel: Channel, messages: Sequence[base.Event], people: Mapping[Address, Identity]
) -> list[Outcome]:
    inbound = [one for one in messages if isinstance(one, base.Inbound)]
    if len(inbound) > 1:
        try:
            with db.begin_nested():
                return [{"event": "inbound", **one} for one in _inbound(db, channel, inbound, people)]
        except Exception as error:
            if passing(error):
                raise
            log.debug("%s messages are taken in one by one: %s", len(inbound), error)
    return _each(db, channel, inbound)


def _each(db: Session, channel: Channel, events: Iterable[base.Event]) -> list[Outcome]:
    return [_accept_one(db, channel, event) for event in events]


def _hold_all(db: Session, channel: Channel, events: Sequence[base.Event]) -> dict[Address, Identity]:
    """Lock every thread a batch touches, in one order, before any is changed; the senders by their addresses.

    Two batches that name the same people in another order would otherwise wait for each other for ever
    (PostgreSQL ends that after a second by failing one of them). New people are made first, in the order of
    their addresses, for the same reason.
    """
    senders = {connect.address(channel, one.sender): one for one in events if isinstance(one, base.Inbound)}
    people = meet(db, [contact(channel, senders[key].sender) for key in senders])
    own = list(family.conversations_of(db, [identity.customer_id for identity in people.values()]).values())
    heads = {head for one in events if (head := deliver.thread_of(db, channel, one)) is not None}
    inbox.hold_all(db, own + [db.get_one(Conversation, head) for head in heads])
    return people


def _accept_one(db: Session, channel: Channel, event: base.Event) -> Outcome:
    name = type(event).__name__.lower()
    try:
        with db.begin_nested():
            return {"event": name, **_take(db, channel, event)}
    except inbox.Refused as refused:
        return {"event": name, "excluded": str(refused)}
    except Exception as error:
        if passing(error):
            raise  # not the event's fault: the whole transaction is to be run again
        log.exception("%s on channel %s could not be taken in", name, channel.id)
        return {"event": name, "failed": clean(f"{type(error).__name__}: {error}")[:500]}


def _take(db: Session, channel: Channel, event: base.Event) -> Outcome:
    match event:
        case base.Inbound():
            return _inbound(db, channel, [event], {})[0]
        case base.Receipt():
            return deliver.receipt(db, channel, event)
        case base.Typing():
            return _typing(db, channel, event)
        case base.Edit():
            return _edit(db, channel, event)
        case base.Unsend():
            return _unsend(db, channel, event)
        case base.End():
            return _end(db, channel, event)
        case base.Rating():
            return _rating(db, channel, event)
        case base.Ignored():
            return {"excluded": event.reason, "malformed": event.malformed}
        case _:
            return {"excluded": f"a {type(event).__name__.lower()} is not shown yet"}


def _inbound(
    db: Session, channel: Channel, events: Sequence[base.Inbound], people: Mapping[Address, Identity]
) -> list[Outcome]:
    """Store messages that follow each other, with their files, then let the bot answer what is new."""
    wanted = [event for event in events if event.kind != "outbound"]
    arriving = [
        (identity_for(db, channel, one.sender, people.get(connect.address(channel, one.sender))), said(one))
        for one in wanted
    ]
    received = iter(zip(arriving, inbox.receive(db, channel, arriving), strict=True))
    outcomes: list[Outcome] = []
    for event in events:
        if event.kind == "outbound":
            outcomes.append({"excluded": "sent by our own side with another tool"})
            continue
        (identity, _), one = next(received)
        outcomes.append(_outcome(one))
        if one.new:
            files.bring(db, channel, one.message, identity, event.attachments)
            if event.kind == "inbound" and not event.auto:
                _answer(db, channel, identity, one)
    return outcomes


def _outcome(one: Received) -> Outcome:
    told: Outcome = {"message": one.message.id, "new": one.new}
    return told if one.new else {**told, "excluded": "seen before"}


def _answer(db: Session, channel: Channel, identity: Identity, received: Received) -> None:
    """What the customer said is kept even where the bot breaks over it; then a person is to look."""
    if received.conversation.owner != BOT:
        return
    try:
        with db.begin_nested():
            answers.respond(db, channel, identity, received.conversation, received.message)
    except Exception as error:
        if passing(error):
            raise
        log.exception("the bot broke over message %s", received.message.id)
        inbox.hand_over(db, received.conversation, "misses")


def _typing(db: Session, channel: Channel, event: base.Typing) -> Outcome:
    if found := known(db, channel, event.sender):
        head = family.head_of(db, family.conversation_of(db, found.customer_id))
        after_commit(db, realtime.publish, "typing", head.id, "customer", 0, event.on)
    return {"excluded": "typing"}


def _edit(db: Session, channel: Channel, event: base.Edit) -> Outcome:
    message = _stored(db, channel, event.external_id)
    if message is None:
        return {"excluded": "an edit of a message we do not have"}
    inbox.edit(db, _conversation(db, message), message, event.text, event.at or now())
    return {"excluded": "an edit", "of": message.id}


def _unsend(db: Session, channel: Channel, event: base.Unsend) -> Outcome:
    message = _stored(db, channel, event.external_id)
    if message is None:
        return {"excluded": "taken back before we had it"}
    inbox.unsend(db, _conversation(db, message), message)
    return {"excluded": "taken back", "of": message.id}


def _end(db: Session, channel: Channel, event: base.End) -> Outcome:
    if found := known(db, channel, event.sender):
        inbox.resolve(db, None, family.conversation_of(db, found.customer_id))
    return {"excluded": "the customer ended the conversation"}


def _rating(db: Session, channel: Channel, event: base.Rating) -> Outcome:
    if found := known(db, channel, event.sender):
        inbox.rate(db, family.conversation_of(db, found.customer_id), event.score, event.comment)
    return {"excluded": "a rating"}


def _stored(db: Session, channel: Channel, external_id: str) -> Message | None:
    return db.scalar(select(Message).filter_by(channel_id=channel.id, external_id=key(external_id)))


def _conversation(db: Session, message: Message) -> Conversation:
    return db.get_one(Conversation, message.conversation_id)
