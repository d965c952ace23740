"""Holding a conversation while it changes, and refusing with a sentence."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.models import Conversation

_LOCK = {"key_share": True}  # FOR NO KEY UPDATE: rows that merely refer to the conversation do not wait


class Refused(Exception):
    """The person may not do this now, and `sentence` says why (an English msgid; `values` fill it in).

    `status` is the HTTP status it becomes: 409 when somebody else was first, 422 when the input is at fault.
    """

    def __init__(self, sentence: str, *, status: int = 422, **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values
        self.status = status


def hold(db: Session, conversation: Conversation) -> Conversation:
    """The head of `conversation`'s thread, locked until the transaction ends and read afresh.

    On SQLite the transaction is the only writer anyway; on PostgreSQL the row lock is what makes two verbs on
    one thread wait for each other, and its events commit in order.
    """
    head_id = conversation.head_id or conversation.id
    db.flush()
    head = db.get_one(Conversation, head_id, with_for_update=_LOCK, populate_existing=True)
    if head.head_id not in (None, head.id):  # linked elsewhere while we waited for the lock
        return hold(db, head)
    if conversation.id != head.id:
        own = db.get_one(Conversation, conversation.id)  # it may be of another session
        db.refresh(own, ["head_id"])
        if own.head_id != head.id:  # the link was undone while we waited
            return hold(db, own)
    return head
