"""Lines of the system in the thread: who took over, what was resolved. Words are chosen when shown."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.inbox.current import current_case
from app.inbox.holding import moment
from app.models import Agent, Conversation, Message
from app.models.message import SYSTEM


def line(
    db: Session, conversation: Conversation, what: str, /, *, agent: Agent | None = None, **data: Any
) -> Message:
    """Add the system line `what` with its data; the reader's language is chosen by the page."""
    case = current_case(db, conversation)
    message = Message(
        conversation_id=conversation.id,
        case_id=case.id if case else None,
        kind=SYSTEM,
        author="system",
        agent_id=agent.id if agent else None,
        sent_at=moment(db, conversation),
        context={"what": what, **data},
    )
    db.add(message)
    db.flush()
    return message
