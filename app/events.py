"""Recording what happened: one append-only row a change, published once it is committed."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app import realtime
from app.db import after_commit
from app.models import Agent, Conversation, Event, Message


def record(
    db: Session,
    kind: str,
    conversation: Conversation | None = None,
    *,
    actor: str = "system",
    agent: Agent | None = None,
    message: Message | None = None,
    **data: Any,
) -> Event:
    """Append an event of `kind` and publish its id after the commit.

    `conversation` must be held (:func:`app.inbox.hold`): that is what makes its events commit in the order of
    their ids and lets each name the one before it. `data` must be JSON.
    """
    event = Event(
        kind=kind,
        conversation_id=conversation.id if conversation else None,
        actor="agent" if agent else actor,
        agent_id=agent.id if agent else None,
        message_id=message.id if message else None,
        prev_id=conversation.last_event_id if conversation else 0,
        data=data,
    )
    db.add(event)
    db.flush()
    if conversation is not None:
        conversation.last_event_id = event.id
    after_commit(db, realtime.publish_event, event.id)
    return event
