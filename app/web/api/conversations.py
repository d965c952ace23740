"""Conversations: listed, looked up, and followed."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta
from sqlalchemy import select

from app import queries
from app.api import shapes, threads
from app.api.kinds import Id, Time
from app.api.shapes import ConversationShape, EventShape, Owner, Status
from app.directory.conversations import ConversationsAsked, find_conversations
from app.directory.paging import by_id
from app.family import family_ids
from app.models import Conversation, Event
from app.web.api.framework import Call, Page, PageQuery, endpoint

View = Literal["mine", "unassigned", "teams", "open", "bot", "snoozed", "resolved"]
Somebody = Annotated[str, Meta(pattern="^(me|none|[1-9][0-9]{0,17})$", description="An id, `me` or `none`")]


class ConversationFilter(PageQuery):
    """Which conversations: all that are given must hold."""

    view: Annotated[View, Meta(description="As in the inbox")] | None = None
    sort: Annotated[
        Literal["newest", "waiting"], Meta(description="The last message first, or the longest waiting")
    ] = "newest"
    status: Status | None = None
    owner: Annotated[Owner, Meta(description="Who answers: the bot or people")] | None = None
    assignee: Somebody | None = None
    team: Somebody | None = None
    label: Annotated[Id, Meta(description="The id of a label it carries")] | None = None
    channel: Annotated[Id, Meta(description="The channel of the last message")] | None = None
    customer: Annotated[Id, Meta(description="Whose thread is shown in it")] | None = None
    escalated: bool | None = None
    updated_since: Annotated[Time, Meta(description="With an event at or after this time")] | None = None


@endpoint("GET", "/conversations", scope="conversations:read", tag="Conversations")
def list_conversations(call: Call, query: ConversationFilter) -> Page[ConversationShape]:
    """List conversations, the one written in last first.

    Those your agent may see, with at least one message. To follow everything that changes, read the events.
    """
    asked = ConversationsAsked(
        view=query.view,
        status=query.status,
        owner=query.owner,
        assignee=query.assignee,
        team=query.team,
        label=query.label,
        channel=query.channel,
        customer=query.customer,
        escalated=query.escalated,
        updated_since=query.updated_since,
    )
    rows = find_conversations(
        call.db, call.agent, asked, sort=query.sort, after=query.after, size=query.limit
    )
    return Page(threads.conversations(call.db, call.agent, rows.rows), rows.after)


@endpoint("GET", "/conversations/{conversation_id}", scope="conversations:read", tag="Conversations")
def get_conversation(call: Call, conversation_id: int) -> ConversationShape:
    """One conversation.

    Of one that is shown in another (their customers were linked) you get that other one.
    """
    return threads.conversation(call.db, call.agent, found(call, conversation_id))


def found(call: Call, conversation_id: int) -> Conversation:
    """The conversation, as far as the token's agent may see it. Raises `NotFound`."""
    return queries.conversation_for(call.db, call.agent, conversation_id)


@endpoint("GET", "/conversations/{conversation_id}/events", scope="conversations:read", tag="Conversations")
def list_events_of_conversation(call: Call, conversation_id: int, query: PageQuery) -> Page[EventShape]:
    """What happened to a conversation, the oldest first."""
    ids = family_ids(call.db, found(call, conversation_id))
    wanted = select(Event).where(Event.conversation_id.in_(ids))
    rows = by_id(call.db, wanted, Event.id, query.after, query.limit)
    return Page([shapes.event(row) for row in rows.rows], rows.after)
