"""Holding a conversation while it changes, and refusing with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import event, select
from sqlalchemy.orm import Session, SessionTransaction

from app.db import now
from app.family import family_ids
from app.models import Conversation, Message

CHANGED = "This changed in the meantime. Reload the page and look again."


class Refused(Exception):
    """The person may not do this now, and `sentence` says why (an English msgid; `values` fill it in).

    `status` is the HTTP status it becomes: 409 when somebody else was first, 422 when the input is at fault; `field`
    names what of it, as the API calls it.
    """

    def __init__(self, sentence: str, *, status: int = 422, field: str = "", **values: Any) -> None:
        super().__init__(sentence % values if values else sentence)
        self.sentence = sentence
        self.values = values
        self.status = status
        self.field = field


def hold(db: Session, conversation: Conversation) -> Conversation:
    """The head of `conversation`'s thread, locked until the transaction ends and read afresh.

    On SQLite the transaction is the only writer anyway; on PostgreSQL the row lock is what makes two verbs on
    one thread wait for each other, and its events commit in order. What this transaction holds already costs no
    statement.
    """
    return hold_all(db, [conversation])[0]


def hold_all(db: Session, conversations: Sequence[Conversation]) -> list[Conversation]:
    """:func:`hold` for several at once: each one's head, in the order given.

    They are locked in the order of their ids, so that two transactions that name the same threads in another
    order do not wait for each other for ever.
    """
    held = _held(db)
    wanted = {one.head_id or one.id for one in conversations if one.id not in held}
    if wanted:
        db.flush()
        rows = select(Conversation).where(Conversation.id.in_(wanted)).order_by(Conversation.id)
        # FOR NO KEY UPDATE: rows that merely refer to the conversation do not wait
        rows = rows.with_for_update(key_share=True).execution_options(populate_existing=True)
        heads = db.scalars(
            rows
        ).all()  # kept alive until all are settled: the session forgets what nobody holds
        held.update(head.id for head in heads if head.head_id in (None, head.id))
    return [_settle(db, one) for one in conversations]


def moment(db: Session, head: Conversation) -> datetime:
    """Now, as the thread of `head` (held) counts it: what is said next never stands above what it answers.

    A clock that was ahead for a while and is put right would otherwise do that until real time has caught up.
    """
    newest = [_newest(db, id) for id in family_ids(db, head)]
    return max([now(), *(at for at in newest if at is not None)])


def _newest(db: Session, conversation_id: int) -> datetime | None:
    mine = select(Message.sent_at).where(Message.conversation_id == conversation_id)
    return db.scalar(mine.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1))


def _settle(db: Session, conversation: Conversation) -> Conversation:
    """The head of a conversation whose head was locked just now, or earlier in this transaction."""
    held = _held(db)
    own = db.get_one(Conversation, conversation.id)  # `conversation` may be of another session
    if own.id not in held:
        db.refresh(own, ["head_id"])  # linked, or the link undone, while we waited for the lock
        if own.head_id not in held:
            return hold(db, own)
        held.add(own.id)
    return own if own.head_id in (None, own.id) else db.get_one(Conversation, own.head_id)


def _held(db: Session) -> set[int]:
    """The conversations whose heads this transaction has locked; what it read of them can be believed."""
    held: set[int] = db.info.setdefault("held", set())
    return held


@event.listens_for(Session, "after_transaction_end")
def _ended(db: Session, transaction: SessionTransaction) -> None:
    if transaction.parent is None:
        db.info.pop("held", None)


@event.listens_for(Session, "after_soft_rollback")
def _undone(db: Session, _previous: SessionTransaction) -> None:
    """A savepoint that is rolled back gives up the locks taken in it; which they were is not worth knowing."""
    db.info.pop("held", None)
