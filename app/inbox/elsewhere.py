"""Answers that one of us gave with another tool: they count as answers, and there is nothing left to send."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import family, search
from app.db import insert_missing
from app.events import record
from app.inbox.current import current_case, latest_case
from app.inbox.holding import hold
from app.inbox.ownership import hand_over
from app.inbox.receiving import MAX_TEXT, Received, Said, said_at, seen
from app.inbox.refs import stored_as
from app.inbox.summary import show
from app.models import Channel, Conversation, Delivery, DeliveryRef, Identity, Message
from app.models.delivery import SENT
from app.models.message import OUTBOUND, asks
from app.text import clean


def sent_elsewhere(db: Session, channel: Channel, identity: Identity, said: Said) -> Received:
    """Store what somebody of us sent to `identity`. The thread is a person's from then on, where something is open.

    It opens no case: whoever answers by another tool has the matter in hand there. One that is older than what the
    customer said last (a mailbox read afterwards) takes its place and answers only what stands above it.
    """
    conversation = db.get_one(Conversation, said.place) if said.place else None
    conversation = conversation or family.conversation_of(db, identity.customer_id)
    head = hold(db, conversation)
    stored = seen(db, channel, [said.external_id]).get(said.external_id)
    if stored is not None:
        return Received(stored, head, False)
    try:
        with db.begin_nested():
            message = _store(db, channel, identity, conversation, head, said)
    except IntegrityError:  # to somebody else at the same moment
        stored = seen(db, channel, [said.external_id]).get(said.external_id)
        if stored is None:
            raise
        return Received(stored, hold(db, conversation), False)
    return Received(message, head, True)


def _store(
    db: Session,
    channel: Channel,
    identity: Identity,
    conversation: Conversation,
    head: Conversation,
    said: Said,
) -> Message:
    at = said_at(said, head)
    unanswered = _asked_since(db, head, at)
    message = Message(
        conversation_id=conversation.id,
        kind=OUTBOUND,
        author="agent",
        identity_id=identity.id,
        channel_id=channel.id,
        external_id=said.external_id,
        text=clean(said.text)[:MAX_TEXT],
        html=clean(said.html),
        subject=clean(said.subject)[:500],
        context={**said.context, "tool": True, **({"out_of_turn": "late"} if unanswered else {})},
        sent_at=at,
    )
    case = current_case(db, head)
    if case is not None and not unanswered:
        hand_over(db, head, "tool", actor="agent")
    case = case or latest_case(db, head)
    message.case_id = case.id if case else None
    if case is not None and case.opened_at <= at:
        case.first_response_at = min(case.first_response_at or at, at)
    db.add(message)
    db.flush()
    _note_sending(db, channel, identity, message)
    if head.waiting_since is not None:
        head.waiting_since = max(head.waiting_since, unanswered) if unanswered else None
    show(head, message)
    search.index_new(db, [message])
    record(db, "message.sent", head, actor="agent", message=message, tool=True)
    return message


def _asked_since(db: Session, head: Conversation, at: datetime) -> datetime | None:
    """When the customer first asked something after that time; None if they did not."""
    mine = Message.conversation_id.in_(family.family_ids(db, head))
    return db.scalar(select(func.min(Message.sent_at)).where(mine, asks(), Message.sent_at > at))


def _note_sending(db: Session, channel: Channel, identity: Identity, message: Message) -> None:
    """It has been sent; what comes back about it (a bounce, an answer) names the id it went out with."""
    delivery = Delivery(
        message_id=message.id, channel_id=channel.id, identity_id=identity.id, state=SENT, attempts=1
    )
    db.add(delivery)
    db.flush()
    id = message.context.get("message_id") or message.external_id
    row = {
        "channel_id": channel.id,
        "external_id": stored_as(str(id)),
        "delivery_id": delivery.id,
        "note": "",
    }
    insert_missing(db, DeliveryRef, [row])
