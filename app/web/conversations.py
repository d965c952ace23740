"""Parts of an open conversation: older messages, what was missed, and what the viewer has in hand in it."""

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app import inbox, queries
from app.db import reading, transaction
from app.models import Agent, Conversation, Customer
from app.render import zone_of
from app.web import pane as panes
from app.web.entries import entries
from app.web.envelopes import others
from app.web.frames import missed
from app.web.pages import number, partial, path_id, text, with_form
from app.web.touched import interleaved


def found(db: Session, request: Request) -> tuple[Agent, Conversation]:
    """The viewer and the conversation of the path, as far as they may see it (else 404)."""
    viewer: Agent = request.state.viewer
    return viewer, queries.conversation_for(db, viewer, path_id(request))


def older(request: Request) -> Response:
    """The page of messages before a cursor, or after one."""
    with reading() as db:
        viewer, head = found(db, request)
        asked = request.query_params
        page = queries.thread_page(db, head, before=asked.get("before"), after=asked.get("after"))
        cursors = {"before": asked.get("before"), "after": asked.get("after")}
        drawn = interleaved(db, head, page, entries(db, page.messages, zone_of(viewer)), **cursors)
    return partial(
        request,
        "inbox/_entries.html",
        entries=drawn,
        older=page.older,
        newer=page.newer,
        conversation_id=head.id,
        first_unread=0,
    )


def changes(request: Request) -> Response:
    """What happened after an event, as the frames the socket would have brought."""
    with reading() as db:
        viewer, head = found(db, request)
        frames = missed(db, viewer, head, number(request.query_params.get("after")) or 0)
    if frames is None:
        return JSONResponse({"reload": True, "frames": []})
    return JSONResponse({"frames": frames})


def header(request: Request) -> Response:
    with reading() as db:
        viewer, head = found(db, request)
        return partial(request, "inbox/_header.html", pane=panes.header(db, viewer, head))


def panel(request: Request) -> Response:
    with reading() as db:
        viewer, head = found(db, request)
        return partial(request, "inbox/_panel.html", pane=panes.panel(db, viewer, head))


def reaches(request: Request) -> Response:
    """How each way reaches the customer now."""
    with reading() as db:
        viewer, head = found(db, request)
        return partial(request, "inbox/_reaches.html", pane=panes.ways(db, viewer, head))


def lock(request: Request) -> Response:
    """Who is answering, if it is somebody else."""
    with reading() as db:
        viewer, head = found(db, request)
        return partial(request, "inbox/_lock.html", lock_name=panes.lock_holder(db, viewer, head))


def claim_lock(request: Request, form: FormData) -> Response:
    """ "I am answering": claimed, renewed, or (``take``) taken over."""
    with transaction() as db:
        viewer, head = found(db, request)
        inbox.claim_lock(db, viewer, head, take=bool(text(form, "take")))
        holder = panes.lock_holder(db, viewer, head)
    return partial(request, "inbox/_lock.html", lock_name=holder)


def read(request: Request) -> Response:
    """Everything there is has been read."""
    with transaction() as db:
        inbox.mark_read(db, *found(db, request))
    return Response(status_code=204)


def draft(request: Request, form: FormData) -> Response:
    """Keep what is typed; answers with the version kept."""
    with transaction() as db:
        viewer, head = found(db, request)
        kept = inbox.save_draft(
            db,
            viewer,
            head,
            text(form, "text"),
            kind="note" if text(form, "kind") == "note" else "outbound",
            channel_id=number(text(form, "channel_id")),
            version=number(text(form, "version")) or 0,
            others=others(form),
            subject=text(form, "subject") if "subject" in form else None,
            quotes=number(text(form, "quotes")),
            drafted=number(text(form, "drafted")),
            returned=bool(text(form, "returned")),
        )
    return JSONResponse({"version": kept.version})


def customer(request: Request, form: FormData) -> Response:
    """What we note about the customer; answers with what of it is on the screen now."""
    with transaction() as db:
        viewer, head = found(db, request)
        known, wanted = db.get_one(Customer, head.customer_id), inbox.Profile(note=text(form, "note"))
        inbox.edit_customer(db, viewer, known, wanted, seen=text(form, "seen"))
        return partial(request, "inbox/_note_seen.html", seen=inbox.note_version(known))


def _at(part: str, get: object = None, post: object = None) -> list[Route]:
    path = f"/conversations/{{id:int}}/{part}"
    made = [Route(path, get, methods=["GET"])] if callable(get) else []
    return made + ([Route(path, post, methods=["POST"])] if callable(post) else [])


routes = [
    *_at("messages", older),
    *_at("changes", changes),
    *_at("header", header),
    *_at("panel", panel),
    *_at("reaches", reaches),
    *_at("lock", lock, with_form(claim_lock)),
    *_at("read", post=read),
    *_at("draft", post=with_form(draft)),
    *_at("customer", post=with_form(customer)),
]
