"""Recordings of calls that were kept for as long as the house keeps them: taken away; their entries say so."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, select

from app import files, general, inbox
from app.db import now, reading, transaction
from app.events import record
from app.models import Attachment, Call, Conversation, Message
from app.models.message import CALL

EVERY = 3600.0  # seconds between two looks
AT_ONCE = 200  # entries in a look
GONE = "recording_gone"  # in a message's context: after how many days

_next = 0.0


def forget_recordings() -> int:
    """A duty of the clock, once an hour; of how many calls the recordings were taken away."""
    global _next
    if time.monotonic() < _next:
        return 0
    with reading() as db:
        days = general.recording_days(db)
        due = db.scalars(_due(days)).all() if days else []
    for message_id in due:
        _forget(message_id, days)
    if len(due) < AT_ONCE:
        _next = time.monotonic() + EVERY
    return len(due)


def _due(days: int) -> Select[int]:
    """Entries of calls with a recording that came in so long ago."""
    old = (Attachment.content_type.like("audio/%"), Attachment.created_at < now() - timedelta(days=days))
    of = select(Message.id).join(Attachment, Attachment.message_id == Message.id).where(Message.kind == CALL)
    return of.where(*old).group_by(Message.id).order_by(Message.id).limit(AT_ONCE)


def _forget(message_id: int, days: int) -> None:
    with transaction() as db:
        message = db.get_one(Message, message_id)
        head = inbox.hold(db, db.get_one(Conversation, message.conversation_id))
        mine = select(Attachment).filter_by(message_id=message_id)
        cutoff = now() - timedelta(days=days)
        old = [
            one
            for one in db.scalars(mine)
            if one.content_type.startswith("audio/") and one.created_at < cutoff
        ]
        if not old:
            return  # somebody else was first
        files.forget(db, old)
        db.refresh(message)
        message.context = {**message.context, GONE: days}
        call = db.scalars(select(Call).filter_by(message_id=message_id)).first()
        about: dict[str, Any] = {"call": call.id, "state": call.state, "result": call.result} if call else {}
        record(db, "call.changed", head, message=message, **about)
