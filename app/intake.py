"""The one door in: whatever a channel brings becomes messages, receipts and changes, each exactly once.

What arrives is stored before it is understood (:func:`store`); every event in it is accounted for in the raw
receipt's ``outcome``, as a message or as an exclusion with its reason. :mod:`app.verify` recounts.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import answers, connect, customers, deliver, family, files, inbox, polled, realtime, vault
from app.customers import Address, Contact
from app.db import after_commit, now, passing, transaction
from app.inbox import Received, Said
from app.models import Channel, Conversation, Customer, Identity, Message, RawReceipt
from app.models.conversation import BOT
from app.text import clean
from channels import base, registry

log = logging.getLogger(__name__)

Outcome = dict[str, Any]
OURS = {
    "files",
    "locale",
    "thread",
    "client_id",
    "visitor_gone",
    "address",
    "what",
}  # never a sender's to say
SECRET_HEADERS = {"authorization", "cookie", "proxy-authorization"}
TRIES = 5  # of reading one receipt, where the database asks for another try (a deadlock, a busy file)


def store(db: Session, channel: Channel, request: base.Request, *, remote: str = "") -> RawReceipt:
    """Keep a request exactly as it came, before anything is made of it."""
    return store_all(db, [(channel, request, remote)])[0]


def store_all(db: Session, arrived: Iterable[tuple[Channel, base.Request, str]]) -> list[RawReceipt]:
    """:func:`store` for several at once: (channel, request, address of the caller)."""
    receipts = [_receipt(*one) for one in arrived]
    db.add_all(receipts)
    db.flush()
    return receipts


def _receipt(channel: Channel, request: base.Request, remote: str) -> RawReceipt:
    return RawReceipt(
        channel_id=channel.id,
        method=request.method,
        url=request.url[:2000],
        headers={name: value for name, value in request.headers.items() if name not in SECRET_HEADERS},
        body=request.body,
        remote=remote[:64],
    )


def read_receipts(receipt_ids: Sequence[int]) -> list[RawReceipt]:
    """:func:`read_receipt` for several (of one channel, best), in the order of their ids.

    All in one transaction, which costs far less than one each; where that fails, each by itself.
    """
    ids = sorted(receipt_ids)
    if len(ids) > 1:
        try:
            return _try(ids)
        except Exception as error:  # noqa: BLE001 - each is read again, and what is wrong with one told on it
            log.info("%s raw receipts are read one by one: %s", len(ids), error)
    return [read_receipt(each) for each in ids]


def read_receipt(receipt_id: int) -> RawReceipt:
    """Verify, parse and accept a stored request; also what re-reading one after a fix does.

    In a transaction of its own: whatever goes wrong is written on the receipt, for an admin to see and replay.
    Only a database that is busy or away leaves it as it was; the clock reads it then.
    """
    for attempt in range(TRIES):
        try:
            return _try([receipt_id])[0]
        except Exception as error:
            if not passing(error):
                log.exception("raw receipt %s could not be read", receipt_id)
                return _note_failure(receipt_id, error)
            log.warning("raw receipt %s is read again: %s", receipt_id, error)
            time.sleep(random.uniform(0.01, 0.05) * 2**attempt)
    with transaction() as db:
        return db.get_one(RawReceipt, receipt_id)


def _try(receipt_ids: Sequence[int]) -> list[RawReceipt]:
    with transaction() as db:
        wanted = select(RawReceipt).where(RawReceipt.id.in_(receipt_ids)).order_by(RawReceipt.id)
        receipts = list(db.scalars(wanted.with_for_update()))
        due = [receipt for receipt in receipts if receipt.state in ("new", "failed")]
        for channel_id in sorted({receipt.channel_id for receipt in due}):
            channel = db.get_one(Channel, channel_id)
            _read(db, channel, [receipt for receipt in due if receipt.channel_id == channel_id])
        return receipts


def _note_failure(receipt_id: int, error: Exception) -> RawReceipt:
    with transaction() as db:
        receipt = db.get_one(RawReceipt, receipt_id)
        receipt.state, receipt.error = "failed", clean(f"{type(error).__name__}: {error}")[:2000]
        return receipt


def _read(db: Session, channel: Channel, receipts: Sequence[RawReceipt]) -> None:
    """What is in them all is accepted together, and each is told what became of its own."""
    parse = _parser(channel)
    parsed = {receipt.id: _parsed(parse, receipt) for receipt in receipts}
    outcomes = iter(accept(db, channel, [event for events in parsed.values() for event in events or ()]))
    for receipt in receipts:
        events = parsed[receipt.id]
        if events is not None:
            _settle(receipt, [next(outcomes) for _ in events])


Parse = Callable[[base.Request], list[base.Event]]


def _parser(channel: Channel) -> Parse | str:
    """What reads this channel's requests, or why nothing can just now."""
    try:
        return connect.connector(channel).parse
    except (registry.UnknownKind, vault.Unreadable) as error:
        return str(error)


