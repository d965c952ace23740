"""What is said in a conversation: read page by page, answered, noted, sent again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta
from sqlalchemy import select

from app import approved, inbox, queries, visitors
from app.api import threads
from app.api.kinds import Given, Id, Seen, Shape
from app.api.shapes import MessageShape
from app.approved import MAX_VALUE, Ready
from app.db import reading
from app.directory.paging import BadCursor, cursor_at, moment_after
from app.inbox.messages import by_client_id
from app.inbox.participants import MOST_COPIES
from app.inbox.receiving import MAX_TEXT
from app.inbox.ways import route
from app.models import Attachment
from app.models.consent import SERVICE
from app.web.api.conversations import found
from app.web.api.framework import Call, Problem, endpoint
from channels.base import Participant

TAG = "Messages"
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
ClientId = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=64,
        pattern="^[!-~]+$",
        description="A number of your own for the message, such as a UUID: the same again changes nothing",
    ),
]
Attached = Annotated[
    list[Id], Meta(max_length=10, description="Files you have uploaded before, by their ids")
]


class ThreadPageShape(Shape):
    """A part of a thread, the oldest message first. `older` and `newer`, given back as `before` and `after`, ask
    for what lies that way; null: there is no more, or it was not looked for."""

    items: list[MessageShape]
    older: str | None
    newer: str | None


class ThreadQuery(Given):
    """Which part of the thread: the newest, or what lies before or after a place, or around a message."""

    before: Annotated[str, Meta(max_length=200, description="The `older` of another page")] | None = None
    after: (
        Annotated[
            str, Meta(max_length=200, description="The `newer` of another page; `start`: from the first on")
        ]
        | None
    ) = None
    around: Annotated[Id, Meta(description="A message of this thread")] | None = None
    limit: Annotated[int, Meta(ge=2, le=100, description="How many at most")] = 40


class CopyIn(Given):
    """Somebody else who is to get an answer."""

    address: Annotated[str, Meta(min_length=3, max_length=320)]
    name: Annotated[str, Meta(max_length=200)] = ""
    role: Literal["to", "cc", "bcc"] = "cc"


class TemplateIn(Given):
    """A template that the platform has approved, by its name and language there, with a value for each of its
    variables."""

    name: Annotated[str, Meta(min_length=1, max_length=600)]
    language: Annotated[str, Meta(min_length=1, max_length=20)]
    values: Annotated[
        dict[Annotated[str, Meta(max_length=80)], Annotated[str, Meta(max_length=MAX_VALUE)]],
        Meta(max_length=50),
    ] = {}


class ReplyIn(Given):
    """An answer to the customer. `channel_id`: the way it goes; null: the way the customer wrote last. `identity_id`:
    which of their addresses it goes to; null: the one they wrote from last. What the customer wrote after `seen` is
    neither answered nor read by it; null: everything is. `copies` and
    `subject` are for channels that have them: mail. Without a subject it is that of what is answered. `template` goes
    instead of a text, and may go where the time to answer is over."""

    text: Text = ""
    attachment_ids: Attached = []
    quick_replies: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=100)]], Meta(max_length=20)
    ] = []
    copies: Annotated[list[CopyIn], Meta(max_length=MOST_COPIES)] = []
    subject: Annotated[str, Meta(max_length=300)] = ""
    template: TemplateIn | None = None
    channel_id: Id | None = None
    identity_id: Id | None = None
    quotes: (
        Annotated[Id, Meta(description="A message that the customer wrote this way, to be quoted")] | None
    ) = None
    purpose: Annotated[
        str,
        Meta(
            max_length=40, description="What it is for: `service`, `notices`, `marketing` or one of your own"
        ),
    ] = SERVICE
    client_id: ClientId | None = None
    resolve: Annotated[
        bool, Meta(description="Resolve the case with it, unless the customer has written since `seen`")
    ] = False
    seen: Seen = None


class NoteIn(Given):
    """A note that only we can see."""

    text: Text = ""
    attachment_ids: Attached = []
    client_id: ClientId | None = None


@endpoint("GET", "/conversations/{conversation_id}/messages", scope="conversations:read", tag=TAG)
def list_messages(call: Call, conversation_id: int, query: ThreadQuery) -> ThreadPageShape:
    """A page of a thread.

    Without `before`, `after` or `around` the newest one. Of linked customers you get the messages of all, in order.
    """
    if len([1 for one in (query.before, query.after, query.around) if one is not None]) > 1:
        raise Problem(422, "Give one of before, after and around.", field="query.after", code="validation")
    head = found(call, conversation_id)
    around = None
    if query.around is not None:
        around, its_head = queries.message_for(call.db, call.agent, query.around)
        if its_head.id != head.id:
            raise queries.NotFound(query.around)
    after = "" if query.after == "start" else _place(query.after, "after")
    before = _place(query.before, "before")
    page = queries.thread_page(call.db, head, before=before, after=after, around=around, size=query.limit)
    items = threads.messages(call.db, page.messages)
    return ThreadPageShape(items, _cursor(page.older), _cursor(page.newer))


def _place(cursor: str | None, name: str) -> str | None:
    """A cursor of ours, free of what an address would have to escape, as the one the thread is cut by."""
    try:
        at = moment_after(cursor)
    except BadCursor as bad:
        sentence = "This is no cursor of this list."
        raise Problem(422, sentence, field=f"query.{name}", code="validation") from bad
    return f"{at[0].isoformat()}|{at[1]}" if at else None


def _cursor(mark: str | None) -> str | None:
    at = queries.place_of(mark)
    return cursor_at(*at) if at else None


@endpoint("GET", "/messages/{message_id}", scope="conversations:read", tag=TAG)
def get_message(call: Call, message_id: int) -> MessageShape:
    """One message, with its files and what became of its sending."""
    message, _ = queries.message_for(call.db, call.agent, message_id)
    return threads.message(call.db, message)


def _ready(call: Call, conversation_id: int, body: ReplyIn) -> Ready | None:
    """The template that is to go, filled in; None where there is none, or it was sent already."""
    if body.template is None:
        return None
    if body.text:
        raise Problem(
            422, "A template has its own words: give no text.", field="body.text", code="validation"
        )
    with reading() as db:
        head = queries.conversation_for(db, call.agent, conversation_id)
        if body.client_id and by_client_id(db, head, body.client_id):
            return None
        _, channel = route(
            db, head, body.channel_id, template=True, purpose=body.purpose, to=body.identity_id
        )
    template = approved.chosen(channel, body.template.name, body.template.language)
    return approved.filled(template, body.template.values)


@endpoint(
    "POST",
    "/conversations/{conversation_id}/replies",
    scope="conversations:write",
    tag=TAG,
    status=201,
    first=_ready,
)
def create_reply(call: Call, conversation_id: int, body: ReplyIn) -> MessageShape:
    """Answer the customer.

    Your agent takes the conversation over from the bot with it. What is answered is on its way: look at the
    `delivery` of the message, or follow the events, to learn what became of it. 409 while somebody else is
    answering, where a file was sent before, or where `identity_id` is no way to this customer. A draft of these very
    words goes with it, any other stays.
    """
    head = found(call, conversation_id)
    ready: Ready | None = call.brought
    message = inbox.reply(
        call.db,
        call.agent,
        head,
        ready.text if ready else body.text,
        body.client_id or _made_up(),
        channel_id=body.channel_id,
        to=body.identity_id,
        attachments=_attachments(call, body.attachment_ids),
        quick_replies=body.quick_replies,
        others=[Participant(one.address, one.name, one.role) for one in body.copies],
        subject=body.subject,
        template=ready.template if ready else None,
        quotes=body.quotes,
        purpose=body.purpose,
        version=inbox.version_saying(call.db, call.agent, head, body.text),
        seen=body.seen,
    )
    visitors.mark_if_gone(call.db, message)
    if body.resolve:
        inbox.resolve_with(call.db, call.agent, head, message, body.seen)
    return threads.message(call.db, message)


@endpoint("POST", "/conversations/{conversation_id}/notes", scope="conversations:write", tag=TAG, status=201)
def create_note(call: Call, conversation_id: int, body: NoteIn) -> MessageShape:
    """Write a note that only we can see."""
    head = found(call, conversation_id)
    message = inbox.note(
        call.db,
        call.agent,
        head,
        body.text,
        body.client_id or _made_up(),
        attachments=_attachments(call, body.attachment_ids),
        version=inbox.version_saying(call.db, call.agent, head, body.text),
    )
    return threads.message(call.db, message)


@endpoint("POST", "/messages/{message_id}/retry", scope="conversations:write", tag=TAG)
def retry_message(call: Call, message_id: int) -> MessageShape:
    """Send again what failed, or what we do not know to have arrived. 409 for anything else."""
    message, head = queries.message_for(call.db, call.agent, message_id)
    inbox.retry(call.db, call.agent, head, message)
    return threads.message(call.db, message)


def _made_up() -> str:
    return str(uuid.uuid4())


def _attachments(call: Call, ids: Sequence[int]) -> Sequence[Attachment]:
    """Files that this agent uploaded."""
    if not ids:
        return ()
    mine = select(Attachment).where(Attachment.id.in_(ids), Attachment.agent_id == call.agent.id)
    files = call.db.scalars(mine.order_by(Attachment.id)).all()
    if len(files) != len(set(ids)):
        raise Problem(422, "There is no such file of yours.", field="body.attachment_ids", code="validation")
    return files
