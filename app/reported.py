"""What providers say became of what we sent: it arrived, was read, came back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import connect, customers, deliver, family, files, outgoing, vault
from app.db import insert_if_new, now
from app.inbox import participants, ways
from app.models import Channel, Conversation, Delivery, DeliveryRef, Identity, Message
from app.models.delivery import DELIVERED, FAILED, LADDER, QUEUED, READ, SENDING, SENT, UNKNOWN
from app.text import clean
from channels import base, registry

ECHOED = timedelta(minutes=10)  # an echo comes within


def receipt(db: Session, channel: Channel, event: base.Receipt) -> dict[str, Any]:
    """Note what became of a message of ours (or of all up to one). Returns the outcome for the books.

    What came back without saying which message it was is not guessed at: it stays among the receipts, with its
    address.
    """
    found = [deliver.held(db, one.id) for one in _referred(db, channel, event)]
    if not found:
        return {"excluded": _unknown(event)}
    changed = [one.message_id for one in found if _note(db, channel, one, event)]
    return {"excluded": f"a receipt: {event.state}", "of": changed}


def _unknown(event: base.Receipt) -> str:
    if event.state != FAILED or event.person is None:
        return "a receipt for something we did not send"
    return f"something came back from {clean(event.person.address)[:200]}, but it does not say which message"


def _note(db: Session, channel: Channel, delivery: Delivery, event: base.Receipt) -> bool:
    """Whether it changed anything. A copy that came back does not make the message fail."""
    who = None if event.through or event.person is None else connect.address(channel, event.person)
    if event.unreachable:
        _unreachable(db, delivery, who, event.reason)
    if who is not None and event.state == FAILED and _is_copy(db, delivery, who[2]):
        participants.note_refused(db, delivery.message_id, {who[2]: event.reason})
        deliver.tell(db, delivery)
        return True
    climbed = deliver.climb(db, delivery, event.state, event.reason, event.at)
    if climbed and event.state in (DELIVERED, READ) and not event.through:
        _reachable(db, delivery)
    return climbed


def _is_copy(db: Session, delivery: Delivery, address: str) -> bool:
    others = db.get_one(Message, delivery.message_id).context.get("others") or ()
    return address.lower() in {str(one["address"]).lower() for one in others}


def _unreachable(db: Session, delivery: Delivery, who: tuple[str, str, str] | None, reason: str) -> None:
    """Nothing arrives any more at the recipient's address, unless another one is named."""
    identity = customers.find(db, *who) if who else db.get(Identity, delivery.identity_id)
    if identity is not None:
        ways.unreach(db, identity, reason)


def _reachable(db: Session, delivery: Delivery) -> None:
    identity = db.get(Identity, delivery.identity_id)
    if identity is not None:
        ways.reach(db, identity)


def thread_of(db: Session, channel: Channel, event: base.Event) -> int | None:
    """The thread a receipt is about, if it names something we sent."""
    if not isinstance(event, base.Receipt) or not event.external_id:
        return None
    sent = (
        select(Conversation.head_id)
        .join(Message, Message.conversation_id == Conversation.id)
        .join(Delivery, Delivery.message_id == Message.id)
        .join(DeliveryRef, DeliveryRef.delivery_id == Delivery.id)
    )
    return db.scalar(sent.where(*_named(db, channel, event.external_id)).limit(1))


def sent(db: Session, channel: Channel, external_id: str) -> Message | None:
    """The message of ours that the provider knows by this id, if there is one."""
    mine = (
        select(Message)
        .join(Delivery, Delivery.message_id == Message.id)
        .join(DeliveryRef, DeliveryRef.delivery_id == Delivery.id)
    )
    return db.scalar(mine.where(*_named(db, channel, external_id)).order_by(Message.id).limit(1))


def is_echo(db: Session, channel: Channel, to: Identity, event: base.Inbound) -> bool:
    """Whether what a platform tells us was sent to `to` is ours: by its id, or, while we wait for that or do not know
    whether it arrived, by its words. Once all that a message becomes has come back, it is known to be sent."""
    if connect.features(channel).copies:
        return False  # it bears the id we gave it, and was known by that
    waiting = _open(db, channel, to)  # asked first: what is settled from here on is known by its id below
    known = sent(db, channel, event.external_id)
    if known is not None:
        return known.external_id is None
    for id in waiting:
        delivery = deliver.held(db, id)
        made = _becomes(db, channel, delivery)
        if not any(_is_it(one, event) for one in made):
            continue
        _know(db, channel, delivery, event.external_id)
        if _known(db, delivery) >= len(made):
            deliver.climb(db, delivery, SENT)
        return True
    return False


