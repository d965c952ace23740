"""What was not understood when it was taken in, or not whole, read again: the message it is takes its place."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import brought, connect, family, inbox, vault
from app.db import passing, reading, transaction
from app.inbox.receiving import seen
from app.intake.events import accept
from app.intake.keeping import Kept, keep
from app.intake.outcome import Outcome
from app.intake.people import identity_for
from app.intake.places import Place, places
from app.intake.receipts import events_in, request_of
from app.intake.said import said
from app.models import Channel, Conversation, Identity, Message, MessageSource, RawReceipt
from channels import base, registry

log = logging.getLogger(__name__)

NOT_THERE = "There is nothing that could be fetched again."


@dataclass(frozen=True)
class Anew:
    """What reading again came to: `message` is where its words stand now, None where nothing changed."""

    receipt: RawReceipt
    message: Message | None = None


def fetch_again(receipt_id: int) -> Anew:
    """Have from the provider what was left there, store it in place of what there was, and read it.

    Calls out, so no transaction is held meanwhile. Raises `ChannelError` with the sentence where it cannot be had.
    """
    with reading() as db:
        receipt = db.get_one(RawReceipt, receipt_id)
        channel = db.get_one(Channel, receipt.channel_id)
    try:
        connector = connect.connector(channel)
    except (registry.UnknownKind, vault.Unreadable) as error:
        raise base.ChannelError(str(error), permanent=True) from error
    request = request_of(receipt)
    if not isinstance(connector, base.Refetching) or not connector.lacks(request):
        raise base.ChannelError(NOT_THERE, permanent=True)
    whole = connector.fetch_again(request)
    with transaction() as db:
        receipt = db.get_one(RawReceipt, receipt_id, with_for_update=True)
        receipt.body, receipt.headers = whole.body, dict(whole.headers)
    return read_anew(receipt_id)


def read_anew(receipt_id: int) -> Anew:
    """Read again what was taken in as "unreadable" or in part. Understood now, the message it is takes the place of
    the entry; where it is not, nothing changes. The books tell of both. Raises what a busy database raises.
    """
    with transaction() as db:
        receipt = db.get_one(RawReceipt, receipt_id, with_for_update=True)
        channel = db.get_one(Channel, receipt.channel_id)
        entry = entry_of(db, receipt)
        if entry is None:
            return Anew(receipt)
        try:
            with db.begin_nested():
                return Anew(receipt, _read(db, channel, receipt, entry))
        except Exception as error:
            if passing(error):
                raise
            log.exception("raw receipt %s still cannot be read", receipt_id)
    with reading() as db:
        return Anew(db.get_one(RawReceipt, receipt_id))


def entry_of(db: Session, receipt: RawReceipt) -> Message | None:
    """The message it became, if that is one which could not be read, or not as a whole."""
    ids = [one["message"] for one in receipt.outcome if isinstance(one.get("message"), int)]
    found = db.scalars(select(Message).where(Message.id.in_(ids)).order_by(Message.id)) if ids else ()
    return next((one for one in found if one.lacking), None)


def _read(db: Session, channel: Channel, receipt: RawReceipt, entry: Message) -> Message | None:
    events = events_in(channel, receipt)
    if not events or any(_is_no_better(event) for event in events):
        return None
    before = [one for one in receipt.outcome if one.get("message") != entry.id]
    there = _place(db, channel, entry, events[0]) if len(events) == 1 else None
    if not entry.lacking:
        return None
    if there is not None:
        told: list[Outcome] = [_take_place(db, channel, receipt, entry, *there)]
        message = entry
    else:
        told = accept(db, channel, events, [receipt.id] * len(events))
        if any("failed" in one for one in told):
            raise ValueError(next(one["failed"] for one in told if "failed" in one))
        news = _messages(db, told)
        inbox.give_way(db, entry, news)
        told = [
            *told,
            {"event": "inbound", "message": entry.id, "excluded": "read again: it stands elsewhere"},
        ]
        message = next(iter(news), entry)
    receipt.outcome = [*before, *told]
    return message


def _is_no_better(event: base.Event) -> bool:
    return isinstance(event, base.Inbound) and (
        event.sort == "unreadable" or bool(event.context.get("lacking"))
    )


def _place(
    db: Session, channel: Channel, entry: Message, event: base.Event
) -> tuple[base.Inbound, Identity, Place] | None:
    """The message and where it belongs, if that is the thread in which the entry stands already."""
    if not isinstance(event, base.Inbound) or event.kind != entry.kind:
        return None
    identity = identity_for(db, channel, event.sender)
    (place,) = places(db, channel, [(identity, event)])
    own = family.conversation_of(db, identity.customer_id)
    theirs = db.get_one(Conversation, place.conversation_id) if place.conversation_id else own
    entrys = db.get_one(Conversation, entry.conversation_id)
    heads = inbox.hold_all(db, [entrys, theirs])
    db.refresh(entry)  # its sender may have taken it back while we waited
    twin = seen(db, channel, [said(event, place).external_id]).values()
    if place.echo or heads[0].id != heads[1].id or any(one.id != entry.id for one in twin):
        return None
    return event, identity, place


def _take_place(
    db: Session,
    channel: Channel,
    receipt: RawReceipt,
    entry: Message,
    event: base.Inbound,
    identity: Identity,
    place: Place,
) -> Outcome:
    inbox.become(db, entry, identity, said(event, place, html_beside=connect.features(channel).copies))
    keep(db, channel, [Kept(event, entry, receipt.id)])
    brought.bring(db, channel, entry, identity, event.attachments)
    return {"event": "inbound", "message": entry.id, "new": False, "reread": True}


def _messages(db: Session, outcomes: Sequence[Outcome]) -> list[Message]:
    return [db.get_one(Message, one["message"]) for one in outcomes if "message" in one]


def receipt_of(db: Session, message: Message) -> int | None:
    """The raw receipt that `message` came by, if that is told."""
    source = db.get(MessageSource, message.id)
    return source.receipt_id if source else None
