"""The state of a conversation as resources one puts and deletes: assignment, handover, closure, snooze, labels,
read mark; and putting it before the supervisors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType
from sqlalchemy.orm import Session

from app import inbox
from app.api import shapes, threads
from app.api.kinds import Given, Id, Seen, Time
from app.api.shapes import ConversationShape, EscalationShape
from app.models import Agent, Conversation, Label, Team
from app.queries import NotFound
from app.web.api.conversations import found
from app.web.api.framework import Call, Problem, endpoint

TAG, WRITE = "Conversations", "conversations:write"
HERE = "/conversations/{conversation_id}"
Row = TypeVar("Row")
Verb = Callable[[Session, Agent, Conversation], object]


class AssignmentIn(Given):
    """Who has it. What is left out stays as it is; null takes it away. With `was`, whose it was when that was decided
    (null: nobody's), 409 where a colleague has it by now."""

    agent_id: Id | UnsetType | None = UNSET
    team_id: Id | UnsetType | None = UNSET
    was: Id | UnsetType | None = UNSET


class SnoozeIn(Given):
    """Until when it is put aside, at most five years ahead; with `seen`, 409 where the customer has written since."""

    until: Time
    seen: Seen = None


class SeenQuery(Given):
    """What was seen."""

    seen: Seen = None


class EscalationIn(Given):
    """What kind it is (which tells how soon it is due), and what the supervisor has to decide."""

    type: Literal["safety", "legal", "complaint", "refund", "technical", "other"]
    reason: Annotated[str, Meta(min_length=1, max_length=2000)]


def _done(call: Call, conversation_id: int, verb: Verb) -> ConversationShape:
    """Do it, and tell how the conversation is now."""
    head = found(call, conversation_id)
    verb(call.db, call.agent, head)
    return threads.conversation(call.db, call.agent, head)


@endpoint("PUT", HERE + "/assignment", scope=WRITE, tag=TAG)
def assign_conversation(call: Call, conversation_id: int, body: AssignmentIn) -> ConversationShape:
    """Give it to an agent, a team, or both.

    Given to an agent, it is taken from the bot. Given to a team only its members (and supervisors) see it.
    """
    if body.agent_id is UNSET and body.team_id is UNSET:
        sentence = "Choose who should have this conversation."
        raise Problem(422, sentence, field="body.agent_id", code="validation")

    def assign(db: Session, viewer: Agent, head: Conversation) -> None:
        inbox.hold(db, head)
        agent_id = head.assignee_id if body.agent_id is UNSET else body.agent_id
        team_id = None if body.team_id is UNSET else body.team_id
        assignee = _known(db.get(Agent, agent_id), "agent_id") if agent_id else None
        team = _known(db.get(Team, team_id), "team_id") if team_id else None
        was = None if body.was is UNSET else body.was or 0
        inbox.assign(db, viewer, head, assignee, team, keep_team=body.team_id is UNSET, was=was)

    return _done(call, conversation_id, assign)


def _known(row: Row | None, field: str) -> Row:
    if row is None:
        raise Problem(422, "There is nobody of this number.", field=f"body.{field}", code="validation")
    return row


@endpoint("DELETE", HERE + "/assignment", scope=WRITE, tag=TAG)
def unassign_conversation(call: Call, conversation_id: int) -> ConversationShape:
    """Take it from agent and team."""
    return _done(
        call,
        conversation_id,
        lambda db, viewer, head: inbox.assign(db, viewer, head, None, None, keep_team=False),
    )


@endpoint("PUT", HERE + "/handover", scope=WRITE, tag=TAG)
def take_over_conversation(call: Call, conversation_id: int) -> ConversationShape:
    """Take it over: your agent answers from now on, the bot is silent."""
    return _done(call, conversation_id, inbox.take_over)


@endpoint("DELETE", HERE + "/handover", scope=WRITE, tag=TAG)
def hand_back_conversation(call: Call, conversation_id: int, query: SeenQuery) -> ConversationShape:
    """Hand it back to the bot, which answers what is said from then on. 409 where no case is open.

    With `seen`, 409 where the customer has written since that event."""

    def hand_back(db: Session, viewer: Agent, head: Conversation) -> None:
        inbox.hand_back(db, viewer, head, seen=query.seen)

    return _done(call, conversation_id, hand_back)


@endpoint("PUT", HERE + "/closure", scope=WRITE, tag=TAG)
def resolve_conversation(call: Call, conversation_id: int, query: SeenQuery) -> ConversationShape:
    """Resolve the case that is open.

    With `seen`, 409 where the customer has written since that event."""

    def resolve(db: Session, viewer: Agent, head: Conversation) -> None:
        inbox.resolve(db, viewer, head, seen=query.seen)

    return _done(call, conversation_id, resolve)


@endpoint("DELETE", HERE + "/closure", scope=WRITE, tag=TAG)
def reopen_conversation(call: Call, conversation_id: int) -> ConversationShape:
    """Open the last case again. 409 where there is none."""
    return _done(call, conversation_id, inbox.reopen)


@endpoint("PUT", HERE + "/snooze", scope=WRITE, tag=TAG)
def snooze_conversation(call: Call, conversation_id: int, body: SnoozeIn) -> ConversationShape:
    """Put it aside until a time, or until the customer writes."""
    until = body.until.astimezone(UTC)
    return _done(
        call, conversation_id, lambda db, viewer, head: inbox.snooze(db, viewer, head, until, seen=body.seen)
    )


@endpoint("DELETE", HERE + "/snooze", scope=WRITE, tag=TAG)
def wake_conversation(call: Call, conversation_id: int) -> ConversationShape:
    """Bring it back before its time."""
    return _done(call, conversation_id, lambda db, viewer, head: inbox.wake(db, head, viewer))


@endpoint("PUT", HERE + "/labels/{label_id}", scope=WRITE, tag=TAG)
def put_label(call: Call, conversation_id: int, label_id: int) -> ConversationShape:
    """Put a label on it; once is enough."""
    return _labelled(call, conversation_id, label_id, put=True)


@endpoint("DELETE", HERE + "/labels/{label_id}", scope=WRITE, tag=TAG)
def remove_label(call: Call, conversation_id: int, label_id: int) -> ConversationShape:
    """Take a label off it."""
    return _labelled(call, conversation_id, label_id, put=False)


def _labelled(call: Call, conversation_id: int, label_id: int, *, put: bool) -> ConversationShape:
    def verb(db: Session, viewer: Agent, head: Conversation) -> None:
        label = db.get(Label, label_id)
        if label is None:
            raise NotFound(label_id)
        (inbox.put_label if put else inbox.remove_label)(db, head, label, agent=viewer)

    return _done(call, conversation_id, verb)


@endpoint("PUT", HERE + "/read", scope=WRITE, tag=TAG)
def mark_conversation_read(call: Call, conversation_id: int) -> ConversationShape:
    """Your agent has read everything that is there now."""
    return _done(call, conversation_id, inbox.mark_read)


@endpoint("POST", HERE + "/escalations", scope=WRITE, tag="Escalations", status=201)
def escalate_conversation(call: Call, conversation_id: int, body: EscalationIn) -> EscalationShape:
    """Put the open case before the supervisors.

    One that is before them already is answered as it is; a more pressing type makes it due sooner. 409 where no case is
    open.
    """
    head = found(call, conversation_id)
    made = inbox.escalate(call.db, head, body.type, body.reason, agent=call.agent)
    call.db.flush()
    return shapes.escalation(made)
