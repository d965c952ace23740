"""Somebody is calling: what shows of it on the screens of those it rings for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.calls.changing import agents_by_name
from app.calls.finding import ringing
from app.family import family_ids
from app.inbox.current import current_case
from app.models import Agent, Call, Case, Conversation, Customer, Message
from app.models.message import SHOWN
from app.queries import NotFound, conversation_for
from app.text import one_line


@dataclass(frozen=True)
class Pop:
    """`words` is the last that was said before, `case` what is open."""

    id: int
    conversation_id: int
    customer: Customer
    number: str
    line: str
    queue: str
    at: datetime
    words: str
    case: Case | None


def pop_of(db: Session, head: Conversation, call: Call) -> Pop:
    """What shows of a call that rings, in the thread of `head`."""
    mine = (Message.conversation_id.in_(family_ids(db, head)), Message.kind.in_(SHOWN))
    before = select(Message).where(*mine, Message.id != call.message_id, Message.text != "")
    last = db.scalars(before.order_by(Message.sent_at.desc(), Message.id.desc()).limit(1)).first()
    return Pop(
        id=call.id,
        conversation_id=head.id,
        customer=db.get_one(Customer, head.customer_id),
        number=call.number,
        line=call.line,
        queue=call.queue,
        at=call.started_at or call.created_at,
        words=one_line(last.text, 120) if last else "",
        case=current_case(db, head),
    )


def pops_for(db: Session, viewer: Agent) -> list[Pop]:
    """What rings now, as far as it is for the viewer's eyes."""
    calls = ringing(db)
    people = agents_by_name(db) if calls else {}
    found = []
    for call in calls:
        rung = {people[one.lower()] for one in call.known["rung"] if one.lower() in people}
        message = db.get_one(Message, call.message_id)
        if is_for(viewer.id, rung):
            try:
                head = conversation_for(db, viewer, message.conversation_id)
            except NotFound:
                continue
            found.append(pop_of(db, head, call))
    return found


def is_for(agent_id: int, rung: Collection[int]) -> bool:
    """Whether it rings for them; where nobody is known by the extension, it does for everybody."""
    return not rung or agent_id in rung
