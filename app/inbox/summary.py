"""The summary a conversation's row in the list is drawn from, kept as things happen and never counted."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import rich
from app.family import family_ids
from app.inbox.serving import still_serving
from app.models import Case, Conversation, Escalation, Message
from app.models.conversation import HUMAN, OPEN, RESOLVED, SNOOZED
from app.models.escalation import ACTIVE
from app.models.message import OUTBOUND, SHOWN, asks, begins, settles, settles_until
from app.text import one_line


def show(conversation: Conversation, message: Message) -> None:
    """Let `message` be the last words shown in the list, unless later ones stand there already."""
    if conversation.last_message_at and message.sent_at < conversation.last_message_at:
        return
    conversation.last_message_at = message.sent_at
    conversation.last_message_id = message.id
    conversation.last_preview = one_line(plain(message), 140)
    conversation.last_author = message.author
    conversation.last_channel_id = message.channel_id or conversation.last_channel_id


def plain(message: Message) -> str:
    """Its words; what somebody of ours formatted, without the marks."""
    return rich.plain(message.text) if message.html and message.kind == OUTBOUND else message.text


def wait_from(conversation: Conversation, since: datetime) -> None:
    """The customer waits for an answer, from the first message nobody has answered."""
    conversation.waiting_since = conversation.waiting_since or since


def absorb(db: Session, head: Conversation, child: Conversation) -> None:
    """`child` is from now on shown in `head`: what is open, waited for or escalated there is so here."""
    if OPEN in (head.status, child.status):
        head.status, head.snoozed_until = OPEN, None
    elif SNOOZED in (head.status, child.status):
        head.status, head.snoozed_until = SNOOZED, head.snoozed_until or child.snoozed_until
    if child.status != RESOLVED and child.owner == HUMAN and head.owner != HUMAN:
        head.owner, head.owner_epoch = HUMAN, head.owner_epoch + 1
    head.assignee_id = still_serving(db, head.assignee_id) or still_serving(db, child.assignee_id)
    head.team_id = head.team_id or child.team_id
    waits = [at for at in (head.waiting_since, child.waiting_since) if at]
    head.waiting_since = min(waits) if waits else None
    head.escalated = head.escalated or child.escalated
    head.bot_flow = head.bot_flow or child.bot_flow
    head.inbound_count += child.inbound_count
    last = db.get(Message, child.last_message_id) if child.last_message_id else None
    if last is not None:
        show(head, last)


def recount(db: Session, head: Conversation) -> None:
    """Work the summary out anew from the rows."""
    ids = family_ids(db, head)
    mine = Message.conversation_id.in_(ids)
    cases = list(db.scalars(select(Case).where(Case.conversation_id.in_(ids), Case.status != RESOLVED)))
    states = {case.status for case in cases}
    head.status = OPEN if OPEN in states else SNOOZED if states else RESOLVED
    head.inbound_count = db.scalar(select(func.count()).where(mine, asks())) or 0
    active = select(Escalation.id).join(Case, Case.id == Escalation.case_id)
    active = active.where(Case.conversation_id.in_(ids), Escalation.state.in_(ACTIVE))
    head.escalated = db.scalars(active.limit(1)).first() is not None
    newest = select(Message).where(mine, Message.kind.in_(SHOWN))
    last = db.scalars(newest.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)).first()
    head.last_message_at = head.last_message_id = head.last_channel_id = None
    head.last_preview = head.last_author = ""
    if last is not None:
        show(head, last)
    head.waiting_since = None if head.status == RESOLVED else waiting_since(db, head)


def waiting_since(db: Session, head: Conversation) -> datetime | None:
    """When the customer began to wait: see :func:`begins`, of what nothing has answered yet the first."""
    mine = Message.conversation_id.in_(family_ids(db, head))
    last = db.scalar(select(func.max(settles_until())).where(mine, settles())) or 0
    first = select(Message.sent_at).where(mine, begins(), Message.id > last).order_by(Message.id)
    return db.scalars(first.limit(1)).first()
