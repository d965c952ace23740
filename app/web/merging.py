"""“Same person?”: finding the other customer, seeing what would come together, bringing them together and apart."""

from __future__ import annotations

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import inbox, queries
from app.db import reading, transaction
from app.directory import persons
from app.family import conversation_of
from app.inbox.merging import ONE_ALREADY
from app.models import Agent, Conversation, Customer, CustomerLink
from app.queries import BIGGEST, NotFound
from app.web.conversations import found
from app.web.pages import done, partial, path_id, text, with_form, words
from app.web.rows import signs


def find(request: Request) -> Response:
    """Where one looks for the other: what ``?q=`` names."""
    with reading() as db:
        viewer, head = found(db, request)
        return _find(db, request, viewer, head)


def _find(db: Session, request: Request, viewer: Agent, head: Conversation, sentence: str = "") -> Response:
    query = request.query_params.get("q", "")[:200]
    named = persons.candidates(db, viewer, head, query)
    return partial(
        request,
        "inbox/_merge_find.html",
        head=head,
        customer=db.get_one(Customer, head.customer_id),
        query=query,
        found=named,
        signs=signs(db, {one.conversation.last_channel_id for one in named}),
        sentence=sentence and words(request, sentence),
    )


def preview(request: Request) -> Response:
    """What would come together; ``?under=theirs`` or ``ours`` says in whose thread."""
    under = {"theirs": True, "ours": False}.get(request.query_params.get("under", ""))
    with reading() as db:
        viewer, head = found(db, request)
        other = _other(db, viewer, request)
        if other.id == head.id:
            return _find(db, request, viewer, head, ONE_ALREADY)
        shown = persons.preview(db, head, other, under_theirs=under)
        return partial(request, "inbox/_merge_preview.html", head=head, preview=shown)


def merge(request: Request, form: FormData) -> Response:
    """Bring them together; the page goes on in the thread they are shown in."""
    with transaction() as db:
        viewer, head = found(db, request)
        other = _other(db, viewer, request)
        below, top = (head, other) if text(form, "under") == "theirs" else (other, head)
        child, parent = (db.get_one(Customer, one.customer_id) for one in (below, top))
        inbox.merge(
            db,
            viewer,
            child,
            parent,
            reason=text(form, "reason"),
            confirmed=bool(text(form, "confirmed")),
            suggested=bool(text(form, "suggested")),
        )
    return done(
        request,
        f"/inbox/{top.id}",
        words(request, "Both are one customer now. This can be undone at any time."),
    )


def undo(request: Request) -> Response:
    """Take a link back; what was said since follows its address."""
    with transaction() as db:
        made, head = link_for(db, request.state.viewer, path_id(request))
        inbox.unmerge(db, request.state.viewer, made)
    back = request.headers.get("hx-current-url", "")
    place = "/settings/audit" if "/settings/audit" in back else f"/inbox/{head.id}"
    return done(request, place, words(request, "Undone. Each has their own conversation again."))


def link_for(db: Session, viewer: Agent, link_id: int) -> tuple[CustomerLink, Conversation]:
    """A link between customers the viewer may see, and the head of the thread it is of. Raises :class:`NotFound`."""
    made = db.get(CustomerLink, link_id) if 0 < link_id < BIGGEST else None
    if made is None:
        raise NotFound(link_id)
    sides = (conversation_of(db, id) for id in (made.parent_id, made.child_id))
    heads = [queries.conversation_for(db, viewer, one.id) for one in sides]
    return made, heads[0]


def _other(db: Session, viewer: Agent, request: Request) -> Conversation:
    return queries.conversation_for(db, viewer, path_id(request, "other"))


routes = [
    Route("/conversations/{id:int}/merging", find, methods=["GET"]),
    Route("/conversations/{id:int}/merging/{other:int}", preview, methods=["GET"]),
    Route("/conversations/{id:int}/merging/{other:int}", with_form(merge), methods=["POST"]),
    Route("/links/{id:int}", undo, methods=["DELETE"]),
]
