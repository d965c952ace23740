"""From an event of the live feed to the frames visitors get, and to whom."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Conversation, Identity, Message
from app.models.message import PUBLIC
from app.realtime import Change
from app.visitors import status, thread
from app.visitors.trouble import Frame

MESSAGES = {"message.received", "message.sent", "message.edited", "message.removed", "answer.rated"}
STATUS = {"handover", "assigned", "resolved", "reopened", "rated"}


def frames_of(db: Session, change: Change) -> tuple[tuple[int, ...], list[Frame]]:
    """(identities, frames): what a change means to the visitors of these identities; often nothing."""
    if change.kind in MESSAGES and change.message_id:
        return _message(
            db, db.get(Message, change.message_id), new=change.kind in ("message.received", "message.sent")
        )
    if change.kind in STATUS and change.conversation_id:
        head = db.get(Conversation, change.conversation_id)
        kind = "ended" if change.kind == "resolved" else "status"
        return audience(db, change.conversation_id), [{"t": kind, **status.thread_state(db, head)}]
    return (), []


def status_audience(db: Session, conversation_id: int) -> tuple[tuple[int, ...], Frame]:
    """(identities, status frame) of a thread."""
    head = db.get(Conversation, conversation_id)
    return audience(db, conversation_id), {"t": "status", **status.thread_state(db, head)}


def audience(db: Session, conversation_id: int) -> tuple[int, ...]:
    """The identities whose visitors are in this thread."""
    customers = select(Conversation.customer_id).where(Conversation.head_id == conversation_id)
    return tuple(db.scalars(select(Identity.id).where(Identity.customer_id.in_(customers))))


def _message(db: Session, message: Message | None, *, new: bool) -> tuple[tuple[int, ...], list[Frame]]:
    if message is None or message.kind not in PUBLIC or message.identity_id is None:
        return (), []
    frame = thread.message_frames(db, [message])[0]
    if new:
        frame["prev"] = thread.previous(db, message)
    return (message.identity_id,), [frame]