def _settle(receipt: RawReceipt, outcome: list[Outcome]) -> None:
    receipt.outcome = outcome
    failed = [one["failed"] for one in outcome if "failed" in one]
    receipt.state, receipt.error = ("failed", failed[0]) if failed else ("parsed", "")
    receipt.parsed_at = now()


def _parsed(parse: Parse | str, receipt: RawReceipt) -> list[base.Event] | None:
    """The events in a stored request; None where the channel cannot be used now, which the receipt then says."""
    if receipt.method == polled.METHOD:
        return polled.loads(receipt.body)
    if isinstance(parse, str):
        receipt.state, receipt.error = "failed", parse
        return None
    query = dict(parse_qsl(urlsplit(receipt.url).query, keep_blank_values=True))
    return parse(base.Request(receipt.method, receipt.url, receipt.headers, query, receipt.body))


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
    people = _meet(db, [_contact(channel, senders[key].sender) for key in senders])
    own = list(family.conversations_of(db, [identity.customer_id for identity in people.values()]).values())
    heads = {head for one in events if (head := deliver.thread_of(db, channel, one)) is not None}
    inbox.hold_all(db, own + [db.get_one(Conversation, head) for head in heads])
    return people


def _meet(db: Session, contacts: Sequence[Contact]) -> dict[Address, Identity]:
    """The senders of a batch; none where one of them cannot be taken up (their own event will say why)."""
    try:
        with db.begin_nested():
            return customers.identify_all(db, contacts)
    except Exception as error:
        if passing(error):
            raise
        log.debug("the senders of a batch could not be met together: %s", error)
        return {}


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
        (identity_for(db, channel, one.sender, people.get(connect.address(channel, one.sender))), _said(one))
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


def _said(event: base.Inbound) -> Said:
    """The event in the form the inbox stores it, nothing of it too long or unfit for a column."""
    beside = {  # an answer needs these, and the sender's own page their id of it
        "locale": event.sender.locale[:16],
        "thread": event.thread[:200],
        "client_id": event.client_id[:200],
    }
    told = {name: value for name, value in event.context.items() if name not in OURS}
    return Said(
        external_id=_key(event.external_id),
        text=event.text,
        html=event.html,
        subject=event.subject,
        sent_at=event.sent_at,
        kind=event.kind,
        context=_storable({**told, **{name: value for name, value in beside.items() if value}}),
    )


def _key(external_id: str) -> str:
    if not external_id:
        raise ValueError("an event without its provider's id cannot be told from the next one")
    return connect.fitting(external_id, 512)


def _storable(value: Any) -> Any:
    """JSON both engines can store: PostgreSQL refuses NUL and lone surrogates in it."""
    if isinstance(value, str):
        return clean(value)[:4000]
    if isinstance(value, dict):
        return {clean(str(name)): _storable(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_storable(one) for one in value]
    return value


def identity_for(
    db: Session, channel: Channel, person: base.Person, known: Identity | None = None
) -> Identity:
    """The identity of a sender (`known`: found before), with what the provider proved of them and what they claim."""
    identity = customers.identify(db, _contact(channel, person), known)
    if not (person.email.strip() or person.phone.strip() or person.claimed or person.attributes):
        return identity
    customer = db.get_one(Customer, identity.customer_id)
    for extra, address in (("email", person.email.strip().lower()), ("phone", person.phone.strip())):
        if address:
            fits = connect.fitting(address, 320)
            customers.add_identity(db, customer, extra, "", fits, customers.PROOF[person.proof])
    if person.claimed:
        customers.describe(db, customer, person.claimed, proved=False)
    if person.attributes:
        customers.describe(db, customer, person.attributes, proved=person.proof in ("signed", "code"))
    return identity


def _contact(channel: Channel, person: base.Person) -> Contact:
    return Contact(
        connect.address(channel, person),
        name=person.name,
        proof=customers.PROOF[person.proof],
        locale=clean(person.locale)[:16],
        owner="bot" if channel.bot_enabled else "human",
    )


def _typing(db: Session, channel: Channel, event: base.Typing) -> Outcome:
    if found := _known(db, channel, event.sender):
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
    if found := _known(db, channel, event.sender):
        inbox.resolve(db, None, family.conversation_of(db, found.customer_id))
    return {"excluded": "the customer ended the conversation"}


def _rating(db: Session, channel: Channel, event: base.Rating) -> Outcome:
    if found := _known(db, channel, event.sender):
        inbox.rate(db, family.conversation_of(db, found.customer_id), event.score, event.comment)
    return {"excluded": "a rating"}


def _known(db: Session, channel: Channel, person: base.Person) -> Identity | None:
    return customers.find(db, *connect.address(channel, person))


def _stored(db: Session, channel: Channel, external_id: str) -> Message | None:
    return db.scalar(select(Message).filter_by(channel_id=channel.id, external_id=_key(external_id)))


def _conversation(db: Session, message: Message) -> Conversation:
    return db.get_one(Conversation, message.conversation_id)