def _becomes(db: Session, channel: Channel, delivery: Delivery) -> Sequence[base.Bubble]:
    """The platform's messages that it is sent as; none where it cannot even be prepared."""
    try:
        made = outgoing.outbound(db, delivery, connect.features(channel))
        return connect.preview(channel, made).bubbles
    except (base.ChannelError, files.Missing, registry.UnknownKind, vault.Unreadable):
        return ()


def _is_it(ours: base.Bubble, theirs: base.Inbound) -> bool:
    """Whether a platform says this of what we sent. It may have changed the white space."""
    if not theirs.text.strip():
        return bool(ours.file and theirs.attachments)
    return "".join(ours.text.split()) == "".join(theirs.text.split())


def _known(db: Session, delivery: Delivery) -> int:
    """Of how many of its messages there the ids are known."""
    return db.scalar(select(func.count()).where(DeliveryRef.delivery_id == delivery.id)) or 0


def _open(db: Session, channel: Channel, to: Identity) -> list[int]:
    """Deliveries to somebody that are on their way, or of which nobody knows whether they arrived a short time ago."""
    mine = select(Delivery.id).where(Delivery.channel_id == channel.id, Delivery.identity_id == to.id)
    waiting = Delivery.state.in_((SENDING, UNKNOWN)), Delivery.updated_at > now() - ECHOED
    return list(db.scalars(mine.where(*waiting).order_by(Delivery.id)))


def _know(db: Session, channel: Channel, delivery: Delivery, external_id: str) -> None:
    """From now on the delivery is known by the platform's id."""
    id = connect.fitting(external_id, 512)
    insert_if_new(db, DeliveryRef(channel_id=channel.id, external_id=id, delivery_id=delivery.id))


def _named(db: Session, channel: Channel, external_id: str) -> tuple[Any, Any]:
    """The rows an id names. Where a message is the same everywhere, what is said of it may come to another
    mailbox than the one it was sent from."""
    same = connect.features(channel).same_everywhere
    channels = connect.siblings(db, channel) if same else [channel.id]
    id = connect.fitting(external_id, 512)
    return DeliveryRef.channel_id.in_(channels), DeliveryRef.external_id == id


def _referred(db: Session, channel: Channel, event: base.Receipt) -> list[Delivery]:
    one = _one(db, channel, event)
    if not event.through:
        return [one] if one else []
    until = db.get_one(Message, one.message_id).sent_at if one else event.at
    if until is None or event.person is None:
        return []
    return _up_to(db, channel, event.person, one, until, event.state)


def _one(db: Session, channel: Channel, event: base.Receipt) -> Delivery | None:
    """What it is about: by the platform's id, else by our own key if that was said back."""
    if event.external_id:
        mine = select(Delivery).join(DeliveryRef, DeliveryRef.delivery_id == Delivery.id)
        named = mine.where(*_named(db, channel, event.external_id))
        found = db.scalar(named.order_by(Delivery.id).limit(1))
        if found is not None:
            return found
    return _by_key(db, channel, event) if event.key else None


def _by_key(db: Session, channel: Channel, event: base.Receipt) -> Delivery | None:
    """The sending whose answer has not come yet, or was lost; from now on it is known by the platform's id."""
    message_id = outgoing.message_of(event.key)
    mine = select(Delivery).where(Delivery.message_id == message_id, Delivery.channel_id == channel.id)
    found = db.scalar(mine) if message_id is not None else None
    if found is not None and event.external_id:
        _know(db, channel, found, event.external_id)
    return found


def _up_to(
    db: Session, channel: Channel, person: base.Person, one: Delivery | None, until: datetime, state: str
) -> list[Delivery]:
    """The customer's deliveries on this channel not yet as far as `state`, up to a time."""
    reader = customers.find(db, *connect.address(channel, person))
    if reader is None:
        return []
    head = family.head_of(db, family.conversation_of(db, reader.customer_id))
    if one is not None and one.message_id and _head_of_message(db, one.message_id).id != head.id:
        return []  # a stranger's mark on somebody else's message
    behind = LADDER[: LADDER.index(state)] if state in LADDER else ()
    if one is None:  # up to a moment: what has not left us by then was not among it
        behind = tuple(each for each in behind if each not in (QUEUED, SENDING))
    rows = (
        select(Delivery)
        .join(Message, Message.id == Delivery.message_id)
        .where(
            Message.conversation_id.in_(family.family_ids(db, head)),
            Delivery.channel_id == channel.id,
            Delivery.state.in_(behind),
            Message.sent_at <= until,
        )
    )
    return list(db.scalars(rows.order_by(Delivery.id)))


def _head_of_message(db: Session, message_id: int) -> Conversation:
    message = db.get_one(Message, message_id)
    return family.head_of(db, db.get_one(Conversation, message.conversation_id))
