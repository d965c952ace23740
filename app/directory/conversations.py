"""Conversations by anything an integrator may ask for, on top of the inbox's views."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from app.directory.paging import Page, cursor_at, cut, in_time
from app.inbox.labels import carrying
from app.models import Agent, Conversation, Event, TeamMember
from app.queries import in_view, visible

Own = aliased(Conversation, name="own")  # the customer's own thread, below the one it is shown in


@dataclass(frozen=True, slots=True)
class ConversationsAsked:
    """Which conversations. `assignee` and `team`: an id, "none", or "me" (team: one of theirs)."""

    view: str | None = None
    status: str | None = None
    owner: str | None = None
    assignee: str | None = None
    team: str | None = None
    label: int | None = None
    channel: int | None = None
    customer: int | None = None
    escalated: bool | None = None
    updated_since: datetime | None = None


def find_conversations(
    db: Session, viewer: Agent, asked: ConversationsAsked, *, sort: str, after: str | None, size: int
) -> Page[Conversation]:
    """A page, the last message first, or (`sort` "waiting") who waits longest. Raises `NotFound` on an unknown view,
    :class:`BadCursor`."""
    wanted = select(Conversation).where(
        Conversation.head_id == Conversation.id,
        Conversation.last_message_at.is_not(None),
        visible(viewer),
        *_conditions(viewer, asked),
    )
    waiting = sort == "waiting"
    at = Conversation.waiting_since if waiting else Conversation.last_message_at
    ordered: Select[Conversation] = in_time(
        wanted.where(at.is_not(None)), at, Conversation.id, after, newest_first=not waiting
    )
    rows = db.scalars(ordered.limit(size + 1)).all()
    return cut(rows, size, lambda row: _cursor(row, row.waiting_since if waiting else row.last_message_at))


def _cursor(row: Conversation, at: datetime | None) -> str:
    assert at is not None, "the list holds only rows with this time"
    return cursor_at(at, row.id)


def _conditions(viewer: Agent, asked: ConversationsAsked) -> Sequence[ColumnElement[bool]]:
    equal = {
        Conversation.status: asked.status,
        Conversation.owner: asked.owner,
        Conversation.last_channel_id: asked.channel,
        Conversation.escalated: asked.escalated,
    }
    made = [column == value for column, value in equal.items() if value is not None]
    made += [in_view(asked.view, viewer)] if asked.view else []
    made += [_whose(viewer, asked.assignee.strip())] if asked.assignee else []
    made += [_of_team(viewer, asked.team.strip())] if asked.team else []
    return [*made, *_beside(asked)]


def _beside(asked: ConversationsAsked) -> Sequence[ColumnElement[bool]]:
    """What another table knows."""
    made: list[ColumnElement[bool]] = []
    if asked.label is not None:
        made.append(Conversation.id.in_(carrying(asked.label)))
    if asked.customer is not None:
        made.append(Conversation.id.in_(select(Own.head_id).where(Own.customer_id == asked.customer)))
    if asked.updated_since is not None:
        first = select(Event.id).where(Event.at >= asked.updated_since).order_by(Event.at, Event.id).limit(1)
        made.append(Conversation.last_event_id >= first.scalar_subquery())
    return made


def _whose(viewer: Agent, assignee: str) -> ColumnElement[bool]:
    if assignee == "none":
        return Conversation.assignee_id.is_(None)
    return Conversation.assignee_id == (viewer.id if assignee == "me" else int(assignee))


def _of_team(viewer: Agent, team: str) -> ColumnElement[bool]:
    if team == "none":
        return Conversation.team_id.is_(None)
    mine = select(TeamMember.team_id).where(TeamMember.agent_id == viewer.id)
    return Conversation.team_id.in_(mine) if team == "me" else Conversation.team_id == int(team)
