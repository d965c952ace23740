"""The state of a conversation as resources one creates or deletes: assignment, handover, closure, snooze,
escalation, labels."""

from collections.abc import Callable

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import inbox
from app.db import transaction
from app.inbox import Refused
from app.models import Agent, Conversation, Label, Team
from app.queries import NotFound
from app.render import zone_of
from app.web import pane as panes
from app.web.conversations import found
from app.web.pages import number, partial, path_id, text, with_form

Verb = Callable[[Session, Agent, Conversation], object]


def _header(request: Request, verb: Verb) -> Response:
    """Do it, and answer with the header as it is now."""
    with transaction() as db:
        viewer, head = found(db, request)
        verb(db, viewer, head)
        db.flush()
        return partial(request, "inbox/_header.html", pane=panes.header(db, viewer, head))


def assign(request: Request, form: FormData) -> Response:
    """To a person (``agent_id``) or a team (``team_id``); ``?was=``: whose it was when that was chosen."""
    was = _was(request)
    agent_id, team_id = number(text(form, "agent_id")), number(text(form, "team_id"))

    def to(db: Session, viewer: Agent, head: Conversation) -> None:
        team = db.get(Team, team_id) if team_id else None
        assignee = db.get(Agent, agent_id) if agent_id else None
        if team is None and assignee is None:
            raise Refused("Choose who should have this conversation.")
        inbox.assign(db, viewer, head, assignee, team, keep_team=team is None, was=was)

    return _header(request, to)


def unassign(request: Request) -> Response:
    was = _was(request)
    return _header(
        request, lambda db, viewer, head: inbox.assign(db, viewer, head, None, None, keep_team=False, was=was)
    )


def _was(request: Request) -> int | None:
    return number(request.query_params.get("was", ""))


def take_over(request: Request) -> Response:
    epoch = _epoch(request)
    return _header(request, lambda db, viewer, head: inbox.take_over(db, viewer, head, epoch=epoch))


def hand_back(request: Request) -> Response:
    """``?seen=`` as for :func:`close`."""
    epoch, seen = _epoch(request), number(request.query_params.get("seen", ""))
    return _header(
        request, lambda db, viewer, head: inbox.hand_back(db, viewer, head, epoch=epoch, seen=seen)
    )


def _epoch(request: Request) -> int | None:
    """``?epoch=``: whose the conversation was when the button was drawn; a press that arrives late changes nothing."""
    return number(request.query_params.get("epoch", ""))


def close(request: Request, form: FormData) -> Response:
    """``seen``: the newest event that was seen on the page; what the customer wrote after it is looked at first."""
    seen = number(text(form, "seen"))
    return _header(request, lambda db, viewer, head: inbox.resolve(db, viewer, head, seen=seen))


def reopen(request: Request) -> Response:
    return _header(request, inbox.reopen)


def snooze(request: Request, form: FormData) -> Response:
    """Until a time: an ISO time, or one of the viewer's own zone. ``seen`` as for :func:`close`."""
    given = text(form, "until") or text(form, "local")
    until = panes.local_time(given, zone_of(request.state.viewer))
    if until is None:
        raise Refused("Choose a time in the future to snooze until.")
    seen = number(text(form, "seen"))
    return _header(request, lambda db, viewer, head: inbox.snooze(db, viewer, head, until, seen=seen))


def wake(request: Request) -> Response:
    return _header(request, lambda db, viewer, head: inbox.wake(db, head, viewer))


def escalate(request: Request, form: FormData) -> Response:
    """Before the supervisors, with a type and a reason."""
    kind, reason = text(form, "type"), text(form, "reason")
    return _header(request, lambda db, viewer, head: inbox.escalate(db, head, kind, reason, agent=viewer))


def put_label(request: Request, form: FormData) -> Response:
    return _labelled(request, number(text(form, "label_id")), put=True)


def remove_label(request: Request) -> Response:
    return _labelled(request, path_id(request, "label"), put=False)


def _labelled(request: Request, label_id: int | None, *, put: bool) -> Response:
    with transaction() as db:
        viewer, head = found(db, request)
        label = db.get(Label, label_id) if label_id else None
        if label is None:
            raise NotFound(label_id)
        if put:
            inbox.put_label(db, head, label, agent=viewer)
        else:
            inbox.remove_label(db, head, label, agent=viewer)
        db.flush()
        return partial(request, "inbox/_panel.html", pane=panes.panel(db, viewer, head))


def _resource(name: str, post: object, delete: object = None) -> list[Route]:
    path = f"/conversations/{{id:int}}/{name}"
    made = [Route(path, post, methods=["POST"])] if callable(post) else []
    return made + ([Route(path, delete, methods=["DELETE"])] if callable(delete) else [])


routes = [
    *_resource("assignment", with_form(assign), unassign),
    *_resource("handover", take_over, hand_back),
    *_resource("closure", with_form(close), reopen),
    *_resource("snooze", with_form(snooze), wake),
    *_resource("escalation", with_form(escalate)),
    *_resource("labels", with_form(put_label)),
    *_resource("labels/{label:int}", None, remove_label),
]
