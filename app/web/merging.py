"""“Same person?”: finding the other customer, seeing what would come together, bringing them together and apart."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import inbox, queries
from app.db import reading, transaction
from app.directory import persons
from app.family import conversation_of
from app.inbox import attributes
from app.inbox.contradicting import members
from app.inbox.merging import ONE_ALREADY
from app.matching import told
from app.models import Agent, Channel, Conversation, Customer, Identity
from app.queries import NotFound
from app.suggestions import for_customer
from app.web.conversations import found
from app.web.noting import Noting
from app.web.pages import done, number, partial, path_id, text, with_form, words
from app.web.pane import addresses
from app.web.rows import signs

AUDIT = "/settings/audit"
SUGGESTED = 3  # shown in the panel


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
        noted = Noting(attributes.attributes(db), request.state.viewer.locale)
        shown = persons.preview(db, head, other, under_theirs=under)
        suggested = "suggested" in request.query_params
        channels = db.scalars(select(Channel)).all()
        known_by = [addresses(channels, one.identities) for one in (shown.ours, shown.theirs)]
        given: dict[str, Any] = {
            "preview": shown,
            "suggested": suggested,
            "noted": noted,
            "addresses": known_by,
            "count_to": persons.COUNT_TO,
        }
        return partial(request, "inbox/_merge_preview.html", head=head, **given)


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
        made, head = persons.link_for(db, request.state.viewer, path_id(request))
        inbox.unmerge(db, request.state.viewer, made)
    return _undone(request, head, words(request, "Undone. Each has their own conversation again."))


def _undone(request: Request, head: Conversation, sentence: str) -> Response:
    """Where it was undone from, or the conversation it was about."""
    back = urlsplit(request.headers.get("hx-current-url", "")).path
    return done(request, AUDIT if back == AUDIT else f"/inbox/{head.id}", sentence)


def suggestions(request: Request) -> Response:
    """Who may be the same person, as far as the viewer may see them."""
    with reading() as db:
        return _suggestions(db, request, *found(db, request))


def _suggestions(db: Session, request: Request, viewer: Agent, head: Conversation) -> Response:
    likely = for_customer(db, db.get_one(Customer, head.customer_id))
    seen = {
        one.conversation.id
        for one in persons.candidates_of(db, viewer, [one.conversation.id for one in likely])
    }
    shown = [
        (one, [(told(viewer.locale, each), each.against) for each in one.reasons])
        for one in likely
        if one.conversation.id in seen
    ]
    return partial(request, "inbox/_suggestions.html", head=head, likely=shown[:SUGGESTED])


def keep_apart(request: Request) -> Response:
    """The two are not the same person: remembered, and not suggested again."""
    with transaction() as db:
        viewer, head = found(db, request)
        other = _other(db, viewer, request)
        one, two = (db.get_one(Customer, each.customer_id) for each in (head, other))
        inbox.keep_apart(db, viewer, two, one)
        db.flush()
        return _suggestions(db, request, viewer, head)


def separable(request: Request) -> Response:
    """Which addresses of a customer may be taken out."""
    with reading() as db:
        _, head = found(db, request)
        theirs = persons.identities(db, [one.id for one in members(db, head)])
        able = persons.separable(theirs)
        shown = addresses(db.scalars(select(Channel)).all(), able)
        return partial(request, "inbox/_separate.html", head=head, identities=able, addresses=shown)


def separate(request: Request, form: FormData) -> Response:
    """Take an address (``identity``) out of the customer; the page goes on where it stands now."""
    with transaction() as db:
        viewer, head = found(db, request)
        identity = db.get(Identity, number(text(form, "identity")) or 0)
        if identity is None or identity.customer_id not in [one.id for one in members(db, head)]:
            raise NotFound("identity")
        made = inbox.split(db, viewer, identity, reason=text(form, "reason"))
        new = conversation_of(db, made.to_id)
    sentence = "The address has a conversation of its own now. This can be undone at any time."
    return done(request, f"/inbox/{new.id}", words(request, sentence))


def find_owner(request: Request) -> Response:
    """Where one looks for whose message it is: what ``?q=`` names."""
    query = request.query_params.get("q", "")[:200]
    with reading() as db:
        viewer: Agent = request.state.viewer
        message, head = queries.message_for(db, viewer, path_id(request))
        named = persons.candidates(db, viewer, head, query)
        return partial(
            request,
            "inbox/_move.html",
            message=message,
            query=query,
            found=named,
            signs=signs(db, {one.conversation.last_channel_id for one in named}),
        )


def move(request: Request, form: FormData) -> Response:
    """Let the message stand with another customer; the page stays where it was."""
    with transaction() as db:
        viewer: Agent = request.state.viewer
        message, head = queries.message_for(db, viewer, path_id(request))
        other = _other(db, viewer, request)
        inbox.move(db, viewer, message, db.get_one(Customer, other.customer_id), reason=text(form, "reason"))
    return done(request, f"/inbox/{head.id}", words(request, "Moved. This can be undone at any time."))


def put_back(request: Request) -> Response:
    """Undo a separation or a move."""
    with transaction() as db:
        made, head = persons.relocation_for(db, request.state.viewer, path_id(request))
        inbox.put_back(db, request.state.viewer, made)
    return _undone(request, head, words(request, "Undone. It is back where it came from."))


def _other(db: Session, viewer: Agent, request: Request) -> Conversation:
    return queries.conversation_for(db, viewer, path_id(request, "other"))


routes = [
    Route("/conversations/{id:int}/merging", find, methods=["GET"]),
    Route("/conversations/{id:int}/merging/{other:int}", preview, methods=["GET"]),
    Route("/conversations/{id:int}/merging/{other:int}", with_form(merge), methods=["POST"]),
    Route("/conversations/{id:int}/suggestions", suggestions, methods=["GET"]),
    Route("/conversations/{id:int}/keeping-apart/{other:int}", keep_apart, methods=["POST"]),
    Route("/conversations/{id:int}/separating", separable, methods=["GET"]),
    Route("/conversations/{id:int}/separating", with_form(separate), methods=["POST"]),
    Route("/messages/{id:int}/moving", find_owner, methods=["GET"]),
    Route("/messages/{id:int}/moving/{other:int}", with_form(move), methods=["POST"]),
    Route("/links/{id:int}", undo, methods=["DELETE"]),
    Route("/relocations/{id:int}", put_back, methods=["DELETE"]),
]
