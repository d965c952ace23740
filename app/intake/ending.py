"""A customer ends the conversation. Where somebody of us still owes them an answer, the matter is open all the same."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import family, inbox
from app.events import record
from app.inbox.lines import line
from app.models import Conversation, Message
from app.models.conversation import HUMAN, SNOOZED
from app.models.message import asks, in_turn
from bots.replies import closes

LINE = "ended"  # the line in the thread, and its event


def end(db: Session, conversation: Conversation) -> None:
    """Resolve it as the customer wants it, unless it is before the supervisors, was put off by us or waits for a
    person. Said again, nothing more is told."""
    head = inbox.hold(db, conversation)
    if not (head.escalated or head.status == SNOOZED or _is_owed(db, head)):
        return inbox.resolve(db, None, head)
    mine = Message.conversation_id.in_(family.family_ids(db, head))
    newest = db.scalars(select(Message).where(mine).order_by(Message.id.desc()).limit(1)).first()
    if newest is None or newest.context.get("what") != LINE:
        record(db, LINE, head, actor="customer", message=line(db, head, LINE))


def _is_owed(db: Session, head: Conversation) -> bool:
    """Whether a person has it and has not answered; who only takes note of the answer wants nothing."""
    if head.owner != HUMAN or head.waiting_since is None:
        return False
    mine = Message.conversation_id.in_(family.family_ids(db, head))
    said = select(Message).where(mine, asks(), in_turn(), Message.sent_at >= head.waiting_since)
    since = db.scalars(said.order_by(Message.id)).all()
    closing = all(closes(one.text) for one in since)
    return not (since and since[0].sent_at == head.waiting_since and closing)
