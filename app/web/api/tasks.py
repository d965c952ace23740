"""`/tasks`: what is to be done for customers, and by when."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated, Literal, TypeVar

from msgspec import UNSET, Meta, UnsetType

from app import inbox, queries, tasks
from app.api import shapes
from app.api.kinds import Given, Id, Time
from app.api.shapes import TaskKind, TaskShape
from app.models import Agent, Channel, Conversation, Message, Task, Team
from app.tasks import Change, Doer, Telling
from app.web.api.conversations import found
from app.web.api.framework import Call, Page, PageQuery, endpoint
from app.web.api.lists import page_of, wrong

TAG = "Tasks"
READ, WRITE = "conversations:read", "conversations:write"
Text = Annotated[str, Meta(min_length=1, max_length=tasks.MAX_TEXT)]
Words = Annotated[str, Meta(max_length=tasks.MAX_WORDS)]


class TaskFilter(PageQuery):
    """Which tasks: your agent's own, their teams', all they may see, or those that are done."""

    view: Literal["mine", "teams", "all", "done"] = "mine"


class TaskIn(Given):
    """What is to be done. Without `assignee_id`, `team_id` or `store_id` (a channel) it is your agent's own work.

    `words` is what to tell the customer, on `channel_id`, for the kind `tell`; `message_id` is what it came from.
    """

    text: Text
    due_at: Time
    kind: TaskKind = "other"
    assignee_id: Id | None = None
    team_id: Id | None = None
    store_id: Id | None = None
    message_id: Id | None = None
    words: Words = ""
    channel_id: Id | None = None


class TaskChange(Given):
    """What of it is to be different; what is left out stays. Given to somebody else by `assignee_id`, `team_id` or
    `store_id`, it is no more the work of whoever had it."""

    text: Text | UnsetType = UNSET
    due_at: Time | UnsetType = UNSET
    kind: TaskKind | UnsetType = UNSET
    assignee_id: Id | UnsetType = UNSET
    team_id: Id | UnsetType = UNSET
    store_id: Id | UnsetType = UNSET
    words: Words | UnsetType = UNSET
    channel_id: Id | UnsetType | None = UNSET


@endpoint("GET", "/tasks", scope=READ, tag=TAG)
def list_tasks(call: Call, query: TaskFilter) -> Page[TaskShape]:
    """Tasks, the first due first; of those that are done, the last one first."""
    return page_of(tasks.find(call.db, call.agent, query.view, query.after, query.limit), shapes.task)


@endpoint("GET", "/tasks/{task_id}", scope=READ, tag=TAG)
def get_task(call: Call, task_id: int) -> TaskShape:
    """One task."""
    return shapes.task(_found(call, task_id))


@endpoint("POST", "/conversations/{conversation_id}/tasks", scope=WRITE, tag=TAG, status=201)
def add_task(call: Call, conversation_id: int, body: TaskIn) -> TaskShape:
    """Something to be done for this customer. 422 where its time is over, or whoever is to do it is nobody."""
    head = found(call, conversation_id)
    doer = _doer(call, body)
    channel = _named(call, Channel, "channel_id", body.channel_id)
    made = tasks.add(
        call.db,
        head,
        body.text,
        body.due_at.astimezone(UTC),
        call.agent,
        doer.assignee,
        kind=body.kind,
        team=doer.team,
        store=doer.store,
        message=_message(call, head.id, body.message_id),
        telling=Telling(body.words, channel),
    )
    return shapes.task(made)


@endpoint("PATCH", "/tasks/{task_id}", scope=WRITE, tag=TAG, matched=True)
def change_task(call: Call, task_id: int, body: TaskChange) -> TaskShape:
    """Change it. 409 where it is done."""
    task = _found(call, task_id)
    inbox.hold(call.db, call.db.get_one(Conversation, task.conversation_id))
    call.db.refresh(task)
    call.must_match(shapes.task(task))
    wanted = Change(
        text=body.text or None,
        due_at=body.due_at.astimezone(UTC) if body.due_at else None,
        kind=body.kind or None,
        doer=_doer(call, body) or None,
        telling=_telling(call, task, body),
    )
    tasks.change(call.db, call.agent, task, wanted)
    return shapes.task(task)


@endpoint("PUT", "/tasks/{task_id}/completion", scope=WRITE, tag=TAG)
def finish_task(call: Call, task_id: int) -> TaskShape:
    """It is done."""
    task = _found(call, task_id)
    tasks.finish(call.db, call.agent, task)
    return shapes.task(task)


@endpoint("DELETE", "/tasks/{task_id}/completion", scope=WRITE, tag=TAG)
def reopen_task(call: Call, task_id: int) -> TaskShape:
    """It was not done after all."""
    task = _found(call, task_id)
    tasks.reopen(call.db, call.agent, task)
    return shapes.task(task)


def _found(call: Call, task_id: int) -> Task:
    return tasks.task_for(call.db, call.agent, task_id)


def _doer(call: Call, body: TaskIn | TaskChange) -> Doer:
    return Doer(
        _named(call, Agent, "assignee_id", body.assignee_id or None),
        _named(call, Team, "team_id", body.team_id or None),
        _named(call, Channel, "store_id", body.store_id or None),
    )


def _telling(call: Call, task: Task, body: TaskChange) -> Telling | None:
    if body.words is UNSET and body.channel_id is UNSET:
        return None
    channel_id = task.channel_id if body.channel_id is UNSET else body.channel_id
    words = task.words if body.words is UNSET else body.words
    return Telling(words, _named(call, Channel, "channel_id", channel_id))


Noun = TypeVar("Noun", Agent, Team, Channel)


def _named(call: Call, kind: type[Noun], field: str, id: int | None) -> Noun | None:
    """The row a field names. Raises :class:`Unreadable` where there is none."""
    found = call.db.get(kind, id) if id is not None else None
    if id is not None and found is None:
        raise wrong({field: ("There is nobody and nothing with the number %(id)s.", {"id": id})})
    return found


def _message(call: Call, head_id: int, id: int | None) -> Message | None:
    """The message it came from, if it stands in this thread."""
    if id is None:
        return None
    message, head = queries.message_for(call.db, call.agent, id)
    if head.id != head_id:
        raise wrong({"message_id": ("This message stands in another conversation.", {})})
    return message
