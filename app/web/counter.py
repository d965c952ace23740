"""The counter page: made for a phone in the hand of shop staff. They see whom they look up, and no more."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app import counter, rates, tasks
from app.auth.headers import ALWAYS, policy
from app.conflicts import OVERTAKEN, overtaken
from app.counter import Note
from app.db import reading, transaction
from app.inbox import Refused
from app.models import Agent, Channel
from app.queries import NotFound
from app.render import zone_of
from app.web import pane as panes
from app.web.pages import client_id, number, page, partial, path_id, text, with_form
from app.web.rows import sign_of
from app.web.task_rows import task_rows

LOOKED, PER = 60, 300  # look-ups of one person in that many seconds
CAMERA = ALWAYS["permissions-policy"].replace("camera=()", "camera=(self)")
READING = "; script-src 'self' 'wasm-unsafe-eval'"  # what reads codes where the browser cannot is WebAssembly
STORES = (
    "Ask an admin to add a store under Settings, Channels, and to choose it for you under People and teams."
)


def index(request: Request) -> Response:
    """The page; ``?store=`` for who may stand at any."""
    viewer: Agent = request.state.viewer
    with reading() as db:
        store = counter.store_for(db, viewer, number(request.query_params.get("store")))
        shown = {
            "store": store,
            "stores": counter.stores(db) if viewer.serves else (),
            "door": counter.sign_of(db, store) if store else None,
            **_work(db, viewer),
        }
        response = page(request, "counter/index.html", area="counter", **shown)
    response.headers["permissions-policy"] = CAMERA
    response.headers["content-security-policy"] = policy(request.headers.get("host", "")) + READING
    return response


def look_up(request: Request, form: FormData) -> Response:
    """Who a name, a number or a card names."""
    viewer: Agent = request.state.viewer
    if rates.hit(f"counter:{viewer.id}", LOOKED, PER):
        raise Refused("That were many look-ups in a short time. Wait a few minutes.", status=429)
    card, read = text(form, "card").strip(), bool(text(form, "read"))
    typed = text(form, "q").strip()
    with transaction() as db:
        store = _store(db, request, form)
        owner = counter.by_card(db, viewer, card or typed)
        if owner is not None:
            return _card(db, request, store, owner.token, card or typed, read)
        found = [] if card else counter.look_up(db, viewer, typed)
        if not found and counter.is_card(typed):
            card, typed = typed, ""
        return partial(
            request, "counter/_found.html", found=found, typed=typed, card=card, read=read, store=store
        )


def visitor(request: Request, form: FormData) -> Response:
    """The card of whom was chosen, with the form; without a ``token`` somebody new."""
    with transaction() as db:
        store = _store(db, request, form)
        card, read = text(form, "card").strip(), bool(text(form, "read"))
        return _card(db, request, store, text(form, "token"), card, read, text(form, "name"))


def _card(
    db: Session, request: Request, store: Channel, token: str, card: str, read: bool, name: str = ""
) -> Response:
    viewer: Agent = request.state.viewer
    known = counter.open_card(db, viewer, token) if token else None
    return partial(
        request, "counter/_card.html", known=known, store=store, card=card, read=read, called=name,
        times=counter.usual_times(db, store),
        ways=[(one.id, sign_of(one)) for one in known.channels] if known else (),
    )  # fmt: skip


def note(request: Request, form: FormData) -> Response:
    """Note the visit. The same ``client_id`` again notes nothing anew: where somebody else was faster, it is noted once
    more beside what they did."""
    try:
        return _noted(request, form)
    except OVERTAKEN as error:
        if not overtaken(error):
            raise
        return _noted(request, form)


def _noted(request: Request, form: FormData) -> Response:
    viewer: Agent = request.state.viewer
    with transaction() as db:
        store = _store(db, request, form)
        token = text(form, "token")
        who = counter.opened(db, viewer, token) if token else None
        noted = counter.note(db, viewer, store, who, _note(db, request, form))
        db.flush()
        return partial(request, "counter/_noted.html", noted=noted, **_work(db, viewer))


def _note(db: Session, request: Request, form: FormData) -> Note:
    given = client_id(form)
    if not given:
        raise Refused("The note came without its number. Reload the page and note it again.")
    promised = text(form, "promised")
    way = number(text(form, "way"))
    return Note(
        client_id=given,
        asked=text(form, "asked"),
        answered=text(form, "answered"),
        promised=promised,
        name=text(form, "name"),
        card=text(form, "card"),
        card_read=bool(text(form, "read")),
        due_at=_due(request, form) if promised.strip() else None,
        kind=tasks.TELL if text(form, "kind") == tasks.TELL else tasks.PROMISE,
        words=text(form, "words"),
        channel=db.get(Channel, way) if way else None,
        at=panes.local_time(text(form, "at"), zone_of(request.state.viewer)),
    )


def _due(request: Request, form: FormData) -> datetime:
    chosen = text(form, "when")
    typed = text(form, "local") if chosen == "own" else chosen
    at = panes.local_time(typed, zone_of(request.state.viewer))
    if at is None:
        raise Refused("Choose until when it is to be done.")
    return at


def _store(db: Session, request: Request, form: FormData) -> Channel:
    store = counter.store_for(db, request.state.viewer, number(text(form, "store")))
    if store is None:
        raise Refused(STORES)
    return store


def finish(request: Request) -> Response:
    """Work of the store is done."""
    return _settle(request, done=True)


def reopen(request: Request) -> Response:
    """It was not done after all."""
    return _settle(request, done=False)


def _settle(request: Request, *, done: bool) -> Response:
    viewer: Agent = request.state.viewer
    with transaction() as db:
        task = tasks.task_for(db, viewer, path_id(request))
        if viewer.serves:
            raise NotFound("counter")  # they have a page of their own for it
        (tasks.finish if done else tasks.reopen)(db, viewer, task)
        db.flush()
        return partial(request, "counter/_work.html", **_work(db, viewer))


def _work(db: Session, viewer: Agent) -> dict[str, Any]:
    """What the store has to do, and what the viewer noted last."""
    undone = () if viewer.serves else tasks.find(db, viewer, "mine", size=20).rows
    return {"work": task_rows(db, viewer, undone), "notes": counter.own_notes(db, viewer)}


routes = [
    Route("/counter", index, methods=["GET"]),
    Route("/counter/lookup", with_form(look_up), methods=["POST"]),
    Route("/counter/visitor", with_form(visitor), methods=["POST"]),
    Route("/counter/notes", with_form(note), methods=["POST"]),
    Route("/counter/tasks/{id:int}/completion", finish, methods=["POST"]),
    Route("/counter/tasks/{id:int}/completion", reopen, methods=["DELETE"]),
]
