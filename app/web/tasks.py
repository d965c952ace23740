"""Tasks: the list of what is to be done, and what is done with one, from the list or from a thread."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import connect, inbox, queries, tasks
from app.db import now, reading, transaction
from app.inbox import Refused
from app.models import Agent, Attachment, Channel, Conversation, Message, Task, Team
from app.models.agent import STORE
from app.queries import NotFound
from app.render import zone_of
from app.tasks import Change, Doer, Telling
from app.web import pane as panes
from app.web.conversations import found
from app.web.pages import Badges, done, number, page, partial, path_id, text, with_form
from app.web.task_rows import promises, task_rows
from app.web.ways import ways_of

PAGE = "page"  # `?place=`: the answer is the list of the page, not the section of a thread


def index(request: Request) -> Response:
    """The list."""
    with reading() as db:
        viewer: Agent = request.state.viewer
        badges = Badges(tasks=tasks.due_count(db, viewer))
        return page(request, "tasks/index.html", area="tasks", badges=badges, **_listed(db, request))


def listed(request: Request) -> Response:
    """The list alone: as it is now, or the page after a cursor."""
    with reading() as db:
        piece = "tasks/_rows.html" if "after" in request.query_params else "tasks/_list.html"
        return partial(request, piece, **_listed(db, request))


def _listed(db: Session, request: Request) -> dict[str, Any]:
    viewer: Agent = request.state.viewer
    view = request.query_params.get("view") or "mine"
    view = view if view in tasks.VIEWS else "mine"
    try:
        shown = tasks.find(db, viewer, view, request.query_params.get("after"))
    except tasks.BadCursor:
        shown = tasks.find(db, viewer, view)
    return {
        "view": view,
        "views": tasks.VIEWS,
        "rows": task_rows(db, viewer, shown.rows),
        "after": shown.after,
        "at": now(),
    }


# --- from a thread ------------------------------------------------------------------------------------


def begin(request: Request) -> Response:
    """The form of a new one: ``?message=`` it comes from, ``?text=`` what was typed as a note."""
    with reading() as db:
        viewer, head = found(db, request)
        message = _message(db, viewer, head, request.query_params.get("message"))
        said = request.query_params.get("text", "")[: tasks.MAX_TEXT]
        return _form(db, request, head, None, message, said)


def create(request: Request, form: FormData) -> Response:
    """A new one, of the thread."""
    with transaction() as db:
        viewer, head = found(db, request)
        tasks.add(
            db,
            head,
            text(form, "what"),
            _time(form, zone_of(viewer)),
            viewer,
            kind=text(form, "kind"),
            message=_message(db, viewer, head, text(form, "message")),
            telling=_telling(db, form),
            **_named(db, form),
        )
        db.flush()
        return _section(db, request, head)


def _named(db: Session, form: FormData) -> dict[str, Any]:
    doer = _doer(db, form)
    return {"assignee": doer.assignee, "team": doer.team, "store": doer.store}


def _message(db: Session, viewer: Agent, head: Conversation, given: str | None) -> Message | None:
    """The message named, if it stands in this thread."""
    wanted = number(given)
    if wanted is None:
        return None
    message, shown_in = queries.message_for(db, viewer, wanted)
    if shown_in.id != head.id:
        raise NotFound(wanted)
    return message


# --- with one -----------------------------------------------------------------------------------------


def edit(request: Request) -> Response:
    """The form of one there is."""
    with reading() as db:
        task, head = _found(db, request)
        message = db.get(Message, task.message_id) if task.message_id else None
        return _form(db, request, head, task, message, task.text)


def save(request: Request, form: FormData) -> Response:
    """What of it is different."""
    with transaction() as db:
        viewer: Agent = request.state.viewer
        task, _ = _found(db, request)
        wanted = Change(
            text=text(form, "what"),
            due_at=_time(form, zone_of(viewer)),
            kind=text(form, "kind"),
            doer=_doer(db, form),
            telling=_telling(db, form),
        )
        tasks.change(db, viewer, task, wanted)
        return _answer(db, request, task)


def finish(request: Request) -> Response:
    """It is done."""
    with transaction() as db:
        task, _ = _found(db, request)
        tasks.finish(db, request.state.viewer, task)
        return _answer(db, request, task)


def reopen(request: Request) -> Response:
    """It was not done after all."""
    with transaction() as db:
        task, _ = _found(db, request)
        tasks.reopen(db, request.state.viewer, task)
        return _answer(db, request, task)


def telling(request: Request) -> Response:
    """What the customer would be told, and by which way, before it is sent."""
    with reading() as db:
        task, head = _opened(db, request)
        viewer, place = request.state.viewer, request.query_params.get("place", "")
        ways = ways_of(db, viewer, head, whose=tasks.asked_by(db, task))
        way = next((one for one in ways if task.channel_id in (None, one.channel_id)), None)
        unread = queries.unread(db, viewer, [head])[head.id] if place == PAGE else 0
        last = db.get(Message, head.last_message_id) if unread and head.last_author == "customer" else None
        shown = unread == 0 or (unread == 1 and last is not None and _is_whole(db, head, last))
        return partial(
            request, "tasks/_telling.html", row=task_rows(db, viewer, [task])[0], way=way, place=place,
            seen=head.last_event_id if shown else inbox.read_to(db, viewer, head),
            unread=head.last_preview if last else "",
        )  # fmt: skip


def _is_whole(db: Session, head: Conversation, message: Message) -> bool:
    """Whether the line that the list shows of it is all there is of it."""
    files = select(Attachment.id).filter_by(message_id=message.id)
    return message.text.strip() == head.last_preview and db.scalar(files.limit(1)) is None


def tell(request: Request, form: FormData) -> Response:
    """Send it, and be done; with ``edit`` it becomes a draft of the thread instead, and the thread opens."""
    with transaction() as db:
        task, head = _opened(db, request)
        viewer: Agent = request.state.viewer
        if text(form, "edit"):
            tasks.prepare(db, viewer, task, text(form, "words"))
            return done(request, f"/inbox/{head.id}")
        to, seen = number(text(form, "to")), number(text(form, "seen"))
        tasks.tell(db, viewer, task, text(form, "words"), to=to, seen=seen)
        return _answer(db, request, task)


def _found(db: Session, request: Request) -> tuple[Task, Conversation]:
    task = tasks.task_for(db, request.state.viewer, path_id(request))
    return task, tasks.heads_of(db, [task])[task.id]


def _opened(db: Session, request: Request) -> tuple[Task, Conversation]:
    """The task and its thread, for who may see that as well."""
    task, head = _found(db, request)
    return task, queries.conversation_for(db, request.state.viewer, head.id)


def _answer(db: Session, request: Request, task: Task) -> Response:
    """The list of the page, or the section of the thread, as it is now."""
    db.flush()
    if request.query_params.get("place") == PAGE:
        return partial(request, "tasks/_list.html", **_listed(db, request))
    return _section(db, request, tasks.heads_of(db, [task])[task.id])


def _section(db: Session, request: Request, head: Conversation) -> Response:
    shown = promises(db, request.state.viewer, head)
    return partial(request, "inbox/_tasks.html", promises=shown)


# --- the form -----------------------------------------------------------------------------------------


def _form(
    db: Session, request: Request, head: Conversation, task: Task | None, message: Message | None, said: str
) -> Response:
    viewer: Agent = request.state.viewer
    people = select(Agent).where(Agent.active.is_(True), Agent.role != STORE).order_by(Agent.name)
    channels = db.scalars(select(Channel).where(Channel.enabled).order_by(Channel.id)).all()
    return partial(
        request,
        "tasks/_form.html",
        head=head,
        task=task,
        message=message,
        said=said,
        people=db.scalars(people).all(),
        teams=db.scalars(select(Team).order_by(Team.name)).all(),
        stores=[one for one in channels if connect.features(one).counter],
        ways=ways_of(db, viewer, head) if _sees(db, viewer, head) else (),
        times=tasks.usual_times(db, zone_of(viewer)),
        place=request.query_params.get("place", ""),
        view=request.query_params.get("view", ""),
    )


def _sees(db: Session, viewer: Agent, head: Conversation) -> bool:
    return queries.may_see(viewer, queries.teams_of(db, viewer), head.team_id, head.assignee_id)


def _time(form: FormData, zone: ZoneInfo) -> datetime:
    """One of the usual times, or an own one by the clock of `zone`. Raises :class:`Refused`."""
    chosen = text(form, "when")
    at = panes.local_time(text(form, "local") if chosen in ("", "own") else chosen, zone)
    if at is None:
        raise Refused("Choose until when it is to be done.")
    return at


def _doer(db: Session, form: FormData) -> Doer:
    """``whose``: a letter for what it is, and its number."""
    given = text(form, "whose")
    named = number(given[1:])
    kinds: dict[str, Any] = {"a": Agent, "t": Team, "s": Channel}
    found = db.get(kinds[given[0]], named) if named and given[0] in kinds else None
    if found is None:
        raise Refused("Choose who is to do it.")
    return Doer(**{{"a": "assignee", "t": "team", "s": "store"}[given[0]]: found})


def _telling(db: Session, form: FormData) -> Telling:
    way = number(text(form, "way"))
    return Telling(text(form, "words"), db.get(Channel, way) if way else None)


routes = [
    Route("/tasks", index, methods=["GET"]),
    Route("/tasks/list", listed, methods=["GET"]),
    Route("/tasks/{id:int}", edit, methods=["GET"]),
    Route("/tasks/{id:int}", with_form(save), methods=["POST"]),
    Route("/tasks/{id:int}/completion", finish, methods=["POST"]),
    Route("/tasks/{id:int}/completion", reopen, methods=["DELETE"]),
    Route("/tasks/{id:int}/telling", telling, methods=["GET"]),
    Route("/tasks/{id:int}/telling", with_form(tell), methods=["POST"]),
    Route("/conversations/{id:int}/tasks/new", begin, methods=["GET"]),
    Route("/conversations/{id:int}/tasks", with_form(create), methods=["POST"]),
]
