"""What a connector read, taken in: together where it can be, each by itself where it cannot."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import zip_longest

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import afterwards, brought, connect, family, inbox, outgoing, realtime, reported
from app.bot import answers, ratings
from app.customers import Address
from app.db import after_commit, now, passing
from app.inbox import Received, consents, refs, ways
from app.inbox.receiving import is_old
from app.intake import calls, early, elsewhere, linked, touched
from app.intake.ending import end
from app.intake.keeping import Kept, keep
from app.intake.outcome import Outcome
from app.intake.people import contact, identity_for, known, meet, named
from app.intake.places import Place, places
from app.intake.resume import Tried, resume, tried
from app.intake.said import key, said
from app.models import Channel, Conversation, Identity, Message
from app.models.consent import API, STOP
from app.models.conversation import BOT
from app.text import clean
from channels import base

log = logging.getLogger(__name__)

BLOCKED = "They have blocked this account: nothing arrives there."


@dataclass(frozen=True)
class Come:
    """An event, and the raw receipt it came by, if that is told."""

    event: base.Event
    receipt_id: int | None = None


def accept(
    db: Session, channel: Channel, events: Iterable[base.Event], receipts: Sequence[int] = ()
) -> list[Outcome]:
    """Take in what a connector read. Messages that follow each other are taken together; where that fails, and
    for everything else, each event has a savepoint of its own: a bad one costs no neighbour.

    `receipts`: for each event, the id of the raw receipt it came by (none at all: not told). Returns for each event
    {"event": its name} with "message" (and "new": whether it was stored just now) or "excluded" (why it became none).
    """
    taken = [Come(named(channel, event), id) for event, id in zip_longest(events, receipts)]
    people = _hold_all(db, channel, [one.event for one in taken]) if len(taken) > 1 else {}
    outcomes: list[Outcome] = []
    for together, run in _runs(taken):
        outcomes += _together(db, channel, run, people) if together else _each(db, channel, run)
    return outcomes


def _runs(taken: Sequence[Come]) -> Iterator[tuple[bool, list[Come]]]:
    """What can be taken together: messages that follow each other, none of which answers another of them (where that
    one stands has to be known first); and calls, or touchpoints, that do."""
    run: list[Come] = []
    ids: set[object] = set()
    for one in taken:
        event = one.event
        fits = isinstance(event, base.Call | base.Touch | base.Inbound) and not _is_ours(event)
        follows = isinstance(event, base.Inbound) and bool(ids) and not ids.isdisjoint(event.answers)
        if run and (follows or not fits or type(event) is not type(run[0].event)):
            yield True, run
            run, ids = [], set()
        if not fits:
            yield False, [one]
            continue
        run.append(one)
        if isinstance(event, base.Inbound) and "message_id" in event.context:
            ids.add(str(event.context["message_id"]))
    if run:
        yield True, run


def _is_ours(event: base.Event) -> bool:
    return isinstance(event, base.Inbound) and event.kind == "outbound"


def _together(
    db: Session, channel: Channel, run: Sequence[Come], people: Mapping[Address, Identity]
) -> list[Outcome]:
    if len(run) > 1:
        try:
            with db.begin_nested():
                if told := [one.event for one in run if isinstance(one.event, base.Call)]:
                    return [{"event": "call", **one} for one in calls.take(db, channel, told)]
                if touches := [one.event for one in run if isinstance(one.event, base.Touch)]:
                    return [{"event": "touch", **one} for one in touched.take(db, channel, touches)]
                return [{"event": "inbound", **one} for one in _inbound(db, channel, run, people)]
        except Exception as error:
            if passing(error):
                raise
            log.debug("%s messages are taken in one by one: %s", len(run), error)
    return _each(db, channel, run)


def _each(db: Session, channel: Channel, events: Iterable[Come]) -> list[Outcome]:
    return [_accept_one(db, channel, one) for one in events]


def _hold_all(db: Session, channel: Channel, events: Sequence[base.Event]) -> dict[Address, Identity]:
    """Lock every thread a batch touches, in one order, before any is changed; the senders by their addresses.

    Two batches that name the same people in another order would otherwise wait for each other for ever
    (PostgreSQL ends that after a second by failing one of them). New people are made first, in the order of
    their addresses, for the same reason.
    """
    said = [one for one in events if isinstance(one, base.Inbound) and not one.sender.aliases]
    senders = {connect.address(channel, one.sender): one for one in said}
    people = meet(db, [contact(channel, senders[key].sender) for key in senders])
    own = list(family.conversations_of(db, [identity.customer_id for identity in people.values()]).values())
    heads = {head for one in events if (head := reported.thread_of(db, channel, one)) is not None}
    inbox.hold_all(db, own + [db.get_one(Conversation, head) for head in heads])
    return people


def _accept_one(db: Session, channel: Channel, one: Come) -> Outcome:
    name = type(one.event).__name__.lower()
    try:
        with db.begin_nested():
            return {"event": name, **_take(db, channel, one)}
    except inbox.Refused as refused:
        return {"event": name, "excluded": str(refused)}
    except Exception as error:
        if passing(error):
            raise  # not the event's fault: the whole transaction is to be run again
        log.exception("%s on channel %s could not be taken in", name, channel.id)
        return {"event": name, "failed": clean(f"{type(error).__name__}: {error}")[:500]}


def _take(db: Session, channel: Channel, one: Come) -> Outcome:
    match event := one.event:
        case base.Inbound(kind="outbound"):
            return elsewhere.take(db, channel, event, one.receipt_id)
        case base.Inbound():
            return _inbound(db, channel, [one], {})[0]
        case base.Call():
            return calls.take(db, channel, [event])[0]
        case base.Receipt():
            return reported.receipt(db, channel, event)
        case base.Typing():
            return _typing(db, channel, event)
        case base.Edit():
            return _edit(db, channel, event)
        case base.Unsend():
            return _unsend(db, channel, event)
        case base.Reaction():
            return _reaction(db, channel, event)
        case base.End():
            return _end(db, channel, event)
        case base.Judged():
            return _judged(db, channel, event)
        case base.Rating():
            return _rating(db, channel, event)
        case base.Linked():
            return linked.settle(db, channel, event)
        case base.Follow() | base.Block():
            return _reachability(db, channel, event)
        case base.Permission():
            return _permission(db, channel, event)
        case base.Touch():
            return touched.take(db, channel, [event])[0]
        case base.Ignored():
            return {"excluded": event.reason, "malformed": event.malformed}


def _inbound(
    db: Session, channel: Channel, run: Sequence[Come], people: Mapping[Address, Identity]
) -> list[Outcome]:
    """Store messages that follow each other, with what they bring along, then let the bot answer what is new."""
    arriving = [
        (_sender(db, channel, one.event, people), one.event, one.receipt_id)
        for one in run
        if isinstance(one.event, base.Inbound)
    ]
    where = places(db, channel, [(identity, event) for identity, event, _ in arriving])
    real = [(*one, place) for one, place in zip(arriving, where, strict=True) if not place.echo]
    beside = connect.features(channel).copies
    codes = [
        None if place.conversation_id else tried(db, channel, one, event) for one, event, _, place in real
    ]
    wanted = [
        (identity, said(event, place, html_beside=beside, code=code is not None))
        for (identity, event, _, place), code in zip(real, codes, strict=True)
    ]
    received = inbox.receive(db, channel, wanted) if wanted else []
    both = list(zip(real, received, codes, strict=True))
    keep(db, channel, [Kept(event, got.message, id) for (_, event, id, _), got, _ in both if got.new])
    last = {(identity.id, got.conversation.id): got.message.id for (identity, *_), got, _ in both if got.new}
    more = [last.get((one[0].id, got.conversation.id)) != got.message.id for one, got, _ in both]
    outcomes = iter(
        [
            _settle(db, channel, identity, event, place, got, code, more=follows)
            for ((identity, event, _, place), got, code), follows in zip(both, more, strict=True)
        ]
    )
    return [{"excluded": "our own echo"} if place.echo else next(outcomes) for place in where]


def _sender(
    db: Session, channel: Channel, event: base.Inbound, people: Mapping[Address, Identity]
) -> Identity:
    identity = identity_for(db, channel, event.sender, people.get(connect.address(channel, event.sender)))
    ways.reach(db, identity)  # somebody writes from there, so it is there
    return identity


def _settle(
    db: Session,
    channel: Channel,
    identity: Identity,
    event: base.Inbound,
    place: Place,
    received: Received,
    code: Tried | None,
    *,
    more: bool,
) -> Outcome:
    """What a stored message brings along and brings about; told for the books. `more`: another one of theirs came with
    it, and the bot answers both at once."""
    told: Outcome = {"message": received.message.id, "new": received.new}
    if not received.new:
        other = received.message.channel_id != channel.id
        return {**told, "excluded": "seen before: another mailbox" if other else "seen before"}
    brought.bring(db, channel, received.message, identity, event.attachments)
    if place.answers_in is not None and not received.message.quiet:
        inbox.tell_of_stranger(db, place.answers_in, identity, received.conversation)
    if event.conversation == str(received.message.conversation_id) and not received.message.quiet:
        _belongs(db, channel, identity, place, event, received.message)
    if code is not None:
        resume(db, channel, identity, received.conversation, code)
    elif event.sort == "unreadable" and not received.message.quiet:
        inbox.hand_over(db, received.conversation, "unreadable")
    elif place.conversation_id is not None and not received.message.quiet:
        inbox.hand_over(db, received.conversation, "others")  # the bot has one customer to talk to
    elif connect.features(channel).suggests and is_old(received.message) and not received.message.quiet:
        inbox.hand_over(db, received.conversation, "old")  # a mailbox read afterwards: nobody waits for a bot
    elif event.kind == "inbound" and not event.auto and not received.message.quiet:
        if linked.wants(db, channel, identity, received.conversation, event):
            return told
        _answer(db, channel, identity, received, more=more)
    return told


def _belongs(
    db: Session, channel: Channel, identity: Identity, place: Place, event: base.Inbound, message: Message
) -> None:
    """Our own mark says that it belongs where it stands: what can be learned from that."""
    if event.about_sender.get("aligned") != "no":  # what the mail server says of a forged sender
        afterwards.confirm(db, identity, _conversation(db, message))
    if place.unknown:
        refs.learn(db, channel, message.conversation_id, place.unknown)


def _answer(
    db: Session, channel: Channel, identity: Identity, received: Received, *, more: bool = False
) -> None:
    """What the customer said is kept even where the bot breaks over it; then a person is to look."""
    if received.conversation.owner != BOT:
        return
    with answers.unbroken(db, received.conversation, received.message):
        answers.respond(db, channel, identity, received.conversation, received.message, more=more)


def _typing(db: Session, channel: Channel, event: base.Typing) -> Outcome:
    if found := known(db, channel, event.sender):
        head = family.head_of(db, family.conversation_of(db, found.customer_id))
        after_commit(db, realtime.publish, "typing", head.id, "customer", 0, event.on)
        if event.on:
            answers.wait_for(db, channel, head)
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
        return _taken_back_early(db, channel, event)
    inbox.unsend(db, _conversation(db, message), message)
    return {"excluded": "taken back", "of": message.id}


def _taken_back_early(db: Session, channel: Channel, event: base.Unsend) -> Outcome:
    """Its tombstone stands already when the message comes, which then is one seen before."""
    told: Outcome = {"excluded": "taken back before we had it"}
    if event.sender is None:
        return told
    identity = identity_for(db, channel, event.sender)
    past = {"history": True}  # it asks nothing of anybody
    empty = inbox.Said(key(event.external_id), sent_at=event.at, context=past, quiet=True)
    (received,) = inbox.receive(db, channel, [(identity, empty)])
    inbox.unsend(db, received.conversation, received.message)
    return {**told, "message": received.message.id, "new": received.new}


def _reaction(db: Session, channel: Channel, event: base.Reaction) -> Outcome:
    message = _stored(db, channel, event.external_id) or reported.sent(db, channel, event.external_id)
    if message is None:
        early.keep(db, channel, event)
        return {"excluded": "a reaction to a message we do not have: kept until it comes"}
    who = known(db, channel, event.sender)
    if who is None:
        return {"excluded": "a reaction of somebody who never wrote"}
    inbox.react(db, message, who, event.emoji, event.on, event.at or now())
    return {"excluded": "a reaction", "of": message.id}


def _end(db: Session, channel: Channel, event: base.End) -> Outcome:
    if found := known(db, channel, event.sender):
        end(db, family.conversation_of(db, found.customer_id))
    return {"excluded": "the customer ended the conversation"}


def _rating(db: Session, channel: Channel, event: base.Rating) -> Outcome:
    if found := known(db, channel, event.sender):
        inbox.rate(db, family.conversation_of(db, found.customer_id), event.score, event.comment)
    return {"excluded": "a rating"}


def _judged(db: Session, channel: Channel, event: base.Judged) -> Outcome:
    """Whether an answer of ours helped, by who got it."""
    who = known(db, channel, event.sender)
    id = int(event.key) if event.key.isdecimal() and len(event.key) < 19 else outgoing.message_of(event.key)
    message = db.get(Message, id) if id is not None else None
    if who is None or message is None or message.channel_id != channel.id:
        return {"excluded": "a word on an answer that is not here"}
    theirs = family.head_of(db, family.conversation_of(db, who.customer_id))
    if family.head_of(db, _conversation(db, message)).id != theirs.id:
        return {"excluded": "a word on an answer to somebody else"}
    ratings.rate(db, channel, who, message, event.helped)
    return {"excluded": "whether an answer helped", "of": message.id}


def _reachability(db: Session, channel: Channel, event: base.Follow | base.Block) -> Outcome:
    """They let us write to them, or do so no more. A stranger who merely follows becomes no customer yet."""
    follows = isinstance(event, base.Follow)
    if found := known(db, channel, event.sender):
        ways.reach(db, found) if follows else ways.unreach(db, found, BLOCKED)
    return {"excluded": "they can be written to" if follows else "they want nothing written to them here"}


def _permission(db: Session, channel: Channel, event: base.Permission) -> Outcome:
    """They agree to be written to here, or want it no more. Who never was a customer becomes none by that."""
    found = known(db, channel, event.sender)
    if found is None:
        return {"excluded": "a consent of somebody who never wrote"}
    message = _stored(db, channel, event.message) if event.message else None
    source, at = API if connect.features(channel).posted else STOP, event.at or _when(message)
    told = (event.given, clean(event.purpose)[:40])
    consents.consent(db, found, consents.Said(*told, channel=channel, source=source, message=message, at=at))
    if event.given:
        ways.reach(db, found)
    return {"excluded": "a consent", **({"of": message.id} if message else {})}


def _when(message: Message | None) -> datetime | None:
    return message.sent_at if message else None


def _stored(db: Session, channel: Channel, external_id: str) -> Message | None:
    return db.scalar(select(Message).filter_by(channel_id=channel.id, external_id=key(external_id)))


def _conversation(db: Session, message: Message) -> Conversation:
    return db.get_one(Conversation, message.conversation_id)
