"""Telephone calls taken in: each telling completes the one entry its call has, whatever comes first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import brought, calls, canonical, connect, family, inbox
from app.calls.changing import agents_by_name, said
from app.config import settings
from app.db import now
from app.i18n import gettext
from app.intake.outcome import Outcome
from app.intake.people import contact, identity_for, meet
from app.intake.said import key
from app.models import Call, Channel, Conversation, Identity, Message, Relocation
from channels import base

UNHEARD: Outcome = {"excluded": "nothing else is known of this call"}


def take(db: Session, channel: Channel, events: Sequence[base.Call]) -> list[Outcome]:
    """Take in what was told of calls, in whatever order; what became of each telling.

    Those of the same call are one telling, and new calls are stored together: thousands come from a file.
    """
    told = _together(channel, events)
    people = agents_by_name(db) if any(event.agent for event in events) else {}
    known = _stored(db, channel, list(told))
    unheard = {id for id, tale in told.items() if tale.known_only and id not in known}
    fresh = [id for id in told if id not in known and id not in unheard]
    who = _callers(db, channel, {id: told[id] for id in fresh})
    wanted = [(who[id], said(id, told[id].facts)) for id in fresh]
    received = dict(zip(fresh, inbox.receive(db, channel, wanted) if wanted else [], strict=True))
    begun = [(id, told[id], one) for id, one in received.items() if one.new]
    _begin(db, channel, [(tale, one) for _, tale, one in begun], people)
    for id, tale, one in begun:
        _bring(db, channel, one.message, who[id], tale.files)
    new = _new(received)
    changed = {
        id: _same(known.get(id), tale) or _change(db, channel, id, tale, people)
        for id, tale in told.items()
        if id not in new and id not in unheard
    }
    for id, tale in told.items():
        if tale.transcribed and id not in unheard:
            _transcribe(db, channel, received[id].message.id if id in new else changed[id][0], tale)
    ids = [key(event.external_id) for event in events]
    return [UNHEARD if id in unheard else _outcome(id, received, changed) for id in ids]


def _begin(
    db: Session,
    channel: Channel,
    begun: Sequence[tuple[Tale, inbox.Received]],
    people: Mapping[str, int],
) -> None:
    past = [(tale, one) for tale, one in begun if tale.known["history"]]
    calls.begin_past(db, channel, [(one.message, tale.known, tale.facts) for tale, one in past], people)
    live = [(tale, one) for tale, one in begun if not tale.known["history"]]
    made = [calls.begin(db, channel, one.message, tale.known, people) for tale, one in live]
    db.flush()
    for (_, one), call in zip(live, made, strict=True):
        calls.settle(db, one.conversation, one.message, call, people)


class Tale:
    """All that some events tell of one call: what is known by it, who it is, and the recordings it brings."""

    def __init__(self) -> None:
        self.known: calls.Known = {}
        self.people: list[base.Person] = []
        self.files: list[base.Attachment] = []
        self.transcribed: list[tuple[str, base.Attachment]] = []  # when each was told, and where it lies
        self.known_only = True

    def add(self, event: base.Call) -> None:
        self.known = calls.join(self.known, calls.told_by(event))
        if event.sender.address.strip():
            self.people.append(event.sender)
        if event.recording is not None:
            self.files.append(event.recording)
        if event.transcribed is not None:
            self.transcribed.append((calls.stamp(event.at or now()), event.transcribed))
        self.known_only = self.known_only and event.known_only

    @cached_property
    def facts(self) -> calls.Facts:
        """What it comes to, once everything was added."""
        return calls.facts(self.known)

    @property
    def person(self) -> base.Person | None:
        """Whose number holds; None where none is known."""
        if len(self.people) < 2:
            return self.people[0] if self.people else None
        number = self.facts.number
        theirs = [one for one in self.people if one.address.strip() == number]
        return theirs[-1] if theirs else self.people[-1] if self.people else None


def _together(channel: Channel, events: Sequence[base.Call]) -> dict[str, Tale]:
    told: dict[str, Tale] = {}
    for event in events:
        told.setdefault(key(event.external_id), Tale()).add(_plain(channel, event))
    return told


def _plain(channel: Channel, event: base.Call) -> base.Call:
    """The event, without a number where what stands there says that there is none; of now, if no time is told."""
    if not (event.at or event.ended_at or event.answered_at or event.started_at):
        event = replace(event, at=now())
    if not connect.withheld(channel, event.sender):
        return event
    alone = replace(event.sender, address="")
    return replace(event, sender=alone, withheld=event.withheld or event.sender.address)


def _stored(db: Session, channel: Channel, ids: Sequence[str]) -> dict[str, Call]:
    wanted = select(Call).where(Call.channel_id == channel.id, Call.external_id.in_(ids))
    return {str(call.external_id): call for call in db.scalars(wanted)}


def _same(call: Call | None, tale: Tale) -> tuple[int, bool] | None:
    """Where this tells nothing that is not known: nothing is held for it. (What is known is never less later.) Of what
    is history it does not matter that it was said again."""
    if call is None:
        return None
    both = calls.join(call.known, tale.known)
    if both == call.known or (tale.known["history"] and calls.facts(both) == calls.facts(call.known)):
        return call.message_id, False
    return None


def _callers(db: Session, channel: Channel, told: Mapping[str, Tale]) -> dict[str, Identity]:
    """Whose each call is. The senders are met together, in one order; who withholds their number is met alone."""
    people = {id: tale.person or nobody(channel, id) for id, tale in told.items()}
    addresses = {id: connect.address(channel, one) for id, one in people.items()}
    contacts = [contact(channel, one) for one in people.values()]
    met = meet(db, contacts) if len(contacts) > 1 else {}
    asks = connect.looks_up(channel)
    who = {id: met.get(addresses[id]) if _merely(one) and not asks else None for id, one in people.items()}
    return {
        id: who[id] or identity_for(db, channel, one, met.get(addresses[id])) for id, one in people.items()
    }


def _merely(person: base.Person) -> bool:
    """Whether nothing is told of them but a number and a name, which is noted once they were met."""
    return person == base.Person(person.address, kind=person.kind, name=person.name, proof=person.proof)


def nobody(channel: Channel, external_id: str) -> base.Person:
    """Who called without a number: somebody of whom nothing is known but this call."""
    name = gettext(settings().locale, "Withheld number")
    return base.Person(connect.of_nobody(external_id), name=name, proof="claimed")


def _new(received: Mapping[str, inbox.Received]) -> set[str]:
    return {id for id, one in received.items() if one.new}


def _change(
    db: Session, channel: Channel, id: str, tale: Tale, people: Mapping[str, int]
) -> tuple[int, bool]:
    """(the message of a call that is stored, whether this told anything new)."""
    call = db.scalars(select(Call).where(Call.channel_id == channel.id, Call.external_id == id)).one()
    message = db.get_one(Message, call.message_id)
    before = calls.facts(call.known).recording
    told = calls.change(db, call, message, tale.known, people)
    identity = db.get_one(Identity, message.identity_id or 0)
    if identity.address.endswith(canonical.UNKNOWN) and (person := tale.person) is not None:
        identity = identity_for(db, channel, person)
        _recognise(db, message, identity)
    if calls.facts(call.known).recording != before:
        _bring(db, channel, message, identity, tale.files)
    return message.id, told


def _recognise(db: Session, message: Message, identity: Identity) -> None:
    """The number of a call became known: it stands with whom it is of, unless one of us has put it elsewhere."""
    message.identity_id = identity.id
    moved = select(Relocation.id).where(Relocation.message_id == message.id)
    there = family.conversation_of(db, identity.customer_id)
    if db.scalar(moved.limit(1)) is None:
        inbox.restand(db, message, there)


def _bring(
    db: Session, channel: Channel, message: Message, identity: Identity, files: Sequence[base.Attachment]
) -> None:
    """The recording; the last of several tellings in one go is the one."""
    if files:
        brought.bring(db, channel, message, identity, files[-1:])


def _transcribe(db: Session, channel: Channel, message_id: int, tale: Tale) -> None:
    """What was said, unless we have it since it was told."""
    at, file = max(tale.transcribed, key=lambda one: one[0])
    message = db.get_one(Message, message_id)
    inbox.hold(db, db.get_one(Conversation, message.conversation_id))
    db.flush()
    db.refresh(message)  # a file of it may have come while we waited
    mine = select(Call).where(Call.message_id == message_id).execution_options(populate_existing=True)
    call = db.scalars(mine).one()
    claim = call.known["words"].get("transcript")
    if claim is None or claim[1] < at:
        brought.bring_transcript(db, channel, message, file)


def _outcome(
    id: str, received: Mapping[str, inbox.Received], changed: Mapping[str, tuple[int, bool]]
) -> Outcome:
    if id in changed:
        message, told = changed[id]
        return {"message": message, "new": False, "excluded": "more about a call" if told else "seen before"}
    return {"message": received[id].message.id, "new": True}
