"""Recording what happened: one append-only row a change, published once it is committed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import realtime
from app.db import after_commit
from app.models import Agent, Conversation, Event, Message


@dataclass(frozen=True)
class Happening:
    """What is to be recorded. `conversation` must be held (:func:`app.inbox.hold`); `data` must be JSON."""

    kind: str
    conversation: Conversation | None = None
    actor: str = "system"
    agent: Agent | None = None
    message: Message | None = None
    data: dict[str, Any] = field(default_factory=dict)


def record(
    db: Session,
    kind: str,
    conversation: Conversation | None = None,
    *,
    actor: str = "system",
    agent: Agent | None = None,
    message: Message | None = None,
    **data: Any,
) -> int:
    """Append an event of `kind` and publish its id (which is returned) after the commit.

    `conversation` must be held (:func:`app.inbox.hold`): that is what makes its events commit in the order of
    their ids and lets each name the one before it. `data` must be JSON.
    """
    return record_all(db, [Happening(kind, conversation, actor, agent, message, data)])[0]


def record_all(db: Session, happenings: Sequence[Happening]) -> list[int]:
    """:func:`record` for several at once, in one statement unless they are of the same conversation.

    Written past the session's unit of work: each names the one before it, so a second event of a conversation
    waits for the first one's id, and the row of the conversation is written once at the end, not once an event.
    """
    if db.new:
        db.flush()  # the messages they are about
    ids = [0] * len(happenings)
    left = list(range(len(happenings)))
    while left:
        turn = _first_of_each(happenings, left)
        left = [each for each in left if each not in turn]
        wanted = insert(Event).returning(Event.id, sort_by_parameter_order=True)
        made = db.connection().execute(wanted, [_row(happenings[each]) for each in turn]).scalars()
        for each, id in zip(turn, made, strict=True):
            ids[each] = id
            conversation = happenings[each].conversation
            if conversation is not None:
                conversation.last_event_id = id
    _ring_for(db, ids)
    return ids


def _first_of_each(happenings: Sequence[Happening], left: Sequence[int]) -> list[int]:
    """Of those left, the first of each conversation, and whatever is of none."""
    seen: set[int] = set()
    turn = []
    for each in left:
        conversation = happenings[each].conversation
        if conversation is None or conversation.id not in seen:
            turn.append(each)
            seen |= {conversation.id} if conversation is not None else set()
    return turn


def _row(one: Happening) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "conversation_id": one.conversation.id if one.conversation else None,
        "actor": "agent" if one.agent else one.actor,
        "agent_id": one.agent.id if one.agent else None,
        "message_id": one.message.id if one.message else None,
        "prev_id": one.conversation.last_event_id if one.conversation else 0,
        "data": one.data,
    }


def _ring_for(db: Session, ids: Sequence[int]) -> None:
    """All the events of a transaction are rung for together."""
    waiting: list[int] | None = db.info.get("events")
    if waiting is None:
        waiting = db.info["events"] = []
        after_commit(db, _ring, db)
    waiting += ids


def _ring(db: Session) -> None:
    realtime.publish_events(db.info.pop("events", []))
